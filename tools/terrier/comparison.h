/* SPDX-License-Identifier: MIT */
/* What a comparison found, apart from how it was measured and how it is shown. */
#ifndef TERRIER_COMMAND_COMPARISON_H
#define TERRIER_COMMAND_COMPARISON_H

#include "sample.h"

enum cmd_side { CMD_SIDE_STOCK, CMD_SIDE_TERRIER, CMD_SIDE_COUNT };

/* Those from CMD_MEASURE_WATCHED on are there only when programs were watched. */
enum cmd_measure {
    CMD_MEASURE_WALL,
    CMD_MEASURE_CPU,
    CMD_MEASURE_PEAK,
    CMD_MEASURE_FAULTS,
    CMD_MEASURE_WATCHED,
    CMD_MEASURE_PAUSE = CMD_MEASURE_WATCHED,
    CMD_MEASURE_STOP,
    CMD_MEASURE_PAUSES,
    CMD_MEASURE_COLLECTIONS,
    CMD_MEASURE_COUNT
};

enum cmd_figure {
    CMD_FIGURE_COLLECTIONS,
    CMD_FIGURE_PAUSE_MEDIAN,
    CMD_FIGURE_PAUSE_MAX,
    CMD_FIGURE_PAUSE_TOTAL,
    CMD_FIGURE_COUNT,
};

/* Times are in milliseconds, memory in bytes. */
struct cmd_comparison {
    const char *program;
    const char *against;      /* options of Terrier on the stock side; NULL: it is stock */
    const char *base_program; /* its cost is taken off; NULL is none */
    unsigned runs;
    int measures; /* the first so many */
    struct cmd_sample samples[CMD_SIDE_COUNT][CMD_MEASURE_COUNT];
    uint64_t output_bytes;
    bool stock_outputs_differ; /* among runs on the stock library */
    bool outputs_differ;
    bool errors_differ; /* what went to standard error */
    bool statuses_differ;
    int wait_status[CMD_SIDE_COUNT];
    double library_share[CMD_SIDE_COUNT]; /* of processor time; negative: not known */
    bool has_figure[CMD_FIGURE_COUNT];
    double figures[CMD_FIGURE_COUNT];
};

/* What the library's JSON report calls a figure, among its statistics. */
const char *cmd_figure_name(enum cmd_figure figure);

/* What the side is called. */
const char *cmd_comparison_title(const struct cmd_comparison *comparison, enum cmd_side side);

void cmd_comparison_print_text(struct cmd_comparison *comparison, FILE *out);
void cmd_comparison_print_json(struct cmd_comparison *comparison, FILE *out);

#endif
