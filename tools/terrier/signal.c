/* SPDX-License-Identifier: MIT */
/* `terrier signal`: what a program that runs is to do now: collect, dump, report. What it writes
 * goes to a file of this process's, whoever the program is and whatever folder it is in. */
#include "terrier.h"

#include "call.h"
#include "commands.h"
#include "scratch.h"
#include "traced.h"

#include <terrier/options.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *word;
    enum ter_inquiry_verb verb;
} words[] = {{"collect", TER_INQUIRY_COLLECT},
             {"dump", TER_INQUIRY_DUMP},
             {"report", TER_INQUIRY_REPORT_TEXT},
             {"report=json", TER_INQUIRY_REPORT_JSON}};

static bool find_word(const char *text, enum ter_inquiry_verb *verb)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].word, text) == 0) {
            *verb = words[i].verb;
            return true;
        }
    return false;
}

static int fail(char *why)
{
    cmd_warn("%s", why);
    free(why);
    return CMD_STATUS_FAILED;
}

/* ---- Programs that do not answer ---- */

/* What the program was started with; false: its options are wrong or not to be had. */
static bool read_options_of(const struct cmd_traced *traced, struct ter_options *options)
{
    char *text = cmd_traced_variable(traced, "TERRIER_OPTIONS");
    ter_options_init(options);
    bool read = text != NULL && ter_options_parse(options, text, NULL, 0) == TER_OK;
    free(text);
    return read;
}

/* A signal that nobody takes would end the program, so it is not sent. */
static bool dump_by_signal(pid_t pid)
{
    struct cmd_traced traced;
    struct ter_options options;
    char *why = NULL;
    if (!cmd_traced_init(&traced, pid, &why)) {
        free(why);
        return false;
    }
    if (!read_options_of(&traced, &options) || options.dump_signal == 0 ||
        !cmd_traced_catches(&traced, (int)options.dump_signal) ||
        kill(pid, (int)options.dump_signal) != 0)
        return false;
    printf("Process %ld has the signal for a dump; it writes '%s' with a number when it next takes "
           "memory.\n",
           (long)pid, options.dump);
    return true;
}

/* ---- Files ---- */

static char *part_path; /* of the file that is being written; NULL: there is none */

/* Ends as the signal does, and leaves no half of a file. */
static void drop_part(int number)
{
    unlink(part_path);
    signal(number, SIG_DFL);
    raise(number);
}

static void drop_part_on_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (signal(numbers[i], drop_part) == SIG_IGN)
            signal(numbers[i], SIG_IGN);
}

static int dump_into(pid_t pid, const struct ter_inquiry *inquiry, const char *path)
{
    char *part = part_path = cmd_format("%s.part", path), *why = NULL;
    drop_part_on_signals();
    int file = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0)
        cmd_die(CMD_STATUS_FAILED, "cannot write '%s': %s", part, strerror(errno));
    bool done = cmd_call_errand(pid, inquiry, file, &why);
    if (close(file) != 0 || (done && rename(part, path) != 0)) {
        done = false;
        why = cmd_format("cannot write '%s': %s", path, strerror(errno));
    }
    if (!done)
        unlink(part);
    return done ? CMD_STATUS_OK : fail(why);
}

static int dump(pid_t pid, const struct ter_inquiry *inquiry, const char *path)
{
    struct cmd_call call;
    char *usual = cmd_format("terrier-%ld.heapsnapshot", (long)pid), *why = NULL;
    int status = CMD_STATUS_OK;
    if (cmd_call_open(&call, pid, &why)) {
        cmd_call_close(&call);
        status = dump_into(pid, inquiry, path == NULL ? usual : path);
        if (status == CMD_STATUS_OK && path == NULL)
            printf("%s\n", usual);
    } else if (path == NULL && dump_by_signal(pid)) {
        free(why);
    } else {
        status = fail(why);
    }
    free(usual);
    return status;
}

static bool copy_out(int file, FILE *out)
{
    char piece[8192];
    ssize_t count = 0;
    off_t at = 0;
    for (; (count = pread(file, piece, sizeof piece, at)) > 0; at += count)
        if (fwrite(piece, 1, (size_t)count, out) != (size_t)count)
            return false;
    return count == 0;
}

static int report(pid_t pid, const struct ter_inquiry *inquiry, const char *path)
{
    char *why = NULL;
    int file = cmd_scratch_unnamed();
    if (!cmd_call_errand(pid, inquiry, file, &why)) {
        close(file);
        return fail(why);
    }
    FILE *out = path == NULL ? stdout : fopen(path, "we");
    bool done = out != NULL && copy_out(file, out);
    if (path != NULL && out != NULL)
        done = fclose(out) == 0 && done;
    close(file);
    if (!done && path != NULL)
        cmd_die(CMD_STATUS_FAILED, "cannot write '%s': %s", path, strerror(errno));
    return CMD_STATUS_OK;
}

static int collect(pid_t pid, const struct ter_inquiry *inquiry)
{
    char *why = NULL;
    return cmd_call_errand(pid, inquiry, -1, &why) ? CMD_STATUS_OK : fail(why);
}

/* ---- The command ---- */

int cmd_signal(const struct cmd_command *command, char **arguments)
{
    struct ter_inquiry inquiry = {.heap = 0};
    if (arguments[0] != NULL &&
        (strcmp(arguments[0], "--help") == 0 || strcmp(arguments[0], "-h") == 0)) {
        cmd_print_help(command);
        return CMD_STATUS_OK;
    }
    if (arguments[0] == NULL || arguments[1] == NULL ||
        (arguments[2] != NULL && arguments[3] != NULL))
        cmd_die(CMD_STATUS_USAGE, "signal takes a process, what it is to do, and perhaps a file");
    pid_t pid = cmd_call_parse_pid(arguments[0]);
    if (pid == 0)
        cmd_die(CMD_STATUS_USAGE, "'%s' is no number of a process", arguments[0]);
    if (!find_word(arguments[1], &inquiry.verb))
        cmd_die(CMD_STATUS_USAGE, "'%s' is not collect, dump, report or report=json", arguments[1]);
    if (inquiry.verb == TER_INQUIRY_DUMP)
        return dump(pid, &inquiry, arguments[2]);
    if (inquiry.verb != TER_INQUIRY_COLLECT)
        return report(pid, &inquiry, arguments[2]);
    if (arguments[2] != NULL)
        cmd_die(CMD_STATUS_USAGE, "a collection writes no file");
    return collect(pid, &inquiry);
}
