/* SPDX-License-Identifier: MIT */
/* `terrier compare`: the same program in turn on the library it has, or on Terrier with other
 * options, and on Terrier.
 *
 * The sides take turns within a round, and every second round the other way round, so that a
 * machine that grows warm or busy does so for both. Measured runs write no report: collections and
 * pauses come from one more run that is not measured. Every run's output and exit status is held
 * against the first run's, which is on the stock library. */
#include "terrier.h"

#include "child.h"
#include "commands.h"
#include "comparison.h"
#include "environment.h"
#include "json.h"
#include "library.h"
#include "loaded.h"
#include "page.h"
#include "relay.h"
#include "report.h"
#include "scratch.h"
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What one run left behind; the files are open and lie in the scratch folder. */
struct capture {
    struct cmd_outcome outcome;
    int output;
    int errors;
};

/* A comparison under way. */
struct bench {
    struct cmd_options *options;
    struct cmd_comparison *comparison;
    const char *library_folder;
    struct cmd_launch sides[CMD_SIDE_COUNT];
    struct cmd_launch base;
    int empty_input;
    struct capture first;
    struct cmd_page_run *shown; /* what a page shows of each side; NULL: there is no page */
};

/* Two open files hold the same bytes. */
static bool same_bytes(int left, int right)
{
    enum { BLOCK_BYTES = 1 << 14 };
    char blocks[2][BLOCK_BYTES];
    for (off_t offset = 0;;) {
        ssize_t count = pread(left, blocks[0], BLOCK_BYTES, offset);
        ssize_t other_count = pread(right, blocks[1], BLOCK_BYTES, offset);
        if (count < 0 || other_count < 0)
            cmd_die(CMD_STATUS_FAILED, "cannot read an output back: %s", strerror(errno));
        if (count != other_count || memcmp(blocks[0], blocks[1], (size_t)count) != 0)
            return false;
        if (count == 0)
            return true;
        offset += count;
    }
}

/* A signal to terrier or an interrupted program ends the whole comparison. */
static void stop_if_asked(int wait_status)
{
    int signal_number = cmd_relay_ending_signal();
    if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGINT)
        signal_number = SIGINT;
    if (signal_number == 0)
        return;
    cmd_scratch_fini();
    cmd_child_die_of(signal_number);
}

static struct capture capture_run(const struct bench *bench, const struct cmd_launch *side,
                                  const char *output_name, const char *errors_name)
{
    struct cmd_launch launch = *side;
    struct capture capture = {
        .output = cmd_scratch_create(output_name),
        .errors = cmd_scratch_create(errors_name),
    };
    launch.files[0] = bench->empty_input;
    launch.files[1] = capture.output;
    launch.files[2] = capture.errors;
    capture.outcome = cmd_child_run(&launch);
    stop_if_asked(capture.outcome.wait_status);
    return capture;
}

static void capture_fini(struct capture *capture)
{
    close(capture->output);
    close(capture->errors);
}

/* Holds a run against the first one. */
static void check_capture(struct bench *bench, enum cmd_side side, const struct capture *capture)
{
    struct cmd_comparison *comparison = bench->comparison;
    if (!same_bytes(bench->first.output, capture->output)) {
        comparison->outputs_differ = true;
        if (side == CMD_SIDE_STOCK)
            comparison->stock_outputs_differ = true;
    }
    if (!same_bytes(bench->first.errors, capture->errors))
        comparison->errors_differ = true;
    if (capture->outcome.wait_status != bench->first.outcome.wait_status) {
        comparison->statuses_differ = true;
        comparison->wait_status[side] = capture->outcome.wait_status;
    }
}

static void outcome_values(const struct cmd_outcome *outcome, double values[CMD_MEASURE_COUNT])
{
    values[CMD_MEASURE_WALL] = (double)outcome->wall_ns * 1e-6;
    values[CMD_MEASURE_CPU] = (double)(outcome->user_ns + outcome->system_ns) * 1e-6;
    values[CMD_MEASURE_PEAK] = (double)outcome->peak_bytes;
    values[CMD_MEASURE_FAULTS] = (double)outcome->page_faults;
}

static void watched_values(const struct cmd_watch_counts *counts, double values[CMD_MEASURE_COUNT])
{
    values[CMD_MEASURE_PAUSE] = counts->longest_ns * 1e-6;
    values[CMD_MEASURE_STOP] = counts->longest_stopped_ns * 1e-6;
    values[CMD_MEASURE_PAUSES] = counts->total_ns * 1e-6;
    values[CMD_MEASURE_COLLECTIONS] = counts->collections;
}

static void run_side(struct bench *bench, enum cmd_side side, double values[CMD_MEASURE_COUNT])
{
    bool watching = bench->options->watch != NULL;
    if (watching)
        cmd_watch_begin(false);
    struct capture capture = capture_run(bench, &bench->sides[side], "output", "errors");
    check_capture(bench, side, &capture);
    outcome_values(&capture.outcome, values);
    if (watching) {
        struct cmd_watch_counts counts = cmd_watch_end();
        watched_values(&counts, values);
    }
    capture_fini(&capture);
}

static void run_base(const struct bench *bench, double values[CMD_MEASURE_COUNT])
{
    if (bench->base.program == NULL)
        return;
    struct capture capture = capture_run(bench, &bench->base, "output", "errors");
    outcome_values(&capture.outcome, values);
    capture_fini(&capture);
}

static void run_round(struct bench *bench, bool terrier_first)
{
    double base[CMD_MEASURE_COUNT] = {0};
    double values[CMD_SIDE_COUNT][CMD_MEASURE_COUNT];
    run_base(bench, base);
    for (int turn = 0; turn < CMD_SIDE_COUNT; turn++) {
        enum cmd_side side = (turn == 0) == terrier_first ? CMD_SIDE_TERRIER : CMD_SIDE_STOCK;
        run_side(bench, side, values[side]);
    }
    for (int side = 0; side < CMD_SIDE_COUNT; side++) {
        for (int i = 0; i < bench->comparison->measures; i++)
            cmd_sample_add(&bench->comparison->samples[side][i], values[side][i] - base[i]);
    }
}

/* The first run on each side: makes caches warm, and is the one to hold others against. */
static void warm_up(struct bench *bench)
{
    struct stat status;
    double values[CMD_MEASURE_COUNT];
    bench->first = capture_run(bench, &bench->sides[CMD_SIDE_STOCK], "first", "first-errors");
    for (int side = 0; side < CMD_SIDE_COUNT; side++)
        bench->comparison->wait_status[side] = bench->first.outcome.wait_status;
    if (fstat(bench->first.output, &status) == 0)
        bench->comparison->output_bytes = (uint64_t)status.st_size;
    run_side(bench, CMD_SIDE_TERRIER, values);
    run_base(bench, values);
}

static void find_figures(struct cmd_comparison *comparison, const char *report)
{
    for (int i = 0; i < CMD_FIGURE_COUNT; i++) {
        char *path = cmd_format("statistics.%s", cmd_figure_name((enum cmd_figure)i));
        comparison->has_figure[i] = cmd_json_find_number(report, path, &comparison->figures[i]);
        free(path);
    }
}

/* One more run on Terrier, with the library's report. */
static void read_figures(struct bench *bench)
{
    struct cmd_comparison *comparison = bench->comparison;
    struct cmd_launch launch = bench->sides[CMD_SIDE_TERRIER];
    struct cmd_environment environment;
    cmd_report_request(bench->options, CMD_REPORT_JSON);
    cmd_environment_init(&environment, bench->library_folder, bench->options->library_options);
    launch.environment = environment.entries;
    struct capture capture = capture_run(bench, &launch, "output", "errors");
    cmd_environment_fini(&environment);
    check_capture(bench, CMD_SIDE_TERRIER, &capture);
    char *report = cmd_report_read(capture.outcome.pid);
    if (report != NULL && cmd_json_is_whole(report))
        find_figures(comparison, report);
    free(report);
    capture_fini(&capture);
}

/* One more run on each side, with the processor sampled. */
static void read_shares(struct bench *bench)
{
    if (bench->options->watch == NULL)
        return;
    for (int side = 0; side < CMD_SIDE_COUNT; side++) {
        cmd_watch_begin(true);
        struct capture capture = capture_run(bench, &bench->sides[side], "output", "errors");
        check_capture(bench, (enum cmd_side)side, &capture);
        bench->comparison->library_share[side] = cmd_watch_end().library_share;
        capture_fini(&capture);
    }
}

/* What the library's options are on a side; free() it. NULL: none. */
static char *options_of(const struct bench *bench, enum cmd_side side)
{
    const char *own = bench->options->library_options, *before = getenv("TERRIER_OPTIONS");
    const char *against = bench->options->against;
    if (side == CMD_SIDE_TERRIER || against == NULL)
        return own == NULL ? NULL : cmd_format("%s", own);
    return before == NULL ? cmd_format("%s", against) : cmd_format("%s,%s", before, against);
}

/* The side's environment, with a recording of that name in the scratch folder. */
static void recorded_environment(const struct bench *bench, enum cmd_side side, const char *name,
                                 struct cmd_environment *environment)
{
    struct cmd_options options = {.library_options = options_of(bench, side)};
    cmd_recordings_request(&options, name);
    cmd_environment_init(environment, bench->library_folder, options.library_options);
    free(options.library_options);
}

static void show_side(struct bench *bench, enum cmd_side side, struct cmd_outcome *outcome)
{
    static const char *const names[CMD_SIDE_COUNT] = {"stock", "terrier"};
    struct cmd_page_run *shown = &bench->shown[side];
    struct cmd_launch launch = bench->sides[side];
    struct cmd_environment environment;
    bool recorded = side == CMD_SIDE_TERRIER || bench->options->against != NULL;
    if (recorded) {
        recorded_environment(bench, side, names[side], &environment);
        launch.environment = environment.entries;
    }
    launch.resident = cmd_resident_new();
    struct capture capture = capture_run(bench, &launch, "output", "errors");
    check_capture(bench, side, &capture);
    *outcome = capture.outcome;
    *shown = (struct cmd_page_run){.title = cmd_comparison_title(bench->comparison, side),
                                   .program = bench->options->program,
                                   .outcome = outcome,
                                   .resident = launch.resident};
    if (recorded) {
        cmd_recordings_init(&shown->recordings, names[side]);
        cmd_environment_fini(&environment);
    }
    capture_fini(&capture);
}

/* One more run on each side, of which the page shows what happened when. */
static void show_sides(struct bench *bench)
{
    static struct cmd_outcome outcomes[CMD_SIDE_COUNT];
    for (int side = 0; side < CMD_SIDE_COUNT && bench->shown != NULL; side++)
        show_side(bench, (enum cmd_side)side, &outcomes[side]);
}

/* With Terrier's folder already in the search path there would be nothing to compare with. */
static void check_search_path(const char *library_folder)
{
    const char *path = getenv("LD_LIBRARY_PATH");
    size_t length = strlen(library_folder);
    for (const char *at = path; at != NULL && *at != '\0';) {
        size_t entry_length = strcspn(at, ":;");
        if (entry_length == length && strncmp(at, library_folder, length) == 0)
            cmd_die(CMD_STATUS_USAGE,
                    "LD_LIBRARY_PATH already names %s, so no run would be on the "
                    "stock library",
                    library_folder);
        at += entry_length + (at[entry_length] != '\0');
    }
}

/* Each side must be what it is called, or two runs on the same library would be compared. */
static void check_sides(const struct bench *bench)
{
    const char *program = bench->options->program[0];
    char *path;
    enum cmd_obstacle obstacle = cmd_loaded_obstacle(
        program, bench->sides[CMD_SIDE_TERRIER].environment, bench->library_folder, &path);
    if (obstacle != CMD_OBSTACLE_NONE) {
        cmd_die(CMD_STATUS_USAGE, "nothing to compare: %s",
                cmd_loaded_explain(obstacle, program, path));
    }
    free(path);
    if (bench->options->against != NULL)
        return;
    path = cmd_loaded_library(program, bench->sides[CMD_SIDE_STOCK].environment);
    if (path != NULL && cmd_library_is_terrier(path))
        cmd_die(
            CMD_STATUS_USAGE,
            "nothing to compare: '%s' loads Terrier's %s by itself%s, so no run would be on the "
            "stock library",
            program, path, getenv("LD_PRELOAD") == NULL ? "" : " or by LD_PRELOAD");
    free(path);
}

static void run_all(struct bench *bench)
{
    bench->empty_input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (bench->empty_input < 0)
        cmd_die(CMD_STATUS_FAILED, "cannot open /dev/null: %s", strerror(errno));
    warm_up(bench);
    for (unsigned i = 0; i < bench->comparison->runs; i++)
        run_round(bench, i % 2 != 0);
    show_sides(bench);
    read_figures(bench);
    read_shares(bench);
    capture_fini(&bench->first);
    close(bench->empty_input);
}

static void comparison_init(struct cmd_comparison *comparison, const struct cmd_options *options)
{
    memset(comparison, 0, sizeof *comparison);
    comparison->program = options->program[0];
    comparison->against = options->against;
    comparison->base_program = options->base_program;
    comparison->runs = options->runs;
    comparison->measures = options->watch == NULL ? CMD_MEASURE_WATCHED : CMD_MEASURE_COUNT;
    for (int side = 0; side < CMD_SIDE_COUNT; side++) {
        comparison->library_share[side] = -1;
        for (int i = 0; i < CMD_MEASURE_COUNT; i++)
            cmd_sample_init(&comparison->samples[side][i], options->runs);
    }
}

static void comparison_fini(struct cmd_comparison *comparison)
{
    for (int side = 0; side < CMD_SIDE_COUNT; side++) {
        for (int i = 0; i < CMD_MEASURE_COUNT; i++)
            cmd_sample_fini(&comparison->samples[side][i]);
    }
}

/* Terrier's side is as the options say; the other one has the environment of terrier itself, or
 * Terrier's library too. */
static void sides_init(struct bench *bench, struct cmd_environment environments[CMD_SIDE_COUNT])
{
    for (int side = 0; side < CMD_SIDE_COUNT; side++) {
        char *options = options_of(bench, (enum cmd_side)side);
        cmd_environment_init(&environments[side], bench->library_folder, options);
        bench->sides[side] = (struct cmd_launch){.program = bench->options->program,
                                                 .environment = environments[side].entries};
        free(options);
    }
    if (bench->options->against == NULL)
        bench->sides[CMD_SIDE_STOCK].environment = environ;
}

/* Measures with the library in `folder` on Terrier's side. */
static void measure(struct cmd_comparison *comparison, struct cmd_options *options,
                    const char *folder, struct cmd_page_run *shown)
{
    char *base[] = {options->base_program, NULL};
    struct cmd_environment environments[CMD_SIDE_COUNT];
    cmd_relay_init(); /* from here on there is a folder to remove */
    cmd_scratch_init();
    if (options->watch != NULL)
        cmd_watch_init(options->watch);
    struct bench bench = {
        .options = options,
        .comparison = comparison,
        .library_folder = folder,
        .base = {.program = options->base_program == NULL ? NULL : base, .environment = environ},
        .shown = shown,
    };
    sides_init(&bench, environments);
    check_sides(&bench);
    run_all(&bench);
    cmd_scratch_fini();
    cmd_relay_fini();
    for (int side = 0; side < CMD_SIDE_COUNT; side++)
        cmd_environment_fini(&environments[side]);
}

static void write_page(struct cmd_comparison *comparison, const char *path,
                       struct cmd_page_run *shown)
{
    cmd_page_write(path, shown, CMD_SIDE_COUNT, comparison);
    for (int side = 0; side < CMD_SIDE_COUNT; side++) {
        cmd_recordings_fini(&shown[side].recordings);
        cmd_resident_free(shown[side].resident);
    }
}

static int compare(struct cmd_options *options)
{
    struct cmd_comparison comparison;
    struct cmd_page_run shown[CMD_SIDE_COUNT];
    char *folder = cmd_library_find_folder();
    const char *page = options->page_path;
    if (options->against == NULL)
        check_search_path(folder);
    if (page != NULL)
        cmd_page_check(page);
    comparison_init(&comparison, options);
    measure(&comparison, options, folder, page == NULL ? NULL : shown);
    free(folder);
    if (options->json)
        cmd_comparison_print_json(&comparison, stdout);
    else
        cmd_comparison_print_text(&comparison, stdout);
    if (page != NULL)
        write_page(&comparison, page, shown);
    comparison_fini(&comparison);
    bool differs = comparison.outputs_differ || comparison.statuses_differ;
    return differs ? CMD_STATUS_DIFFERENT : CMD_STATUS_OK;
}

int cmd_compare(const struct cmd_command *command, char **arguments)
{
    return cmd_with_options(command, arguments, compare);
}
