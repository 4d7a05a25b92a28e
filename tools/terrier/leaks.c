/* SPDX-License-Identifier: MIT */
/* `terrier leaks`: one program on Terrier's heap, and what the library says of what grew. The text
 * lies in the scratch folder until the program has ended, as a report does. */
#include "terrier.h"

#include "commands.h"
#include "relay.h"
#include "report.h"
#include "run.h"
#include "scratch.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

/* A growth of a few hundred KiB is seen then. */
#define INTERVAL "16384"

static void request_growth(struct cmd_options *options)
{
    char *pattern = cmd_format("%s/%%p", cmd_scratch_path());
    if (options->values.profile_interval == 0)
        cmd_options_pass(options, "profile_interval", INTERVAL);
    cmd_options_pass(options, "growth", pattern);
    free(pattern);
}

static void write_growth(FILE *out, const struct cmd_options *options, char *growth,
                         int wait_status)
{
    if (growth != NULL)
        fputs(growth, out);
    else if (WIFSIGNALED(wait_status))
        cmd_warn("nothing is known: the program ended by a signal");
    else
        cmd_warn("nothing is known: the program did not use libgc.so.1 (statically linked, or not "
                 "a client of it), left by _exit, or started several that did");
    cmd_report_close(out, options->output_path, "growth");
}

static int run_for_leaks(struct cmd_options *options)
{
    FILE *out = cmd_report_open(options->output_path, "growth");
    cmd_relay_init(); /* from here on there is a folder to remove */
    cmd_scratch_init();
    request_growth(options);
    struct cmd_outcome outcome = cmd_run_to_end(options);
    char *growth = cmd_report_read_any(outcome.pid);
    /* From here on a signal ends terrier as it would any program that writes a file. */
    cmd_scratch_fini();
    cmd_relay_fini();
    signal(SIGPIPE, SIG_IGN); /* a reader that went away must not end us */
    write_growth(out, options, growth, outcome.wait_status);
    free(growth);
    cmd_run_tell_signal(options, outcome.wait_status);
    return cmd_child_end_like(&outcome);
}

int cmd_leaks(const struct cmd_command *command, char **arguments)
{
    return cmd_with_options(command, arguments, run_for_leaks);
}
