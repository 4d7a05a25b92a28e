/* SPDX-License-Identifier: MIT */
/* `terrier run`: one program on Terrier's heap, seen from outside as if it ran alone. Without a
 * report, page or timeline there is nothing to do when the program has ended, so terrier becomes
 * the program. With one it waits for it. */
#include "terrier.h"

#include "child.h"
#include "commands.h"
#include "environment.h"
#include "library.h"
#include "loaded.h"
#include "page.h"
#include "relay.h"
#include "report.h"
#include "run.h"
#include "scratch.h"
#include "see/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void cmd_run_tell_signal(const struct cmd_options *options, int wait_status)
{
    if (!WIFSIGNALED(wait_status))
        return;
    int signal_number = WTERMSIG(wait_status);
    cmd_warn("'%s' ended by signal %d (%s)%s", options->program[0], signal_number,
             strsignal(signal_number), WCOREDUMP(wait_status) ? ", core dumped" : "");
}

/* Says what keeps the program from Terrier's library. */
static void tell_obstacle(const struct cmd_options *options, char *const *environment,
                          const char *folder)
{
    char *path;
    enum cmd_obstacle obstacle =
        cmd_loaded_obstacle(options->program[0], environment, folder, &path);
    if (obstacle != CMD_OBSTACLE_NONE) {
        char *sentence = cmd_loaded_explain(obstacle, options->program[0], path);
        cmd_warn("%s", sentence);
        free(sentence);
    }
    free(path);
}

static void make_environment(struct cmd_environment *environment, const struct cmd_options *options)
{
    char *folder = cmd_library_find_folder();
    cmd_environment_init(environment, folder, options->library_options);
    if (cmd_loaded_is_doubtful(options->program[0]))
        tell_obstacle(options, environment->entries, folder);
    free(folder);
}

static _Noreturn void become_program(const struct cmd_options *options)
{
    struct cmd_environment environment;
    make_environment(&environment, options);
    execvpe(options->program[0], options->program, environment.entries);
    cmd_child_die_cannot_run(options->program[0], errno);
}

struct cmd_outcome cmd_run_to_end(const struct cmd_options *options)
{
    struct cmd_environment environment;
    make_environment(&environment, options);
    struct cmd_launch launch = {options->program, environment.entries, {-1, -1, -1}, NULL};
    struct cmd_outcome outcome = cmd_child_run(&launch);
    cmd_environment_fini(&environment);
    return outcome;
}

/* A kill may have cut the last write: the library's own file with the program's number, or that of
 * all. Others of many are mended by who adds to them. */
static void mend_timeline(const struct cmd_options *options, pid_t pid)
{
    const char *path = options->timeline_path;
    if (path == NULL)
        return;
    const char *place = strstr(path, "%p");
    char *own = place == NULL ? cmd_format("%s", path)
                              : cmd_format("%.*s%ld%s", (int)(place - path), path, (long)pid,
                                           place + strlen("%p"));
    if (access(own, W_OK) == 0)
        (void)ter_timeline_mend(own);
    free(own);
}

/* The name of recordings in the scratch folder, where reports have process ids for names. */
static const char recording_name[] = "recording";

static void write_page(const struct cmd_options *options, const struct cmd_outcome *outcome,
                       struct cmd_recordings *recordings)
{
    struct cmd_page_run run = {
        .program = options->program, .outcome = outcome, .recordings = *recordings};
    if (options->page_path != NULL)
        cmd_page_write(options->page_path, &run, 1, NULL);
    cmd_recordings_fini(recordings);
}

/* With what is put together from files in the scratch folder. */
static int run_with_scratch(struct cmd_options *options)
{
    struct cmd_recordings recordings = {.count = 0};
    bool reports = options->report != CMD_REPORT_NONE;
    FILE *out = reports ? cmd_report_open(options->report_path, "report") : NULL;
    cmd_relay_init(); /* from here on there is a folder to remove */
    cmd_scratch_init();
    if (reports)
        cmd_report_request(options, options->report);
    if (options->page_path != NULL)
        cmd_recordings_request(options, recording_name);
    struct cmd_outcome outcome = cmd_run_to_end(options);
    mend_timeline(options, outcome.pid);
    if (options->page_path != NULL)
        cmd_recordings_init(&recordings, recording_name);
    if (reports)
        cmd_report_write(out, options, &outcome);
    cmd_scratch_fini();
    cmd_relay_fini();
    write_page(options, &outcome, &recordings);
    cmd_run_tell_signal(options, outcome.wait_status);
    return cmd_child_end_like(&outcome);
}

/* What was there goes, and a bad path is told before the program runs. The library adds to it. */
static void begin_timeline(const struct cmd_options *options)
{
    static const char empty[] = "[\n]\n"; /* of trace events */
    const char *path = options->timeline_path;
    if (path == NULL || strstr(path, "%p") != NULL)
        return; /* each process has its own */
    FILE *out = cmd_report_open(path, "timeline");
    fputs(empty, out);
    if (fclose(out) != 0)
        cmd_die(CMD_STATUS_FAILED, "cannot write the timeline to '%s': %s", path, strerror(errno));
}

/* The library writes to a file of its own beside it, and gives that the name. */
static void check_whole_file(const char *path, const char *what)
{
    if (path == NULL || access(path, W_OK) == 0)
        return;
    char *folder = cmd_format("%.*s", (int)(strrchr(path, '/') - path + 1), path);
    if (access(path, F_OK) == 0 || access(folder, W_OK) != 0)
        cmd_die(CMD_STATUS_FAILED, "cannot write the %s to '%s': %s", what, path, strerror(errno));
    free(folder);
}

static int run_with_timeline(struct cmd_options *options)
{
    cmd_relay_init();
    struct cmd_outcome outcome = cmd_run_to_end(options);
    mend_timeline(options, outcome.pid);
    return cmd_child_end_like(&outcome);
}

static int run_program(struct cmd_options *options)
{
    begin_timeline(options);
    check_whole_file(options->dump_path, "dump");
    check_whole_file(options->profile_path, "profile");
    if (options->page_path != NULL)
        cmd_page_check(options->page_path);
    if (options->report != CMD_REPORT_NONE || options->page_path != NULL)
        return run_with_scratch(options);
    if (options->timeline_path == NULL)
        become_program(options);
    return run_with_timeline(options);
}

int cmd_run(const struct cmd_command *command, char **arguments)
{
    return cmd_with_options(command, arguments, run_program);
}
