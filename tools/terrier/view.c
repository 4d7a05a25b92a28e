/* SPDX-License-Identifier: MIT */
/* Lines from top to bottom: title, figures, a graph of the heap's size, kinds, and the last line
 * for what is to be said. What has no room is left out, kinds first, then the graph. */
#include "terrier.h"

#include "view.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

enum { LABEL_COLUMNS = 9, GRAPH_LABEL_COLUMNS = 12, FIGURE_ROWS = 9, LEAST_KINDS = 3 };
enum { GAUGE_MOST = 60, GRAPH_LEAST = 3, GRAPH_MOST = 12, EIGHTHS = 8 };

#define PLAIN ""
#define TITLE "\033[1;7m"
#define LABEL "\033[36m"
#define STRONG "\033[1m"
#define FULL "\033[32m"
#define SOFT "\033[2m"
#define ALARM "\033[1;31m"

/* ---- Numbers ---- */

void cmd_view_bytes(char text[16], double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    size_t unit = 0;
    while (bytes >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, 16, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

/* With a comma at each thousand. */
static void group_digits(char text[32], uint64_t number)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    size_t used = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
}

static void format_time(char text[16], double ns)
{
    if (ns >= 1e9)
        snprintf(text, 16, "%.2f s", ns / 1e9);
    else if (ns >= 1e6)
        snprintf(text, 16, "%.1f ms", ns / 1e6);
    else
        snprintf(text, 16, "%.0f us", ns / 1e3);
}

/* ---- A line ---- */

struct line {
    FILE *out;
    const struct cmd_view *view;
    unsigned left; /* columns */
};

static struct line begin_line(FILE *out, const struct cmd_view *view)
{
    return (struct line){out, view, view->columns};
}

/* Bytes of `text` that fit in so many columns, a column for each character of UTF-8. */
static size_t fitting(const char *text, unsigned columns, unsigned *used)
{
    size_t length = 0;
    *used = 0;
    while (text[length] != '\0') {
        bool begins = ((unsigned char)text[length] & 0xc0) != 0x80;
        if (begins && *used == columns)
            break;
        *used += begins;
        length++;
    }
    return length;
}

CMD_PRINTF(3, 4) static void put(struct line *line, const char *colour, const char *format, ...)
{
    char text[1024];
    unsigned used;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t length = fitting(text, line->left, &used);
    bool coloured = line->view->colours && colour[0] != '\0';
    fprintf(line->out, "%s%.*s%s", coloured ? colour : "", (int)length, text,
            coloured ? "\033[0m" : "");
    line->left -= used;
}

static void put_spaces(struct line *line, unsigned columns)
{
    put(line, PLAIN, "%*s", (int)columns, "");
}

static void end_line(struct line *line)
{
    fputs("\033[K\n", line->out);
}

static void put_label(struct line *line, const char *label)
{
    put(line, LABEL, "%-*s", LABEL_COLUMNS, label);
}

/* ---- Figures ---- */

static void put_title(FILE *out, const struct cmd_view *view, const struct cmd_watching *watching)
{
    const struct cmd_look *now = &watching->now;
    uint64_t seconds = (now->now_ns - now->born_ns) / CMD_NS_PER_SECOND;
    struct line line = begin_line(out, view);
    char threads[32] = "";
    if (now->mutators != 1)
        snprintf(threads, sizeof threads, ", %llu threads", (unsigned long long)now->mutators);
    put(&line, TITLE, " terrier top: %s (%ld), %s%s, up %llu:%02u:%02u ", now->program,
        (long)watching->pid, now->plan, threads, (unsigned long long)(seconds / 3600),
        (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
    if (line.left > 10) {
        put_spaces(&line, line.left - 8);
        put(&line, SOFT, "q: quit");
    }
    end_line(&line);
}

/* One row of a bar, `eighths` of a cell of which are full; at most `cells`. */
static void put_bar(struct line *line, const char *colour, unsigned eighths, unsigned cells)
{
    static const char *const parts[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    char text[GAUGE_MOST * 4 + 8] = "";
    size_t used = 0;
    for (unsigned i = 0; i < cells; i++) {
        unsigned here = eighths > i * EIGHTHS ? eighths - i * EIGHTHS : 0;
        const char *piece = here >= EIGHTHS ? "█" : parts[here];
        if (!line->view->utf8)
            piece = here >= EIGHTHS / 2 ? "#" : "-";
        used += (size_t)snprintf(text + used, sizeof text - used, "%s", piece);
    }
    put(line, colour, "%s", text);
}

static void put_gauge(struct line *line, uint64_t part, uint64_t whole)
{
    unsigned cells = line->left > 12 ? line->left - 12 : 0;
    double share = whole == 0 ? 0 : (double)part / (double)whole;
    cells = cells < GAUGE_MOST ? cells : GAUGE_MOST;
    if (share > 1)
        share = 1;
    put(line, PLAIN, "  [");
    put_bar(line, FULL, (unsigned)(share * cells * EIGHTHS + 0.5), cells);
    put(line, PLAIN, "] %3.0f %%", share * 100);
}

static void put_heap(FILE *out, const struct cmd_view *view, const struct ter_statistics *s)
{
    char used[16], limit[16];
    struct line line = begin_line(out, view);
    cmd_view_bytes(used, (double)s->used_bytes);
    cmd_view_bytes(limit, (double)s->heap_limit_bytes);
    put_label(&line, "heap");
    put(&line, STRONG, "%s", used);
    put(&line, PLAIN, " of %s", limit);
    put_gauge(&line, s->used_bytes, s->heap_limit_bytes);
    end_line(&line);
}

static void put_live(FILE *out, const struct cmd_view *view, const struct ter_statistics *s)
{
    char live[16], objects[32];
    struct line line = begin_line(out, view);
    cmd_view_bytes(live, (double)s->live_bytes);
    group_digits(objects, s->live_objects);
    put_label(&line, "live");
    if (s->collections == 0) {
        put(&line, PLAIN, "not known before the first collection");
    } else {
        put(&line, STRONG, "%s", live);
        put(&line, PLAIN, " in %s objects after the last collection", objects);
    }
    end_line(&line);
}

static void put_memory(FILE *out, const struct cmd_view *view, const struct cmd_look *look)
{
    char resident[16], mapped[16], peak[16];
    struct line line = begin_line(out, view);
    cmd_view_bytes(resident, (double)look->resident_bytes);
    cmd_view_bytes(mapped, (double)look->statistics.mapped_bytes);
    cmd_view_bytes(peak, (double)look->statistics.peak_used_bytes);
    put_label(&line, "memory");
    put(&line, STRONG, "%s", resident);
    put(&line, PLAIN, " resident; the heap: %s mapped, at most %s used", mapped, peak);
    end_line(&line);
}

static void put_allocation(FILE *out, const struct cmd_view *view,
                           const struct cmd_watching *watching)
{
    char rate[16], all[16];
    struct line line = begin_line(out, view);
    cmd_view_bytes(rate, watching->rates.allocated_bytes);
    cmd_view_bytes(all, (double)watching->now.statistics.allocated_bytes);
    put_label(&line, "alloc");
    put(&line, STRONG, "%s/s", rate);
    put(&line, PLAIN, ", %s in all", all);
    end_line(&line);
}

static void put_collections(FILE *out, const struct cmd_view *view,
                            const struct cmd_watching *watching)
{
    const struct cmd_rates *rates = &watching->rates;
    char count[32];
    struct line line = begin_line(out, view);
    group_digits(count, watching->now.statistics.collections);
    put_label(&line, "gc");
    put(&line, STRONG, "%.1f/s", rates->collections);
    if (watching->now.statistics.collections_young > 0)
        put(&line, PLAIN, " (%.1f young)", rates->young_collections);
    put(&line, PLAIN, ", %s in all; ", count);
    put(&line, rates->paused > 0.1 ? ALARM : STRONG, "%.1f %%", rates->paused * 100);
    put(&line, PLAIN, " of the time in pauses");
    end_line(&line);
}

static void put_pauses(FILE *out, const struct cmd_view *view, const struct cmd_watching *watching)
{
    const struct ter_statistics *s = &watching->now.statistics;
    char last[16], median[16], p95[16], longest[16];
    struct line line = begin_line(out, view);
    format_time(last, (double)watching->rates.pause_ns);
    format_time(median, (double)s->pause_median_ns);
    format_time(p95, (double)s->pause_p95_ns);
    format_time(longest, (double)s->pause_max_ns);
    put_label(&line, "pause");
    if (s->collections == 0) {
        put(&line, PLAIN, "none yet");
    } else {
        put(&line, STRONG, "%s", last);
        put(&line, PLAIN, " lately; median %s, 95 %% below %s, longest %s", median, p95, longest);
    }
    end_line(&line);
}

static void put_figures(FILE *out, const struct cmd_view *view, const struct cmd_watching *watching)
{
    struct line blank = begin_line(out, view);
    put_title(out, view, watching);
    end_line(&blank);
    put_heap(out, view, &watching->now.statistics);
    put_live(out, view, &watching->now.statistics);
    put_memory(out, view, &watching->now);
    put_allocation(out, view, watching);
    put_collections(out, view, watching);
    put_pauses(out, view, watching);
    end_line(&blank);
}

/* ---- The graph ---- */

struct graph {
    const struct cmd_watching *watching;
    unsigned columns, rows;
    uint64_t most; /* bytes of a full column */
};

/* The look that a column stands for; false: it is from before the first one. */
static bool find_look(const struct graph *graph, unsigned column, size_t *look)
{
    size_t count = graph->watching->history_count, back = graph->columns - column;
    if (back > count || back > CMD_WATCHED_HISTORY)
        return false;
    *look = (count - back) % CMD_WATCHED_HISTORY;
    return true;
}

static struct graph make_graph(const struct cmd_view *view, const struct cmd_watching *watching,
                               unsigned rows)
{
    struct graph graph = {watching, 0, rows, 1};
    size_t look;
    if (view->columns > GRAPH_LABEL_COLUMNS)
        graph.columns = view->columns - GRAPH_LABEL_COLUMNS;
    for (unsigned i = 0; i < graph.columns; i++)
        if (find_look(&graph, i, &look) && watching->history[look].used_bytes > graph.most)
            graph.most = watching->history[look].used_bytes;
    return graph;
}

/* Eighths of a cell of `row`, from the bottom, that are full. */
static unsigned eighths_at(const struct graph *graph, unsigned row, uint64_t bytes)
{
    double height = (double)bytes / (double)graph->most * graph->rows * EIGHTHS;
    double above = height - (double)row * EIGHTHS;
    return above <= 0 ? 0 : above >= EIGHTHS ? EIGHTHS : (unsigned)(above + 0.5);
}

/* What lived is full, what else is used is light where there are colours. */
static void put_cell(struct line *line, const struct graph *graph, unsigned row, unsigned column)
{
    static const char *const parts[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    size_t look;
    if (!find_look(graph, column, &look)) {
        put(line, PLAIN, " ");
        return;
    }
    unsigned used = eighths_at(graph, row, graph->watching->history[look].used_bytes);
    unsigned live = eighths_at(graph, row, graph->watching->history[look].live_bytes);
    const char *colour = live >= used ? FULL : LABEL;
    if (line->view->utf8)
        put(line, colour, "%s", parts[used]);
    else
        put(line, colour, "%s", used >= EIGHTHS / 2 ? (live >= used ? "#" : "+") : " ");
}

static void put_graph(FILE *out, const struct cmd_view *view, const struct cmd_watching *watching,
                      unsigned rows)
{
    struct graph graph = make_graph(view, watching, rows);
    char most[16];
    cmd_view_bytes(most, (double)graph.most);
    for (unsigned row = rows; row-- > 0;) {
        struct line line = begin_line(out, view);
        const char *label = row == rows - 1 ? most : row == 0 ? "0" : "";
        put(&line, SOFT, "%*s ", GRAPH_LABEL_COLUMNS - 2, label);
        put(&line, SOFT, "%s", view->utf8 ? "│" : "|");
        for (unsigned column = 0; column < graph.columns; column++)
            put_cell(&line, &graph, row, column);
        end_line(&line);
    }
}

/* ---- Kinds ---- */

static void put_kind(FILE *out, const struct cmd_view *view, const struct cmd_watching *watching,
                     const struct cmd_watched_kind *kind)
{
    char bytes[16], objects[32];
    struct line line = begin_line(out, view);
    double share =
        watching->kinds_bytes == 0 ? 0 : (double)kind->bytes / (double)watching->kinds_bytes;
    cmd_view_bytes(bytes, (double)kind->bytes);
    group_digits(objects, kind->objects);
    put(&line, STRONG, "%12s", bytes);
    put(&line, PLAIN, " %15s %5.1f %%  ", objects, share * 100);
    put_bar(&line, FULL, (unsigned)(share * 10 * EIGHTHS + 0.5), 10);
    put(&line, PLAIN, "  %s", kind->name);
    end_line(&line);
}

static void put_kinds(FILE *out, const struct cmd_view *view, const struct cmd_watching *watching,
                      unsigned rows)
{
    struct line line = begin_line(out, view);
    end_line(&line);
    put(&line, LABEL, "%12s %15s %7s  %-10s  %s", "bytes", "objects", "share", "",
        "kind, garbage included");
    end_line(&line);
    for (unsigned i = 0; i + 2 < rows; i++) {
        struct line blank = begin_line(out, view);
        if (i < watching->kind_count)
            put_kind(out, view, watching, &watching->kinds[i]);
        else
            end_line(&blank);
    }
}

/* ---- The screen ---- */

/* Rows for the graph and for kinds, which share what is left. */
static void divide_rows(const struct cmd_view *view, unsigned *graph, unsigned *kinds)
{
    unsigned left = view->rows > FIGURE_ROWS + 1 ? view->rows - FIGURE_ROWS - 1 : 0;
    *graph = left / 3 < GRAPH_MOST ? left / 3 : GRAPH_MOST;
    if (*graph < GRAPH_LEAST)
        *graph = 0;
    *kinds = left - *graph < LEAST_KINDS ? 0 : left - *graph;
}

static void put_last_line(FILE *out, const struct cmd_view *view)
{
    struct line line = begin_line(out, view);
    if (view->notice != NULL)
        put(&line, ALARM, "%s", view->notice);
    fputs("\033[J", out);
}

void cmd_view_screen(FILE *out, const struct cmd_view *view, const struct cmd_watching *watching)
{
    unsigned graph, kinds;
    if (view->rows <= FIGURE_ROWS) { /* no room for more than what matters most */
        put_title(out, view, watching);
        if (view->rows > 2)
            put_heap(out, view, &watching->now.statistics);
        put_last_line(out, view);
        return;
    }
    divide_rows(view, &graph, &kinds);
    put_figures(out, view, watching);
    if (graph > 0)
        put_graph(out, view, watching, graph);
    if (kinds > 0)
        put_kinds(out, view, watching, kinds);
    put_last_line(out, view);
}

/* ---- Lines ---- */

void cmd_view_head(FILE *out)
{
    fprintf(out, "%8s %10s %10s %10s %12s %7s %9s %9s\n", "time", "used", "limit", "live",
            "allocated/s", "gc/s", "pause", "resident");
}

void cmd_view_line(FILE *out, const struct cmd_watching *watching)
{
    const struct ter_statistics *s = &watching->now.statistics;
    char used[16], limit[16], live[16], rate[16], pause[16], resident[16], now[16] = "";
    time_t seconds = time(NULL);
    struct tm parts;
    cmd_view_bytes(used, (double)s->used_bytes);
    cmd_view_bytes(limit, (double)s->heap_limit_bytes);
    cmd_view_bytes(live, (double)s->live_bytes);
    cmd_view_bytes(rate, watching->rates.allocated_bytes);
    cmd_view_bytes(resident, (double)watching->now.resident_bytes);
    format_time(pause, (double)watching->rates.pause_ns);
    if (localtime_r(&seconds, &parts) != NULL)
        strftime(now, sizeof now, "%H:%M:%S", &parts);
    fprintf(out, "%8s %10s %10s %10s %12s %7.1f %9s %9s\n", now, used, limit, live, rate,
            watching->rates.collections, pause, resident);
}
