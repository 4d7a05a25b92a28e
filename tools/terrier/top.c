/* SPDX-License-Identifier: MIT */
/* `terrier top`: looks at a process once a second, and shows it on a whole screen, or line by line
 * where there is no terminal for that. Without a process: which ones answer. */
#include "terrier.h"

#include "call.h"
#include "commands.h"
#include "screen.h"
#include "traced.h"
#include "view.h"
#include "watching.h"

#include "os/os.h"

#include <dirent.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { HEAD_EVERY = 20, MOST_HEAP = 9999 };

struct top {
    pid_t pid;
    double delay;
    unsigned long count; /* looks; 0: no end */
    unsigned heap;
    bool lines;
    struct cmd_call call;
    struct cmd_watching watching;
    const char *notice;
};

/* ---- Looking ---- */

/* False: the process is no more, or hung up. */
static bool ask(struct top *top, enum ter_inquiry_verb verb, enum cmd_answer *answer,
                char text[TER_INQUIRY_ANSWER_BYTES])
{
    const struct ter_inquiry inquiry = {verb, top->heap};
    if (!cmd_call_ask(&top->call, &inquiry, -1))
        return false;
    *answer = cmd_call_hear(&top->call, CMD_CALL_PATIENCE_MS, text);
    return *answer != CMD_ANSWER_GONE;
}

/* An answer that came too late would be taken for the next one. */
static bool call_again(struct top *top)
{
    char *why;
    cmd_call_close(&top->call);
    bool open = cmd_call_open(&top->call, top->pid, &why);
    free(why);
    return open;
}

static bool look_at_kinds(struct top *top)
{
    char text[TER_INQUIRY_ANSWER_BYTES];
    enum cmd_answer answer;
    if (!ask(top, TER_INQUIRY_KINDS, &answer, text))
        return false;
    if (answer == CMD_ANSWER_OK)
        cmd_watching_kinds(&top->watching, text);
    return answer != CMD_ANSWER_NONE || call_again(top);
}

static bool look(struct top *top)
{
    char text[TER_INQUIRY_ANSWER_BYTES];
    enum cmd_answer answer;
    top->notice = NULL;
    if (!ask(top, TER_INQUIRY_FIGURES, &answer, text))
        return false;
    if (answer == CMD_ANSWER_OK) {
        cmd_watching_figures(&top->watching, text);
        top->watching.now.resident_bytes = cmd_traced_resident(top->pid);
    } else if (answer == CMD_ANSWER_NO && top->watching.look_count == 0) {
        cmd_die(CMD_STATUS_FAILED, "process %ld: %s", (long)top->pid, text);
    } else {
        top->notice = "no answer: these figures are not new";
        return answer != CMD_ANSWER_NONE || call_again(top);
    }
    return top->lines || look_at_kinds(top);
}

/* ---- Showing ---- */

static void show_line(const struct top *top, unsigned long number)
{
    if (number % HEAD_EVERY == 0)
        cmd_view_head(stdout);
    cmd_view_line(stdout, &top->watching);
    if (top->notice != NULL)
        cmd_warn("%s", top->notice);
    if (fflush(stdout) != 0)
        exit(CMD_STATUS_FAILED);
}

static bool is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static void show_screen(const struct top *top)
{
    const char *no_colour = getenv("NO_COLOR");
    struct cmd_view view = {.colours = no_colour == NULL || no_colour[0] == '\0',
                            .utf8 = is_utf8(),
                            .notice = top->notice};
    char *text = NULL;
    size_t length = 0;
    cmd_screen_size(&view.columns, &view.rows);
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        cmd_die(CMD_STATUS_FAILED, "out of memory");
    cmd_view_screen(out, &view, &top->watching);
    fclose(out);
    fputs("\033[H", stdout);
    fwrite(text, 1, length, stdout);
    fflush(stdout);
    free(text);
}

static void pause_for(double seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds};
    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

/* Draws anew when the size changes. False: q. */
static bool wait_on_screen(const struct top *top)
{
    uint64_t end_ns = ter_os_now_ns() + (uint64_t)(top->delay * 1e9), now_ns;
    while ((now_ns = ter_os_now_ns()) < end_ns) {
        int key = cmd_screen_key((int)((end_ns - now_ns) / 1000000) + 1);
        if (key == 'q' || key == 'Q')
            return false;
        if (key == 0 && ter_os_now_ns() < end_ns)
            show_screen(top);
    }
    return true;
}

static int watch_lines(struct top *top)
{
    for (unsigned long number = 0; top->count == 0 || number < top->count; number++) {
        if (number > 0)
            pause_for(top->delay);
        if (!look(top))
            break;
        show_line(top, number);
    }
    return CMD_STATUS_OK;
}

static int watch_screen(struct top *top)
{
    unsigned long number = 0;
    bool there = look(top);
    cmd_screen_begin();
    while (there) {
        show_screen(top);
        if (++number == top->count || !wait_on_screen(top))
            break;
        there = look(top);
    }
    cmd_screen_end();
    if (!there)
        printf("Process %ld has ended.\n", (long)top->pid);
    return CMD_STATUS_OK;
}

static int watch(struct top *top)
{
    char *why;
    if (!cmd_call_open(&top->call, top->pid, &why)) {
        cmd_warn("%s", why);
        free(why);
        return CMD_STATUS_FAILED;
    }
    top->watching.pid = top->pid;
    setlocale(LC_CTYPE, "");
    top->lines = top->lines || !cmd_screen_is_there();
    int status = top->lines ? watch_lines(top) : watch_screen(top);
    cmd_call_close(&top->call);
    return status;
}

/* ---- Which ones answer ---- */

static bool list_process(pid_t pid)
{
    struct top top = {.pid = pid, .lines = true};
    char *why, used[16];
    if (!cmd_call_open(&top.call, pid, &why)) {
        free(why);
        return false;
    }
    bool answers = look(&top) && top.watching.look_count > 0;
    cmd_call_close(&top.call);
    if (!answers)
        return false;
    cmd_view_bytes(used, (double)top.watching.now.statistics.used_bytes);
    printf("%8ld %11s  %s\n", (long)pid, used, top.watching.now.program);
    return true;
}

static int list_all(void)
{
    DIR *all = opendir("/proc");
    size_t count = 0;
    if (all == NULL)
        cmd_die(CMD_STATUS_FAILED, "cannot read /proc: %s", strerror(errno));
    for (struct dirent *entry; (entry = readdir(all)) != NULL;) {
        pid_t pid = cmd_call_parse_pid(entry->d_name);
        if (pid != 0 && cmd_traced_may_answer(pid))
            count += list_process(pid);
    }
    closedir(all);
    if (count == 0)
        fputs("No process answers. 'terrier run --live PROGRAM' starts one that does.\n", stdout);
    return CMD_STATUS_OK;
}

/* ---- The command line ---- */

static _Noreturn void die_of(const char *option, const char *value, const char *wanted)
{
    cmd_die(CMD_STATUS_USAGE, "--%s: '%s' is not %s", option, value, wanted);
}

static unsigned long read_whole(const char *option, const char *value, unsigned long least,
                                unsigned long most)
{
    char *end;
    unsigned long number = strtoul(value, &end, 10);
    if (strspn(value, "0123456789") == 0 || *end != '\0' || number < least || number > most)
        die_of(option, value, "a whole number in its range");
    return number;
}

static void apply_delay(struct top *top, const char *option, const char *value)
{
    char *end;
    top->delay = strtod(value, &end);
    if (end == value || *end != '\0' || !(top->delay >= 0.1 && top->delay <= 3600))
        die_of(option, value, "a number of seconds from 0.1 to 3600");
}

static void apply_count(struct top *top, const char *option, const char *value)
{
    top->count = read_whole(option, value, 1, UINT32_MAX);
}

static void apply_heap(struct top *top, const char *option, const char *value)
{
    top->heap = (unsigned)read_whole(option, value, 0, MOST_HEAP);
}

static void apply_lines(struct top *top, const char *option, const char *value)
{
    (void)option;
    (void)value;
    top->lines = true;
}

static const struct row {
    const char *name; /* without the two dashes */
    char letter;      /* the short form, or 0 */
    bool takes_value;
    void (*apply)(struct top *top, const char *option, const char *value);
} option_rows[] = {
    {"delay", 'd', true, apply_delay},
    {"count", 'n', true, apply_count},
    {"heap", 0, true, apply_heap},
    {"lines", 0, false, apply_lines},
};

/* *value: what stands behind an equals sign; NULL: nothing does. */
static bool is_row(const struct row *row, const char *word, const char **value)
{
    size_t length = strlen(row->name);
    *value = NULL;
    if (row->letter != 0 && word[1] == row->letter && word[2] == '\0')
        return true;
    if (strncmp(word, "--", 2) != 0 || strncmp(word + 2, row->name, length) != 0)
        return false;
    if (word[2 + length] == '=')
        *value = word + 2 + length + 1;
    return word[2 + length] == '\0' || (*value != NULL && row->takes_value);
}

static void read_option(struct top *top, char ***at)
{
    const char *word = **at, *value;
    for (size_t i = 0; i < sizeof option_rows / sizeof option_rows[0]; i++) {
        if (!is_row(&option_rows[i], word, &value))
            continue;
        if (option_rows[i].takes_value && value == NULL && (value = (*at)[1]) != NULL)
            ++*at;
        if (option_rows[i].takes_value && value == NULL)
            cmd_die(CMD_STATUS_USAGE, "%s needs a value", word);
        option_rows[i].apply(top, option_rows[i].name, value);
        return;
    }
    cmd_die(CMD_STATUS_USAGE, "unknown option '%s'", word);
}

int cmd_top(const struct cmd_command *command, char **arguments)
{
    struct top top = {.delay = 1};
    for (char **at = arguments; *at != NULL; at++) {
        if (strcmp(*at, "--help") == 0 || strcmp(*at, "-h") == 0) {
            cmd_print_help(command);
            return CMD_STATUS_OK;
        }
        if ((*at)[0] == '-') {
            read_option(&top, &at);
            continue;
        }
        if (top.pid != 0)
            cmd_die(CMD_STATUS_USAGE, "top takes one process");
        top.pid = cmd_call_parse_pid(*at);
        if (top.pid == 0)
            cmd_die(CMD_STATUS_USAGE, "'%s' is no number of a process", *at);
    }
    return top.pid == 0 ? list_all() : watch(&top);
}
