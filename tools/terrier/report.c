/* SPDX-License-Identifier: MIT */
/* Putting the two parts of a report together, as text or as JSON. */
#include "terrier.h"

#include "json.h"
#include "relay.h"
#include "report.h"
#include "scratch.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* What was found in the scratch folder. A text is never NULL in `others`. */
struct reports {
    char *own; /* NULL if the program wrote none */
    char **others;
    size_t other_count;
};

void cmd_report_request(struct cmd_options *options, enum cmd_report_form form)
{
    char *pattern = cmd_format("%s/%%p", cmd_scratch_path());
    cmd_options_pass(options, "report", form == CMD_REPORT_JSON ? "json" : "text");
    cmd_options_pass(options, "report_file", pattern);
    free(pattern);
}

char *cmd_report_read(pid_t pid)
{
    char *name = cmd_format("%ld", (long)pid);
    char *text = cmd_scratch_read(name);
    free(name);
    return text;
}

FILE *cmd_report_open(const char *path, const char *what)
{
    if (path == NULL)
        return stderr;
    FILE *out = fopen(path, "we");
    if (out == NULL)
        cmd_die(CMD_STATUS_FAILED, "cannot write the %s to '%s': %s", what, path, strerror(errno));
    return out;
}

static int is_process_id(const struct dirent *entry)
{
    return entry->d_name[strspn(entry->d_name, "0123456789")] == '\0';
}

/* A report that a kill cut short is none: it would spoil the JSON around it. */
static char *read_usable(pid_t pid, enum cmd_report_form form)
{
    char *text = cmd_report_read(pid);
    if (text == NULL || form != CMD_REPORT_JSON || cmd_json_is_whole(text))
        return text;
    cmd_warn("the report of process %ld is not complete", (long)pid);
    free(text);
    return NULL;
}

static void reports_init(struct reports *reports, pid_t pid, enum cmd_report_form form)
{
    struct dirent **entries = NULL;
    int count = scandir(cmd_scratch_path(), &entries, is_process_id, alphasort);
    memset(reports, 0, sizeof *reports);
    if (count < 0)
        return;
    reports->others = cmd_new_array((size_t)count, sizeof reports->others[0]);
    for (int i = 0; i < count; i++) {
        pid_t writer = (pid_t)strtol(entries[i]->d_name, NULL, 10);
        char *text = read_usable(writer, form);
        if (writer == pid)
            reports->own = text;
        else if (text != NULL)
            reports->others[reports->other_count++] = text;
        free(entries[i]);
    }
    free(entries);
}

static void reports_fini(struct reports *reports)
{
    for (size_t i = 0; i < reports->other_count; i++)
        free(reports->others[i]);
    free(reports->others);
    free(reports->own);
}

CMD_PRINTF(3, 4)
static void write_row(FILE *out, const char *name, const char *format, ...)
{
    enum { COLUMN = 46 };
    static const char dots[] = " ..................................";
    va_list arguments;
    int missing = COLUMN - (int)strlen(name);
    fprintf(out, "  %s%.*s ", name, missing > 0 ? missing : 0, dots);
    va_start(arguments, format);
    vfprintf(out, format, arguments);
    va_end(arguments);
    fputc('\n', out);
}

static double milliseconds(uint64_t ns)
{
    return (double)ns * 1e-6;
}

static void write_end_row(FILE *out, int wait_status)
{
    if (WIFSIGNALED(wait_status))
        write_row(out, "ended by signal", "%d (%s)%s", WTERMSIG(wait_status),
                  strsignal(WTERMSIG(wait_status)), WCOREDUMP(wait_status) ? ", core dumped" : "");
    else
        write_row(out, "exit status", "%d", WEXITSTATUS(wait_status));
}

static void write_process_text(FILE *out, const char *program, const struct cmd_outcome *outcome,
                               size_t other_count)
{
    fputs("process\n", out);
    char *name = cmd_escaped(program);
    write_row(out, "program", "%s", name);
    free(name);
    write_row(out, "process id", "%ld", (long)outcome->pid);
    write_end_row(out, outcome->wait_status);
    write_row(out, "wall time", "%.2f ms", milliseconds(outcome->wall_ns));
    write_row(out, "user time", "%.2f ms", milliseconds(outcome->user_ns));
    write_row(out, "system time", "%.2f ms", milliseconds(outcome->system_ns));
    write_row(out, "peak resident memory", "%.1f MiB", (double)outcome->peak_bytes / (1 << 20));
    if (other_count > 0)
        write_row(out, "other processes on this heap", "%zu", other_count);
}

static void write_missing_text(FILE *out, int wait_status)
{
    if (WIFSIGNALED(wait_status))
        fputs("the program ended by a signal before it could write a report on its heap\n", out);
    else
        fputs("the program did not use libgc.so.1 (statically linked, or not a client of it), "
              "or left by _exit: no heap to report on\n",
              out);
}

/* A program that is a script has no heap of its own; if one process behind it has, show that. */
static void write_text(FILE *out, const char *program, const struct cmd_outcome *outcome,
                       const struct reports *reports)
{
    if (reports->own != NULL) {
        fputs(reports->own, out);
    } else {
        write_missing_text(out, outcome->wait_status);
        if (reports->other_count == 1)
            fprintf(out, "a process that it started did:\n%s", reports->others[0]);
    }
    write_process_text(out, program, outcome, reports->other_count);
}

static void write_end_json(FILE *out, int wait_status)
{
    if (WIFSIGNALED(wait_status))
        fprintf(out, "\"exit_status\": null, \"signal\": %d, ", WTERMSIG(wait_status));
    else
        fprintf(out, "\"exit_status\": %d, \"signal\": null, ", WEXITSTATUS(wait_status));
}

static void write_process_json(FILE *out, const char *program, const struct cmd_outcome *outcome)
{
    fputs("{\"program\": ", out);
    cmd_json_write_string(out, program);
    fprintf(out, ", \"pid\": %ld, ", (long)outcome->pid);
    write_end_json(out, outcome->wait_status);
    fprintf(out, "\"wall_ns\": %llu, \"user_ns\": %llu, \"system_ns\": %llu, ",
            (unsigned long long)outcome->wall_ns, (unsigned long long)outcome->user_ns,
            (unsigned long long)outcome->system_ns);
    fprintf(out, "\"peak_resident_bytes\": %llu}", (unsigned long long)outcome->peak_bytes);
}

static void write_object(FILE *out, const char *object)
{
    size_t length = object == NULL ? 0 : strlen(object);
    while (length > 0 && isspace((unsigned char)object[length - 1]))
        length--;
    fprintf(out, "%.*s", length == 0 ? 4 : (int)length, length == 0 ? "null" : object);
}

static void write_json(FILE *out, const char *program, const struct cmd_outcome *outcome,
                       const struct reports *reports)
{
    fputs("{\"process\": ", out);
    write_process_json(out, program, outcome);
    fputs(",\n \"heap\": ", out);
    write_object(out, reports->own);
    fputs(",\n \"other_processes\": [", out);
    for (size_t i = 0; i < reports->other_count; i++) {
        fputs(i == 0 ? "\n  " : ",\n  ", out);
        write_object(out, reports->others[i]);
    }
    fputs("]}\n", out);
}

void cmd_report_close(FILE *out, const char *path, const char *what)
{
    bool failed = ferror(out) != 0 || fflush(out) != 0;
    int error_number = errno;
    if (out != stderr && fclose(out) != 0)
        failed = true;
    if (failed)
        cmd_warn("cannot write the %s to %s: %s", what, path == NULL ? "standard error" : path,
                 strerror(error_number));
}

char *cmd_report_read_any(pid_t pid)
{
    struct reports reports;
    reports_init(&reports, pid, CMD_REPORT_TEXT);
    char **found = reports.own == NULL && reports.other_count == 1 ? reports.others : &reports.own;
    char *text = *found;
    *found = NULL;
    reports_fini(&reports);
    return text;
}

void cmd_report_write(FILE *out, const struct cmd_options *options,
                      const struct cmd_outcome *outcome)
{
    struct reports reports;
    reports_init(&reports, outcome->pid, options->report);
    /* From here on a signal ends terrier as it would any program that writes a file. */
    cmd_scratch_fini();
    cmd_relay_fini();
    signal(SIGPIPE, SIG_IGN); /* a reader of the report that went away must not end us */
    if (options->report == CMD_REPORT_JSON)
        write_json(out, options->program[0], outcome, &reports);
    else
        write_text(out, options->program[0], outcome, &reports);
    reports_fini(&reports);
    cmd_report_close(out, options->report_path, "report");
}
