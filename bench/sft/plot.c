/* SPDX-License-Identifier: MIT */
/* The main figures as a drawing: bars on a scale of doublings, goals as marks across them. */
#include "bench.h"

#include <math.h>

enum { LEFT = 150, PANEL = 200, GAP = 30, TOP = 62, ROW = 24, BAR = 14, WIDTH = 860 };

static const double largest = 32;

static const struct {
    unsigned subject;
    const char *label;
    double goals[3]; /* latency, throughput, garbage; 0: none */
    bool is_more;    /* the first two are ns more than the concrete form */
} rows[] = {
    {CONCRETE, "space map", {1.2, 1.15, 1.1}, false},
    {CONCRETE + 1, "dense map", {1.4, 1.6, 1.15}, false},
    {CONCRETE + 2, "sparse map", {1.4, 1.6, 1.15}, false},
    {SELECTED, "selected, space", {0.15, 0.15, 0}, true},
    {SELECTED + 1, "selected, dense", {0.15, 0.15, 0}, true},
    {SELECTED + 2, "selected, sparse", {0.15, 0.15, 0}, true},
    {BEFORE, "before, space", {0, 0, 0}, false},
    {BEFORE + 1, "before, dense", {0, 0, 0}, false},
    {BEFORE + 2, "before, sparse", {0, 0, 0}, false},
};

enum { ROWS = sizeof rows / sizeof *rows };

static double scaled(double value)
{
    double clamped = value < 1 ? 1 : value > largest ? largest : value;

    return log2(clamped) / log2(largest) * ((double)PANEL - 40);
}

static double value_of_panel(const struct result *result, unsigned subject, unsigned panel)
{
    return panel == 2 ? times_clean(result, subject)
                      : times_bare(result, subject, panel == 0 ? LATENCY : THROUGHPUT);
}

static double goal_of(const struct result *result, unsigned row, unsigned panel)
{
    enum metric metric = panel == 0 ? LATENCY : THROUGHPUT;
    unsigned concrete = rows[row].subject - SELECTED + CONCRETE;

    if (!rows[row].is_more || rows[row].goals[panel] <= 0)
        return rows[row].goals[panel];
    return (result->figures[concrete].ns[metric].median + rows[row].goals[panel]) /
           result->figures[BARE].ns[metric].median;
}

static void print_bar(FILE *out, const struct result *result, unsigned row, unsigned panel)
{
    double value = value_of_panel(result, rows[row].subject, panel);
    double goal = goal_of(result, row, panel);
    int x = LEFT + (int)panel * (PANEL + GAP), y = TOP + (int)row * ROW + (int)(row / 3) * 10;
    const char *kind = goal <= 0 ? "none" : value <= goal ? "met" : "missed";

    fprintf(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n", kind, x,
            y, scaled(value) + 1.5, BAR);
    if (goal > 0)
        fprintf(out, "<rect class=\"goal\" x=\"%.1f\" y=\"%d\" width=\"2\" height=\"%d\"/>\n",
                x + scaled(goal), y - 3, BAR + 6);
    /* In a column of their own: beside the bars they would lie on the lines. */
    fprintf(out, "<text class=\"value\" x=\"%d\" y=\"%d\">%.2f</text>\n", x + PANEL, y + BAR - 3,
            value);
}

static void print_axis(FILE *out, unsigned panel, const char *title)
{
    int x = LEFT + (int)panel * (PANEL + GAP), bottom = TOP + ROWS * ROW + 24;

    fprintf(out, "<text class=\"title\" x=\"%d\" y=\"%d\">%s</text>\n", x, TOP - 16, title);
    for (double value = 1; value <= largest; value *= 4) {
        fprintf(out, "<rect class=\"grid\" x=\"%.1f\" y=\"%d\" width=\"1\" height=\"%d\"/>\n",
                x + scaled(value), TOP - 6, bottom - TOP);
        fprintf(out, "<text class=\"small\" x=\"%.1f\" y=\"%d\">%.0f</text>\n", x + scaled(value),
                bottom + 10, value);
    }
}

void print_plot(FILE *out, const struct report *report)
{
    static const char *const titles[] = {"latency, x bare load", "throughput, x bare load",
                                         "50 % garbage, x clean"};
    const struct result *result = find_main(report->results, report->count);
    int height = TOP + ROWS * ROW + 76;

    fprintf(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
        "height=\"%d\" role=\"img\">\n<title>What lookups in the SFT map cost</title>\n<style>\n"
        "text { font: 12px sans-serif; fill: #57606a }\n.title { font-weight: bold }\n"
        ".small { font-size: 10px; text-anchor: middle }\n.label, .value { text-anchor: end }\n"
        ".met { fill: #3a86c8 }\n.missed { fill: #d9822b }\n.none { fill: #8c959f }\n"
        ".goal { fill: #24292f }\n.grid { fill: #8c959f; opacity: 0.4 }\n"
        "@media (prefers-color-scheme: dark) { text { fill: #b1bac4 } .goal { fill: #f0f6fc } }\n"
        "</style>\n",
        WIDTH, height, WIDTH, height);
    fprintf(out,
            "<text x=\"%d\" y=\"20\">4 spaces, 1 GiB, contiguous; shorter is better, each line "
            "across is four times the last</text>\n",
            LEFT);
    for (unsigned panel = 0; panel < 3; panel++)
        print_axis(out, panel, titles[panel]);
    for (unsigned row = 0; row < ROWS; row++) {
        fprintf(out, "<text class=\"label\" x=\"%d\" y=\"%d\">%s</text>\n", LEFT - 12,
                TOP + (int)row * ROW + (int)(row / 3) * 10 + BAR - 3, rows[row].label);
        for (unsigned panel = 0; panel < 3; panel++)
            print_bar(out, result, row, panel);
    }
    fprintf(out,
            "<rect class=\"met\" x=\"%d\" y=\"%d\" width=\"14\" height=\"10\"/>"
            "<text x=\"%d\" y=\"%d\">goal met</text>\n"
            "<rect class=\"missed\" x=\"%d\" y=\"%d\" width=\"14\" height=\"10\"/>"
            "<text x=\"%d\" y=\"%d\">goal missed</text>\n"
            "<rect class=\"none\" x=\"%d\" y=\"%d\" width=\"14\" height=\"10\"/>"
            "<text x=\"%d\" y=\"%d\">no goal</text>\n"
            "<rect class=\"goal\" x=\"%d\" y=\"%d\" width=\"2\" height=\"16\"/>"
            "<text x=\"%d\" y=\"%d\">goal</text>\n</svg>\n",
            LEFT, height - 22, LEFT + 20, height - 13, LEFT + 110, height - 22, LEFT + 130,
            height - 13, LEFT + 240, height - 22, LEFT + 260, height - 13, LEFT + 340, height - 25,
            LEFT + 350, height - 13);
}
