/* SPDX-License-Identifier: MIT */
/* Showing a comparison, as text for people and as JSON for programs. */
#include "terrier.h"

#include "comparison.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static const char *const side_names[CMD_SIDE_COUNT] = {"stock", "terrier"};

static const struct {
    const char *name;
    const char *unit;
    const char *title;
    const char *text_unit;
    double text_scale;
} measures[CMD_MEASURE_COUNT] = {
    [CMD_MEASURE_WALL] = {"wall_time", "ms", "wall time", "ms", 1},
    [CMD_MEASURE_CPU] = {"cpu_time", "ms", "processor time", "ms", 1},
    [CMD_MEASURE_PEAK] = {"peak_resident", "bytes", "peak memory", "MiB", 1.0 / (1 << 20)},
    [CMD_MEASURE_FAULTS] = {"page_faults", "1", "page faults", "", 1},
    [CMD_MEASURE_PAUSE] = {"longest_pause", "ms", "longest pause", "ms", 1},
    [CMD_MEASURE_STOP] = {"longest_stop", "ms", "longest stop", "ms", 1},
    [CMD_MEASURE_PAUSES] = {"all_pauses", "ms", "all pauses", "ms", 1},
    [CMD_MEASURE_COLLECTIONS] = {"collections", "1", "collections", "", 1},
};

static const struct {
    const char *name;
    const char *title;
    const char *text_format;
    double text_scale;
} figures[CMD_FIGURE_COUNT] = {
    [CMD_FIGURE_COLLECTIONS] = {"collections", "collections", "%.0f", 1},
    [CMD_FIGURE_PAUSE_MEDIAN] = {"pause_median_ns", "median pause", "%.2f ms", 1e-6},
    [CMD_FIGURE_PAUSE_MAX] = {"pause_max_ns", "longest pause", "%.2f ms", 1e-6},
    [CMD_FIGURE_PAUSE_TOTAL] = {"pause_total_ns", "all pauses", "%.2f ms", 1e-6},
};

/* The two sides of one measure; ratio is Terrier's median over the stock one, or 0 if that is not
 * above nothing. */
struct pair {
    struct cmd_summary sides[CMD_SIDE_COUNT];
    double ratio;
};

const char *cmd_figure_name(enum cmd_figure figure)
{
    return figures[figure].name;
}

const char *cmd_comparison_title(const struct cmd_comparison *comparison, enum cmd_side side)
{
    if (side == CMD_SIDE_TERRIER)
        return "Terrier";
    return comparison->against != NULL ? comparison->against : "stock";
}

static struct pair summarize(struct cmd_comparison *comparison, int measure)
{
    struct pair pair = {.ratio = 0};
    for (int side = 0; side < CMD_SIDE_COUNT; side++)
        pair.sides[side] = cmd_sample_summary(&comparison->samples[side][measure]);
    if (pair.sides[CMD_SIDE_STOCK].median > 0)
        pair.ratio = pair.sides[CMD_SIDE_TERRIER].median / pair.sides[CMD_SIDE_STOCK].median;
    return pair;
}

static void print_text_head(const struct cmd_comparison *comparison, FILE *out)
{
    char *name = cmd_escaped(comparison->program);
    fprintf(out, "%s: %u runs on each library in turn, after one to warm up\n", name,
            comparison->runs);
    free(name);
    if (comparison->base_program != NULL) {
        name = cmd_escaped(comparison->base_program);
        fprintf(out, "(what is above %s, run in the same rounds)\n", name);
        free(name);
    }
    if (comparison->against != NULL) {
        name = cmd_escaped(comparison->against);
        fprintf(out, "(against Terrier with %s)\n", name);
        free(name);
    }
    fprintf(out, "\n  %-16s %14s %14s %8s   spread\n", "medians",
            comparison->against != NULL ? "against" : "stock", "Terrier", "ratio");
}

static void print_text_measure(struct cmd_comparison *comparison, int measure, FILE *out)
{
    struct pair pair = summarize(comparison, measure);
    fprintf(out, "  %-16s", measures[measure].title);
    for (int side = 0; side < CMD_SIDE_COUNT; side++)
        fprintf(out, " %10.2f %-3s", pair.sides[side].median * measures[measure].text_scale,
                measures[measure].text_unit);
    if (pair.ratio > 0)
        fprintf(out, " %8.2f", pair.ratio);
    else
        fprintf(out, " %8s", "-");
    fprintf(out, "   %.1f %% and %.1f %%\n", pair.sides[CMD_SIDE_STOCK].spread * 100,
            pair.sides[CMD_SIDE_TERRIER].spread * 100);
}

static void print_text_figures(const struct cmd_comparison *comparison, FILE *out)
{
    for (int i = 0; i < CMD_FIGURE_COUNT; i++) {
        char value[32] = "-";
        if (comparison->has_figure[i])
            snprintf(value, sizeof value, figures[i].text_format,
                     comparison->figures[i] * figures[i].text_scale);
        fprintf(out, "  %-16s %14s %14s\n", figures[i].title, "-", value);
    }
}

static void print_text_share(const struct cmd_comparison *comparison, FILE *out)
{
    if (comparison->library_share[CMD_SIDE_STOCK] < 0)
        return;
    fprintf(out, "  %-16s", "in the library");
    for (int side = 0; side < CMD_SIDE_COUNT; side++)
        fprintf(out, " %10.1f %%  ", comparison->library_share[side] * 100);
    fputs("          of processor time, in one more run\n", out);
}

static void print_text_status(int wait_status, FILE *out)
{
    bool signalled = WIFSIGNALED(wait_status);
    fprintf(out, " %11s%3d", signalled ? "signal " : "",
            signalled ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status));
}

static void print_text_checks(const struct cmd_comparison *comparison, FILE *out)
{
    fprintf(out, "  %-16s", "exit status");
    for (int side = 0; side < CMD_SIDE_COUNT; side++)
        print_text_status(comparison->wait_status[side], out);
    fprintf(out, "%s\n", comparison->statuses_differ ? "   DIFFERENT" : "");
    fprintf(out, "  %-16s %s, %llu bytes\n", "output",
            comparison->outputs_differ ? "DIFFERENT" : "equal in all runs",
            (unsigned long long)comparison->output_bytes);
    if (comparison->stock_outputs_differ)
        fputs("  note: the output differs from run to run on the stock library too\n", out);
    if (comparison->errors_differ)
        fputs("  note: what went to standard error differs between runs\n", out);
    if (!comparison->has_figure[CMD_FIGURE_COLLECTIONS])
        fputs(
            "  note: no report from Terrier: the program may not use libgc.so.1,\n"
            "  or use one of its own, or leave by _exit: nothing says that Terrier was measured\n",
            out);
}

void cmd_comparison_print_text(struct cmd_comparison *comparison, FILE *out)
{
    print_text_head(comparison, out);
    for (int i = 0; i < comparison->measures; i++)
        print_text_measure(comparison, i, out);
    print_text_share(comparison, out);
    print_text_figures(comparison, out);
    print_text_checks(comparison, out);
    fputs("\n"
          "  ratio: the second by the first. spread: from the first to the third quartile, in per\n"
          "  cent of the median, of both. Collections and pauses are Terrier's, in one more run;\n"
          "  the stock library tells its own only when GC_PRINT_STATS is set.\n",
          out);
}

static void print_json_measure(struct cmd_comparison *comparison, int measure, FILE *out)
{
    struct pair pair = summarize(comparison, measure);
    const struct cmd_summary *stock = &pair.sides[CMD_SIDE_STOCK];
    const struct cmd_summary *terrier = &pair.sides[CMD_SIDE_TERRIER];
    fprintf(out, "  {\"name\": \"%s\", \"unit\": \"%s\", \"stock\": %.10g, \"terrier\": %.10g, ",
            measures[measure].name, measures[measure].unit, stock->median, terrier->median);
    if (pair.ratio > 0)
        fprintf(out, "\"ratio\": %.4f, ", pair.ratio);
    else
        fputs("\"ratio\": null, ", out);
    fprintf(out, "\"runs\": %u, \"spread\": {\"stock\": %.4f, \"terrier\": %.4f}, ",
            comparison->runs, stock->spread, terrier->spread);
    fprintf(out, "\"range\": {\"stock\": [%.10g, %.10g], \"terrier\": [%.10g, %.10g]}}", stock->min,
            stock->max, terrier->min, terrier->max);
}

static void print_json_status(const struct cmd_comparison *comparison, FILE *out)
{
    for (int side = 0; side < CMD_SIDE_COUNT; side++) {
        int wait_status = comparison->wait_status[side];
        fprintf(out, "%s\"%s\": ", side == 0 ? "" : ", ", side_names[side]);
        if (WIFSIGNALED(wait_status))
            fprintf(out, "{\"signal\": %d}", WTERMSIG(wait_status));
        else
            fprintf(out, "%d", WEXITSTATUS(wait_status));
    }
}

static void print_json_figures(const struct cmd_comparison *comparison, FILE *out)
{
    for (int i = 0; i < CMD_FIGURE_COUNT; i++) {
        fprintf(out, "%s\"%s\": ", i == 0 ? "" : ", ", figures[i].name);
        if (comparison->has_figure[i])
            fprintf(out, "%.15g", comparison->figures[i]);
        else
            fputs("null", out);
    }
}

static void print_json_shares(const struct cmd_comparison *comparison, FILE *out)
{
    for (int side = 0; side < CMD_SIDE_COUNT; side++) {
        fprintf(out, "%s\"%s\": ", side == 0 ? "" : ", ", side_names[side]);
        if (comparison->library_share[side] >= 0)
            fprintf(out, "%.4f", comparison->library_share[side]);
        else
            fputs("null", out);
    }
}

static const char *truth(bool value)
{
    return value ? "true" : "false";
}

void cmd_comparison_print_json(struct cmd_comparison *comparison, FILE *out)
{
    fputs("{\"program\": ", out);
    cmd_json_write_string(out, comparison->program);
    fputs(",\n \"against\": ", out);
    if (comparison->against != NULL)
        cmd_json_write_string(out, comparison->against);
    else
        fputs("null", out);
    fprintf(out, ",\n \"output_bytes\": %llu, \"outputs_equal\": %s, \"stderr_equal\": %s",
            (unsigned long long)comparison->output_bytes, truth(!comparison->outputs_differ),
            truth(!comparison->errors_differ));
    fputs(",\n \"exit_status\": {", out);
    print_json_status(comparison, out);
    fputs("},\n \"heap\": {", out);
    print_json_figures(comparison, out);
    fputs("},\n \"library_share\": {", out);
    print_json_shares(comparison, out);
    fputs("},\n \"measures\": [\n", out);
    for (int i = 0; i < comparison->measures; i++) {
        print_json_measure(comparison, i, out);
        fputs(i + 1 < comparison->measures ? ",\n" : "\n", out);
    }
    fputs(" ]}\n", out);
}
