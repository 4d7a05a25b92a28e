/* SPDX-License-Identifier: MIT */
/* `terrier run`: one program on Terrier's heap, seen from outside as if it ran alone. */
#include "terrier.h"

#include "child.h"
#include "commands.h"
#include "environment.h"
#include "library.h"
#include "report.h"
#include "scratch.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Signals that people and pipes send to end a program: their sender knows what happened. */
static bool is_ordinary_end(int signal_number)
{
    return signal_number == SIGINT || signal_number == SIGTERM || signal_number == SIGHUP ||
           signal_number == SIGPIPE;
}

static void tell_signal(const struct cmd_options *options, int wait_status)
{
    if (!WIFSIGNALED(wait_status))
        return;
    int signal_number = WTERMSIG(wait_status);
    if (options->report == CMD_REPORT_NONE && is_ordinary_end(signal_number))
        return;
    cmd_warn("'%s' ended by signal %d (%s)%s", options->program[0], signal_number,
             strsignal(signal_number), WCOREDUMP(wait_status) ? ", core dumped" : "");
}

static struct cmd_outcome run_program(const struct cmd_options *options)
{
    char *folder = cmd_library_find_folder();
    struct cmd_environment environment;
    cmd_environment_init(&environment, folder, options->library_options);
    struct cmd_launch launch = {options->program, environment.entries, {-1, -1, -1}};
    struct cmd_outcome outcome = cmd_child_run(&launch);
    cmd_environment_fini(&environment);
    free(folder);
    return outcome;
}

static struct cmd_outcome run_with_report(struct cmd_options *options)
{
    FILE *out = cmd_report_open(options);
    cmd_scratch_init();
    cmd_report_request(options, options->report);
    struct cmd_outcome outcome = run_program(options);
    signal(SIGPIPE, SIG_IGN); /* a reader of the report that went away must not end us */
    cmd_report_write(out, options, &outcome);
    cmd_scratch_fini();
    return outcome;
}

int cmd_run(const struct cmd_command *command, char **arguments)
{
    struct cmd_options options;
    cmd_options_init(&options, command->use, arguments);
    int status = CMD_STATUS_OK;
    if (options.help) {
        cmd_print_help(command);
    } else {
        bool reports = options.report != CMD_REPORT_NONE;
        struct cmd_outcome outcome = reports ? run_with_report(&options) : run_program(&options);
        tell_signal(&options, outcome.wait_status);
        status = cmd_child_end_like(&outcome);
    }
    cmd_options_fini(&options);
    return status;
}
