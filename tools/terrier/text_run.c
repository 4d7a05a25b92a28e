/* SPDX-License-Identifier: MIT */
#include "terrier.h"

#include "text_run.h"

#include "relay.h"
#include "report.h"
#include "run.h"
#include "scratch.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

static void tell_none(const char *nothing, int wait_status)
{
    if (WIFSIGNALED(wait_status))
        cmd_warn("%s: the program ended by a signal", nothing);
    else
        cmd_warn("%s: the program did not use libgc.so.1 (statically linked, or not a client of "
                 "it), left by _exit, or started several that did",
                 nothing);
}

int cmd_run_for_text(struct cmd_options *options, const char *path, const char *what,
                     const char *nothing,
                     void (*request)(struct cmd_options *options, const char *pattern))
{
    FILE *out = cmd_report_open(path, what);
    cmd_relay_init(); /* from here on there is a folder to remove */
    cmd_scratch_init();
    char *pattern = cmd_format("%s/%%p", cmd_scratch_path());
    request(options, pattern);
    free(pattern);
    struct cmd_outcome outcome = cmd_run_to_end(options);
    char *text = cmd_report_read_any(outcome.pid);
    /* From here on a signal ends terrier as it would any program that writes a file. */
    cmd_scratch_fini();
    cmd_relay_fini();
    signal(SIGPIPE, SIG_IGN); /* a reader that went away must not end us */
    if (text != NULL)
        fputs(text, out);
    else
        tell_none(nothing, outcome.wait_status);
    cmd_report_close(out, path, what);
    free(text);
    cmd_run_tell_signal(options, outcome.wait_status);
    return cmd_child_end_like(&outcome);
}
