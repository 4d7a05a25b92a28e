/* SPDX-License-Identifier: MIT */
/* The figures as tables and as JSON, and the goals beside them. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

const struct result *find_main(const struct result *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (results[i].spaces == 4 && results[i].bytes == (uintptr_t)1 << 30 && !results[i].random)
            return &results[i];
    return NULL;
}

double times_bare(const struct result *result, unsigned subject, enum metric metric)
{
    return result->figures[subject].ns[metric].median / result->figures[BARE].ns[metric].median;
}

double times_clean(const struct result *result, unsigned subject)
{
    const struct figures *figures = &result->figures[subject];

    return figures->ns[GARBAGE].median / figures->ns[THROUGHPUT].median;
}

static double more_ns(const struct result *result, unsigned subject, enum metric metric)
{
    return result->figures[subject].ns[metric].median -
           result->figures[subject - SELECTED + CONCRETE].ns[metric].median;
}

/* ---- Tables ---- */

static const char *owners_name(const struct result *result)
{
    return result->random ? "random" : "contiguous";
}

/* Half of the distance between the quartiles, in per cent of the median. */
static double spread_percent(const struct spread *spread)
{
    return 50 * (spread->high - spread->low) / spread->median;
}

static void print_scenario(FILE *out, const struct result *result)
{
    fprintf(out, "\n%u space%s, %zu MiB, %s owners; ns a word (x bare; garbage: x clean)\n",
            result->spaces, result->spaces == 1 ? "" : "s", (size_t)(result->bytes >> 20),
            owners_name(result));
    fprintf(out, "%-24s %14s %14s %14s %14s %14s  spread\n", "map", "latency", "throughput",
            "50 % garbage", "call", "call, garbage");
    for (unsigned i = 0; i < SUBJECTS_MAX; i++) {
        const struct figures *figures = &result->figures[i];
        double widest = 0;

        if (!figures->measured)
            continue;
        for (enum metric metric = LATENCY; metric <= CALL; metric++)
            if (spread_percent(&figures->ns[metric]) > widest)
                widest = spread_percent(&figures->ns[metric]);
        fprintf(out,
                "%-24s %6.2f (%5.2f) %6.3f (%5.2f) %6.3f (%5.2f) %6.2f (%5.2f) %6.2f (%5.2f)"
                "  %.0f %%\n",
                figures->map, figures->ns[LATENCY].median, times_bare(result, i, LATENCY),
                figures->ns[THROUGHPUT].median, times_bare(result, i, THROUGHPUT),
                figures->ns[GARBAGE].median, times_clean(result, i), figures->ns[CALL].median,
                times_bare(result, i, CALL), figures->ns[CALL_GARBAGE].median,
                times_bare(result, i, CALL_GARBAGE), widest);
    }
}

void print_figures(FILE *out, const struct report *report)
{
    const struct result *result = find_main(report->results, report->count);

    fprintf(
        out,
        "Medians of %u interleaved repetitions on one processor. Latency is that of a chain of\n"
        "lookups less the chain's own. Spread: half of the distance between the quartiles, in\n"
        "per cent, of the widest of the first four columns.\n",
        report->repetitions);
    for (size_t i = 0; i < report->count; i++)
        print_scenario(out, &report->results[i]);
    fprintf(
        out,
        "\nTwo readers with a writer (%.0f claims and releases a second); throughput, ns a word\n"
        "of a reader's processor time (x bare; x alone)\n",
        report->shared->updates_per_second);
    for (unsigned i = BARE; i < POINTER; i++) {
        const struct spread *ns = &report->shared->ns[i];

        fprintf(out, "%-24s %6.3f (%5.2f) (%5.2f)  spread %.0f %%\n", result->figures[i].map,
                ns->median, ns->median / report->shared->ns[BARE].median,
                ns->median / result->figures[i].ns[THROUGHPUT].median, spread_percent(ns));
    }
}

/* ---- Goals ---- */

typedef double value_of(const struct result *result, unsigned subject);

static double latency(const struct result *result, unsigned subject)
{
    return times_bare(result, subject, LATENCY);
}

static double throughput(const struct result *result, unsigned subject)
{
    return times_bare(result, subject, THROUGHPUT);
}

static double more_latency(const struct result *result, unsigned subject)
{
    return more_ns(result, subject, LATENCY);
}

static double more_throughput(const struct result *result, unsigned subject)
{
    return more_ns(result, subject, THROUGHPUT);
}

static double before(const struct result *result, unsigned subject)
{
    unsigned form = (subject - CONCRETE) % 3;

    return result->figures[BEFORE + form].ns[THROUGHPUT].median /
           result->figures[subject].ns[THROUGHPUT].median;
}

static const struct goal {
    const char *name;
    value_of *value;
    double limit;
    unsigned subject;
    bool at_least;
} goals[] = {
    {"space: latency, x bare", latency, 1.2, 1, false},
    {"space: throughput, x bare", throughput, 1.15, 1, false},
    {"space: 50 % garbage, x clean", times_clean, 1.1, 1, false},
    {"dense: latency, x bare", latency, 1.4, 2, false},
    {"dense: throughput, x bare", throughput, 1.6, 2, false},
    {"dense: 50 % garbage, x clean", times_clean, 1.15, 2, false},
    {"sparse: latency, x bare", latency, 1.4, 3, false},
    {"sparse: throughput, x bare", throughput, 1.6, 3, false},
    {"sparse: 50 % garbage, x clean", times_clean, 1.15, 3, false},
    {"selected space: latency, ns more", more_latency, 0.15, 4, false},
    {"selected dense: latency, ns more", more_latency, 0.15, 5, false},
    {"selected sparse: latency, ns more", more_latency, 0.15, 6, false},
    {"selected space: throughput, ns more", more_throughput, 0.15, 4, false},
    {"selected dense: throughput, ns more", more_throughput, 0.15, 5, false},
    {"selected sparse: throughput, ns more", more_throughput, 0.15, 6, false},
    {"space: throughput, times before", before, 4, 1, true},
    {"dense: throughput, times before", before, 4, 2, true},
    {"sparse: throughput, times before", before, 4, 3, true},
    {"selected space: times before", before, 4, 4, true},
    {"selected dense: times before", before, 4, 5, true},
    {"selected sparse: times before", before, 4, 6, true},
};

static void print_goal(FILE *out, const struct report *report, const struct goal *goal)
{
    double values[64], at_main;
    size_t count = 0, missed = 0;
    struct spread spread;

    for (size_t i = 0; i < report->count; i++) {
        const struct result *result = &report->results[i];
        double value;

        if (!result->figures[goal->subject].measured)
            continue;
        value = goal->value(result, goal->subject);
        values[count++] = value;
        missed += goal->at_least ? value < goal->limit : value > goal->limit;
    }
    at_main = goal->value(find_main(report->results, report->count), goal->subject);
    spread = spread_of(values, count);
    fprintf(out, "%-38s %2s %5.2f %12.2f %10.2f %10.2f  ", goal->name,
            goal->at_least ? ">=" : "<=", goal->limit, at_main, spread.median,
            goal->at_least ? values[0] : values[count - 1]);
    if (missed == 0)
        fprintf(out, "met\n");
    else
        fprintf(out, "MISSED in %zu of %zu\n", missed, count);
}

void print_goals(FILE *out, const struct report *report)
{
    fprintf(out, "\n%-38s %8s %12s %10s %10s\n", "goal", "", "4 sp., 1 GiB", "median of",
            "worst of");
    fprintf(out, "%-38s %8s %12s %10s %10s\n", "", "", "contiguous", "streams", "streams");
    for (size_t i = 0; i < sizeof goals / sizeof *goals; i++)
        print_goal(out, report, &goals[i]);
    for (enum ter_sft_map_kind kind = 0; kind <= TER_SFT_SPARSE_MAP; kind++) {
        const struct start_result *start = report->start;

        fprintf(out, "%s: create, microseconds %*s <= 50 %14.1f %30s\n",
                ter_sft_map_kind_name(kind), 15 - (int)strlen(ter_sft_map_kind_name(kind)), "",
                start->create_us[kind].median,
                start->create_us[kind].median <= 50 ? "met" : "MISSED");
        fprintf(out, "%s: resident after 1 GiB, KiB %*s <= 64 %14.0f %30s\n",
                ter_sft_map_kind_name(kind), 10 - (int)strlen(ter_sft_map_kind_name(kind)), "",
                start->resident_kib[kind],
                start->resident_kib[kind] < 0     ? "not measured"
                : start->resident_kib[kind] <= 64 ? "met"
                                                  : "MISSED");
    }
}

/* ---- JSON ---- */

static void print_row(FILE *out, const char **separator, const struct result *result,
                      const char *map, const char *suffix, const char *metric, double ns,
                      double x_bare)
{
    fprintf(out,
            "%s  {\"map\": \"%s\", \"stream\": \"%s%s\", \"spaces\": %u, \"bytes\": %zu, "
            "\"metric\": \"%s\", \"ns\": %.4f, \"x_bare\": %.3f}",
            *separator, map, owners_name(result), suffix, result->spaces, (size_t)result->bytes,
            metric, ns, x_bare);
    *separator = ",\n";
}

void print_json(FILE *out, const struct report *report)
{
    static const struct {
        const char *name, *suffix;
    } metrics[METRICS] = {
        [LATENCY] = {"latency", ""},
        [THROUGHPUT] = {"throughput", ""},
        [GARBAGE] = {"garbage", ""},
        [CALL] = {"call", ""},
        [LATENCY_GARBAGE] = {"latency", "-garbage"},
        [CALL_GARBAGE] = {"call", "-garbage"},
    };
    const struct result *result = find_main(report->results, report->count);
    const struct shared_result *shared = report->shared;
    const char *separator = "[\n";

    for (size_t i = 0; i < report->count; i++)
        for (unsigned subject = 0; subject < SUBJECTS_MAX; subject++)
            for (enum metric metric = 0; metric < METRICS; metric++) {
                const struct figures *figures = &report->results[i].figures[subject];

                if (figures->measured)
                    print_row(out, &separator, &report->results[i], figures->map,
                              metrics[metric].suffix, metrics[metric].name,
                              figures->ns[metric].median,
                              times_bare(&report->results[i], subject, metric));
            }
    for (unsigned subject = BARE; subject < POINTER; subject++)
        print_row(out, &separator, result, result->figures[subject].map, "-writer", "throughput",
                  shared->ns[subject].median, shared->ns[subject].median / shared->ns[BARE].median);
    fprintf(out, "\n]\n");
}
