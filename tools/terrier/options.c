/* SPDX-License-Identifier: MIT */
/* The table of options, the parser and the help text that follow from it. */
#include "terrier.h"

#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum takes { TAKES_NOTHING, TAKES_PERHAPS, TAKES_VALUE };

enum {
    USE_ALL = CMD_USE_RUN | CMD_USE_COMPARE | CMD_USE_MAP | CMD_USE_LEAKS,
    RUNS_DEFAULT = 5,
    RUNS_MAX = 100000
};
enum { MESSAGE_BYTES = 2 * TER_OPTION_TEXT_BYTES };

struct row {
    const char *name; /* without the two dashes */
    char letter;      /* the short form, or 0 */
    enum takes takes;
    unsigned uses;
    const char *metavar;
    const char *library_name; /* the library's name for it, or NULL */
    void (*apply)(struct cmd_options *options, const struct row *row, char *value);
    const char *help; /* lines of text */
};

static _Noreturn void die_value(const struct row *row, const char *value, const char *wanted)
{
    cmd_die(CMD_STATUS_USAGE, "--%s: '%s' is not %s", row->name, value, wanted);
}

/* A whole decimal number at the start of `text`; false if there is none or it does not fit. */
static bool read_number(const char *text, uint64_t *number, const char **rest)
{
    if (!isdigit((unsigned char)text[0]))
        return false;
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    *number = value;
    *rest = end;
    return errno == 0;
}

/* How far a size's suffix shifts it; -1 if that is no suffix. */
static int suffix_shift(const char *suffix)
{
    static const char letters[] = "KMGT";
    if (suffix[0] == '\0')
        return 0;
    const char *at = strchr(letters, toupper((unsigned char)suffix[0]));
    return at == NULL || suffix[1] != '\0' ? -1 : 10 * (int)(at - letters + 1);
}

static uint64_t read_size(const struct row *row, const char *value)
{
    static const char wanted[] = "a size such as 65536, 512K, 64M or 2G";
    uint64_t number;
    const char *rest;
    if (!read_number(value, &number, &rest) || number == 0)
        die_value(row, value, wanted);
    int shift = suffix_shift(rest);
    if (shift < 0)
        die_value(row, value, wanted);
    if (number > (uint64_t)INT64_MAX >> shift)
        die_value(row, value, "a size that fits into 63 bits");
    return number << shift;
}

static uint64_t read_count(const struct row *row, const char *value, uint64_t max)
{
    uint64_t number;
    const char *rest;
    if (!read_number(value, &number, &rest) || rest[0] != '\0' || number == 0 || number > max) {
        char *wanted = cmd_format("a whole number from 1 to %llu", (unsigned long long)max);
        die_value(row, value, wanted);
    }
    return number;
}

/* Gives the library an option of the command line, if it takes it. */
static void pass_checked(struct cmd_options *options, const struct row *row, const char *name,
                         const char *value)
{
    char message[MESSAGE_BYTES];
    if (ter_options_set(&options->values, name, value, message, sizeof message) != TER_OK)
        cmd_die(CMD_STATUS_USAGE, "--%s: %s", row->name, message);
    cmd_options_pass(options, name, value);
}

static void pass_number(struct cmd_options *options, const struct row *row, uint64_t number)
{
    char *text = cmd_format("%llu", (unsigned long long)number);
    pass_checked(options, row, row->library_name, text);
    free(text);
}

static void apply_report(struct cmd_options *options, const struct row *row, char *value)
{
    if (value == NULL || strcmp(value, "text") == 0)
        options->report = CMD_REPORT_TEXT;
    else if (strcmp(value, "json") == 0)
        options->report = CMD_REPORT_JSON;
    else
        die_value(row, value, "text or json");
}

static void apply_report_file(struct cmd_options *options, const struct row *row, char *value)
{
    if (value[0] == '\0')
        die_value(row, value, "the name of a file");
    options->report_path = value;
}

/* What is seen from any folder that the program goes to. */
static char *absolute_path(const char *path)
{
    char *folder = path[0] == '/' ? NULL : getcwd(NULL, 0);
    char *absolute = folder == NULL ? cmd_format("%s", path) : cmd_format("%s/%s", folder, path);
    free(folder);
    return absolute;
}

/* A file that the library writes to itself. */
static char *pass_file(struct cmd_options *options, const struct row *row, const char *value)
{
    if (value[0] == '\0')
        die_value(row, value, "the name of a file");
    if (strchr(value, ',') != NULL)
        die_value(row, value, "a name without a comma, which ends an option of the library");
    char *path = absolute_path(value);
    pass_checked(options, row, row->library_name, path);
    return path;
}

static void apply_timeline(struct cmd_options *options, const struct row *row, char *value)
{
    free(options->timeline_path);
    options->timeline_path = pass_file(options, row, value);
}

static void apply_page(struct cmd_options *options, const struct row *row, char *value)
{
    if (value[0] == '\0')
        die_value(row, value, "the name of a file");
    options->page_path = value;
}

static void apply_dump(struct cmd_options *options, const struct row *row, char *value)
{
    free(options->dump_path);
    options->dump_path = pass_file(options, row, value);
}

static void apply_profile(struct cmd_options *options, const struct row *row, char *value)
{
    free(options->profile_path);
    options->profile_path = pass_file(options, row, value);
}

/* Those that end or stop nobody who meant another one. */
static const struct {
    const char *name;
    int number;
} signals[] = {{"HUP", SIGHUP},    {"INT", SIGINT},   {"QUIT", SIGQUIT},     {"ALRM", SIGALRM},
               {"USR1", SIGUSR1},  {"USR2", SIGUSR2}, {"TERM", SIGTERM},     {"CONT", SIGCONT},
               {"URG", SIGURG},    {"IO", SIGIO},     {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF},
               {"WINCH", SIGWINCH}};

/* A name with or without SIG, or a number. */
static void apply_dump_signal(struct cmd_options *options, const struct row *row, char *value)
{
    const char *name = strncmp(value, "SIG", 3) == 0 ? value + 3 : value;
    if (isdigit((unsigned char)value[0])) {
        pass_number(options, row, read_count(row, value, UINT32_MAX));
        return;
    }
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (strcmp(signals[i].name, name) == 0) {
            pass_number(options, row, (uint64_t)signals[i].number);
            return;
        }
    die_value(row, value, "a signal, such as USR2 or 12");
}

static void apply_live(struct cmd_options *options, const struct row *row, char *value)
{
    (void)value;
    pass_number(options, row, 1);
}

static void take_map_path(struct cmd_options *options, const struct row *row, char *value)
{
    if (value[0] == '\0')
        die_value(row, value, "the name of a file");
    if (options->map_path != NULL)
        cmd_die(CMD_STATUS_USAGE, "--%s: there is one file already, '%s'", row->name,
                options->map_path);
    options->map_path = value;
}

static void apply_output(struct cmd_options *options, const struct row *row, char *value)
{
    if (value[0] == '\0')
        die_value(row, value, "the name of a file");
    options->output_path = value;
}

static void apply_svg(struct cmd_options *options, const struct row *row, char *value)
{
    take_map_path(options, row, value);
    options->map = CMD_MAP_SVG;
}

static void apply_text(struct cmd_options *options, const struct row *row, char *value)
{
    take_map_path(options, row, value);
    options->map = CMD_MAP_TEXT;
}

static void apply_at(struct cmd_options *options, const struct row *row, char *value)
{
    uint64_t number = strcmp(value, "end") == 0 ? 0 : read_count(row, value, INT64_MAX);
    pass_number(options, row, number);
}

static void apply_width(struct cmd_options *options, const struct row *row, char *value)
{
    pass_number(options, row, read_count(row, value, UINT32_MAX));
}

static void apply_heap_initial(struct cmd_options *options, const struct row *row, char *value)
{
    pass_number(options, row, read_size(row, value));
}

static void apply_profile_interval(struct cmd_options *options, const struct row *row, char *value)
{
    pass_number(options, row, read_size(row, value));
}

static void apply_heap_max(struct cmd_options *options, const struct row *row, char *value)
{
    pass_number(options, row, read_size(row, value));
}

static void apply_count(struct cmd_options *options, const struct row *row, char *value)
{
    pass_number(options, row, read_count(row, value, UINT32_MAX));
}

static void apply_layout(struct cmd_options *options, const struct row *row, char *value)
{
    if (strchr(value, ',') != NULL)
        die_value(row, value, "a layout: there is no comma in one");
    pass_checked(options, row, row->library_name, value);
}

static void apply_option(struct cmd_options *options, const struct row *row, char *value)
{
    size_t name_length = strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (name_length == 0 || value[name_length] != '=' || strchr(value, ',') != NULL)
        die_value(row, value, "NAME=VALUE, in small letters and without a comma");
    if (strncmp(value, "report", strlen("report")) == 0)
        cmd_die(CMD_STATUS_USAGE, "--option: for '%s' use --report and --report-file", value);
    char *name = cmd_format("%.*s", (int)name_length, value);
    pass_checked(options, row, name, value + name_length + 1);
    free(name);
}

static void apply_runs(struct cmd_options *options, const struct row *row, char *value)
{
    options->runs = (unsigned)read_count(row, value, RUNS_MAX);
}

static void apply_json(struct cmd_options *options, const struct row *row, char *value)
{
    (void)row;
    (void)value;
    options->json = true;
}

static void apply_over(struct cmd_options *options, const struct row *row, char *value)
{
    if (value[0] == '\0')
        die_value(row, value, "the name of a program");
    options->base_program = value;
}

static void apply_against(struct cmd_options *options, const struct row *row, char *value)
{
    char message[MESSAGE_BYTES];
    struct ter_options values;
    ter_options_init(&values);
    if (value[0] == '\0')
        die_value(row, value, "NAME=VALUE,NAME=VALUE");
    if (ter_options_parse(&values, value, message, sizeof message) != TER_OK)
        cmd_die(CMD_STATUS_USAGE, "--%s: %s", row->name, message);
    options->against = value;
}

static void apply_watch(struct cmd_options *options, const struct row *row, char *value)
{
    if (value[0] == '\0')
        die_value(row, value, "the name of a file");
    options->watch = value;
}

static void apply_help(struct cmd_options *options, const struct row *row, char *value)
{
    (void)row;
    (void)value;
    options->help = true;
}

static const struct row rows[] = {
    {"report", 0, TAKES_PERHAPS, CMD_USE_RUN, "FORM", NULL, apply_report,
     "write a report on the heap and the process when the\n"
     "program has ended; FORM is text (the default) or json"},
    {"report-file", 0, TAKES_VALUE, CMD_USE_RUN, "PATH", NULL, apply_report_file,
     "write the report there, not to standard error"},
    {"page", 0, TAKES_VALUE, CMD_USE_RUN | CMD_USE_COMPARE, "PATH", NULL, apply_page,
     "write a page with charts to this file (HTML): sizes,\n"
     "collections and pauses over time, what lives, blocks"},
    {"timeline", 0, TAKES_VALUE, CMD_USE_RUN, "PATH", "timeline", apply_timeline,
     "write what takes time to this file, as trace events\n"
     "(JSON), which ui.perfetto.dev and chrome://tracing open"},
    {"dump", 0, TAKES_VALUE, CMD_USE_RUN, "PATH", "dump", apply_dump,
     "write all objects and references to this file when the\n"
     "program ends: a *.heapsnapshot for Chrome's DevTools"},
    {"dump-signal", 0, TAKES_VALUE, CMD_USE_RUN, "SIGNAL", "dump_signal", apply_dump_signal,
     "write one after this signal too (USR2, for instance),\n"
     "to a file of that name with a number in it"},
    {"profile", 0, TAKES_VALUE, CMD_USE_RUN | CMD_USE_LEAKS, "PATH", "profile", apply_profile,
     "write who allocated what, and what of it lives, to this\n"
     "file when the program ends, for pprof and speedscope"},
    {"profile-interval", 0, TAKES_VALUE, CMD_USE_RUN | CMD_USE_LEAKS, "SIZE", "profile_interval",
     apply_profile_interval, "bytes between two samples (512K; leaks: 16K)"},
    {"output", 'o', TAKES_VALUE, CMD_USE_LEAKS, "PATH", NULL, apply_output,
     "write what grew there, not to standard error"},
    {"live", 0, TAKES_NOTHING, CMD_USE_RUN, NULL, "live", apply_live,
     "let 'terrier top', 'signal' and 'why' ask the program\n"
     "while it runs: it gets one more thread"},
    {"runs", 'n', TAKES_VALUE, CMD_USE_COMPARE, "N", NULL, apply_runs,
     "measure N runs on each library (default 5)"},
    {"json", 0, TAKES_NOTHING, CMD_USE_COMPARE, NULL, NULL, apply_json, "print the result as JSON"},
    {"over", 0, TAKES_VALUE, CMD_USE_COMPARE, "PROGRAM", NULL, apply_over,
     "run PROGRAM (no arguments) in every round too and show\n"
     "what is above its own time and memory"},
    {"against", 0, TAKES_VALUE, CMD_USE_COMPARE, "NAME=VALUE,...", NULL, apply_against,
     "compare with Terrier with these options of the library\n"
     "(plan=immix, for instance), not with the library that\n"
     "PROGRAM has"},
    {"watch", 0, TAKES_VALUE, CMD_USE_COMPARE, "OBJECT", NULL, apply_watch,
     "preload OBJECT (bench/watch.so of a build) on both\n"
     "sides: collections, pauses and the library's share of\n"
     "processor time are then measured too"},
    {"svg", 0, TAKES_VALUE, CMD_USE_MAP, "PATH", NULL, apply_svg,
     "write the map as a picture to this file"},
    {"text", 0, TAKES_VALUE, CMD_USE_MAP, "PATH", NULL, apply_text,
     "write it as text there, not to standard error"},
    {"at", 0, TAKES_VALUE, CMD_USE_MAP, "N", "map_at", apply_at,
     "the map after the N-th collection, or that at the end\n"
     "if there were fewer; \"end\" is the default"},
    {"width", 0, TAKES_VALUE, CMD_USE_MAP, "N", "map_width", apply_width,
     "blocks on a line, 16 to 128 (default 64)"},
    {"heap-initial", 0, TAKES_VALUE, USE_ALL, "SIZE", "heap_initial", apply_heap_initial,
     "begin with a heap of SIZE bytes; K, M, G and T may follow"},
    {"heap-max", 0, TAKES_VALUE, USE_ALL, "SIZE", "heap_max", apply_heap_max,
     "never let the heap grow over SIZE bytes"},
    {"stress", 0, TAKES_VALUE, USE_ALL, "N", "stress", apply_count,
     "collect at every N-th allocation"},
    {"free-space-divisor", 0, TAKES_VALUE, USE_ALL, "N", "free_space_divisor", apply_count,
     "more memory for fewer collections with a small N, and\n"
     "the reverse with a large one"},
    {"layout", 0, TAKES_VALUE, USE_ALL, "NAME", "layout", apply_layout,
     "where the heap lies: auto, default, compressed (below\n"
     "32 GiB), small (for tight limits on address space),\n"
     "sanitizer (beside those), 32bit, custom; fields may\n"
     "follow, as in custom:extent=1G:slots=4"},
    {"option", 0, TAKES_VALUE, USE_ALL, "NAME=VALUE", NULL, apply_option,
     "set any option of the library, as listed below"},
    {"help", 'h', TAKES_NOTHING, USE_ALL, NULL, NULL, apply_help, "show this text"},
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

void cmd_options_pass(struct cmd_options *options, const char *name, const char *value)
{
    char *old = options->library_options;
    options->library_options =
        old == NULL ? cmd_format("%s=%s", name, value) : cmd_format("%s,%s=%s", old, name, value);
    free(old);
}

static const struct row *find_long(const char *name, size_t length, enum cmd_use use)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if ((rows[i].uses & (unsigned)use) != 0 && strlen(rows[i].name) == length &&
            strncmp(rows[i].name, name, length) == 0)
            return &rows[i];
    }
    return NULL;
}

static const struct row *find_letter(char letter, enum cmd_use use)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if ((rows[i].uses & (unsigned)use) != 0 && rows[i].letter == letter)
            return &rows[i];
    }
    return NULL;
}

/* The next argument as the option's value; `at` then points to it. */
static char *take_next(char ***at, const char *shown)
{
    if ((*at)[1] == NULL)
        cmd_die(CMD_STATUS_USAGE, "%s needs a value", shown);
    return *++*at;
}

static void parse_long(struct cmd_options *options, enum cmd_use use, char ***at)
{
    char *shown = **at;
    char *name = shown + 2;
    size_t length = strcspn(name, "=");
    char *value = name[length] == '=' ? name + length + 1 : NULL;
    const struct row *row = find_long(name, length, use);
    if (row == NULL)
        cmd_die(CMD_STATUS_USAGE, "unknown option '%s'", shown);
    if (value != NULL && row->takes == TAKES_NOTHING)
        cmd_die(CMD_STATUS_USAGE, "--%s takes no value", row->name);
    if (value == NULL && row->takes == TAKES_VALUE)
        value = take_next(at, shown);
    row->apply(options, row, value);
}

static void parse_short(struct cmd_options *options, enum cmd_use use, char ***at)
{
    char *shown = **at;
    const struct row *row = find_letter(shown[1], use);
    if (row == NULL || (row->takes == TAKES_NOTHING && shown[2] != '\0'))
        cmd_die(CMD_STATUS_USAGE, "unknown option '%s'", shown);
    char *value = NULL;
    if (row->takes == TAKES_VALUE)
        value = shown[2] != '\0' ? shown + 2 : take_next(at, shown);
    row->apply(options, row, value);
}

static char **parse_options(struct cmd_options *options, enum cmd_use use, char **at)
{
    for (; *at != NULL && (*at)[0] == '-' && (*at)[1] != '\0'; at++) {
        if (strcmp(*at, "--") == 0)
            return at + 1;
        if ((*at)[1] == '-')
            parse_long(options, use, &at);
        else
            parse_short(options, use, &at);
    }
    return at;
}

static void check_together(const struct cmd_options *options)
{
    struct ter_options usual;
    ter_options_init(&usual);
    if (options->values.heap_max != 0 && options->values.heap_initial > options->values.heap_max &&
        options->values.heap_initial != usual.heap_initial)
        cmd_die(CMD_STATUS_USAGE, "--heap-initial is larger than --heap-max");
    if (options->program[0] == NULL && !options->help)
        cmd_die(CMD_STATUS_USAGE, "no program to run");
}

/* The library would refuse what is wrong there, when the program has begun. */
static void read_environment(struct cmd_options *options)
{
    const char *environment = getenv("TERRIER_OPTIONS");
    char message[MESSAGE_BYTES];
    if (environment == NULL || environment[0] == '\0')
        return;
    if (ter_options_parse(&options->values, environment, message, sizeof message) != TER_OK)
        cmd_die(CMD_STATUS_USAGE, "TERRIER_OPTIONS: %s", message);
    options->library_options = cmd_format("%s", environment);
}

void cmd_options_init(struct cmd_options *options, enum cmd_use use, char **arguments)
{
    memset(options, 0, sizeof *options);
    ter_options_init(&options->values);
    options->runs = RUNS_DEFAULT;
    read_environment(options);
    options->program = parse_options(options, use, arguments);
    if (options->report_path != NULL && options->report == CMD_REPORT_NONE)
        options->report = CMD_REPORT_TEXT;
    check_together(options);
}

void cmd_options_fini(struct cmd_options *options)
{
    free(options->profile_path);
    free(options->dump_path);
    free(options->timeline_path);
    free(options->library_options);
    options->library_options = NULL;
}

static char *row_heading(const struct row *row)
{
    const char *before = row->takes == TAKES_PERHAPS ? "[=" : row->takes == TAKES_VALUE ? "=" : "";
    const char *after = row->takes == TAKES_PERHAPS ? "]" : "";
    const char *metavar = row->metavar == NULL ? "" : row->metavar;
    char letter[] = {'-', row->letter, ',', ' ', '\0'};
    return cmd_format("  %s--%s%s%s%s", row->letter == 0 ? "" : letter, row->name, before, metavar,
                      after);
}

static void print_row(FILE *out, const struct row *row)
{
    enum { COLUMN = 28 };
    char *heading = row_heading(row);
    bool fits = strlen(heading) < COLUMN;
    int indent = fits ? 0 : COLUMN;
    fprintf(out, "%-*s%s", COLUMN, heading, fits ? "" : "\n");
    free(heading);
    for (const char *line = row->help; line != NULL; indent = COLUMN) {
        size_t length = strcspn(line, "\n");
        fprintf(out, "%*s%.*s\n", indent, "", (int)length, line);
        line = line[length] == '\n' ? line + length + 1 : NULL;
    }
}

void cmd_options_print_help(FILE *out, enum cmd_use use)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if ((rows[i].uses & (unsigned)use) != 0)
            print_row(out, &rows[i]);
    }
}

static void print_library_option(void *context, const char *name, const char *default_value,
                                 const char *help)
{
    fprintf(context, "  %-20s%s%s%s%s\n", name, help, default_value[0] == '\0' ? "" : " (",
            default_value, default_value[0] == '\0' ? "" : ")");
}

void cmd_options_print_library_help(FILE *out)
{
    ter_options_for_each(print_library_option, out);
}
