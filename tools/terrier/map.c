/* SPDX-License-Identifier: MIT */
/* `terrier map`: one program on Terrier's heap, and what the library says of the heap's blocks. The
 * map lies in the scratch folder until the program has ended, as a report does. */
#include "terrier.h"

#include "commands.h"
#include "relay.h"
#include "report.h"
#include "run.h"
#include "scratch.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

static void request_map(struct cmd_options *options)
{
    char *pattern = cmd_format("%s/%%p", cmd_scratch_path());
    cmd_options_pass(options, "map", options->map == CMD_MAP_SVG ? "svg" : "text");
    cmd_options_pass(options, "map_file", pattern);
    free(pattern);
}

static void write_map(FILE *out, const struct cmd_options *options, char *map, int wait_status)
{
    if (map != NULL)
        fputs(map, out);
    else if (WIFSIGNALED(wait_status))
        cmd_warn("no map: the program ended by a signal");
    else
        cmd_warn("no map: the program did not use libgc.so.1 (statically linked, or not a client "
                 "of it), left by _exit, or started several that did");
    cmd_report_close(out, options->map_path, "map");
}

static int run_with_map(struct cmd_options *options)
{
    FILE *out = cmd_report_open(options->map_path, "map");
    cmd_relay_init(); /* from here on there is a folder to remove */
    cmd_scratch_init();
    request_map(options);
    struct cmd_outcome outcome = cmd_run_to_end(options);
    char *map = cmd_report_read_any(outcome.pid);
    /* From here on a signal ends terrier as it would any program that writes a file. */
    cmd_scratch_fini();
    cmd_relay_fini();
    signal(SIGPIPE, SIG_IGN); /* a reader of the map that went away must not end us */
    write_map(out, options, map, outcome.wait_status);
    free(map);
    cmd_run_tell_signal(options, outcome.wait_status);
    return cmd_child_end_like(&outcome);
}

int cmd_map(const struct cmd_command *command, char **arguments)
{
    return cmd_with_options(command, arguments, run_with_map);
}
