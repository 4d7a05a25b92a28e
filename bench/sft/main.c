/* SPDX-License-Identifier: MIT */
/* What lookups in the SFT map cost, beside a bare load and beside the design before.
 *
 *     sft [--json] [-n REPETITIONS] [--results FILE] [--plot FILE]
 *
 * Everything is measured in turn, again and again, on one processor; medians are given. */
#define _GNU_SOURCE
#include "bench.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { PASSES = 2, SCENARIOS = 3 * 3 * 2, SHARED_REPETITIONS = 101 };

struct subject {
    const char *name;
    const struct kernels *kernels;
};

/* In the order of the numbers in bench.h: of three that follow each other, one is for each form. */
static const struct subject subjects[SUBJECTS_MAX] = {
    {"bare", &bare_kernels},
    {"space", &space_kernels},
    {"dense", &dense_kernels},
    {"sparse", &sparse_kernels},
    {"selected-space", &selected_kernels},
    {"selected-dense", &selected_kernels},
    {"selected-sparse", &selected_kernels},
    {"pointer-space", &space_pointer_kernels},
    {"pointer-dense", &dense_pointer_kernels},
    {"pointer-sparse", &sparse_pointer_kernels},
    {"pointer-selected-space", &selected_pointer_kernels},
    {"pointer-selected-dense", &selected_pointer_kernels},
    {"pointer-selected-sparse", &selected_pointer_kernels},
    {"before-space", &before_kernels},
    {"before-dense", &before_kernels},
    {"before-sparse", &before_kernels},
};

static double samples[SUBJECTS_MAX][METRICS][MAX_REPETITIONS];
static double chain_samples[MAX_REPETITIONS];

static bool is_form_measured(const struct scenario *scenario, unsigned subject)
{
    bool is_space = subject != BARE && (subject - CONCRETE) % 3 == TER_SFT_SPACE_MAP;

    return !(is_space && scenario->random);
}

static const void *map_of(const struct scenario *scenario, unsigned subject)
{
    unsigned form = subject == BARE ? 0 : (subject - CONCRETE) % 3;

    if (subject == BARE)
        return &scenario->bare;
    if (subject >= BEFORE)
        return &scenario->before[form];
    return &scenario->map[form];
}

/* Nanoseconds a word. A short run goes first, so that the code and its data are in the caches. */
static double time_metric(const struct scenario *scenario, unsigned subject, enum metric metric,
                          uintptr_t zero)
{
    const struct kernels *kernels = subjects[subject].kernels;
    const void *map = map_of(scenario, subject);
    bool garbage = metric == GARBAGE || metric == LATENCY_GARBAGE || metric == CALL_GARBAGE;
    const uintptr_t *words = garbage ? scenario->garbage : scenario->clean;
    double start = 0;

    for (unsigned pass = 0; pass <= PASSES; pass++) {
        size_t count = pass == 0 ? WORDS / 8 : WORDS;

        if (pass == 1)
            start = now_ns();
        if (metric == LATENCY || metric == LATENCY_GARBAGE)
            kernels->latency(map, words, count, zero);
        else if (metric == CALL || metric == CALL_GARBAGE)
            kernels->call(map, words, count);
        else
            kernels->throughput(map, words, count);
    }
    return (now_ns() - start) / (PASSES * WORDS);
}

static double time_chain(const struct scenario *scenario, uintptr_t zero)
{
    double start = now_ns();

    for (unsigned pass = 0; pass < PASSES; pass++)
        chain_latency(scenario->clean, WORDS, zero);
    return (now_ns() - start) / (PASSES * WORDS);
}

static void measure(const struct scenario *scenario, unsigned repetitions, struct result *result)
{
    volatile uintptr_t hidden = 0;
    uintptr_t zero = hidden;

    for (unsigned i = 0; i < repetitions; i++) {
        chain_samples[i] = time_chain(scenario, zero);
        /* Each repetition begins with another subject, so that none always follows the same. */
        for (unsigned j = 0; j < SUBJECTS_MAX; j++) {
            unsigned subject = (i + j) % SUBJECTS_MAX;

            if (!is_form_measured(scenario, subject))
                continue;
            for (enum metric metric = 0; metric < METRICS; metric++)
                samples[subject][metric][i] = time_metric(scenario, subject, metric, zero);
        }
    }
    *result = (struct result){.spaces = scenario->spaces,
                              .bytes = scenario->bytes,
                              .random = scenario->random,
                              .chain = spread_of(chain_samples, repetitions)};
    for (unsigned subject = 0; subject < SUBJECTS_MAX; subject++) {
        struct figures *figures = &result->figures[subject];

        figures->map = subjects[subject].name;
        figures->measured = is_form_measured(scenario, subject);
        for (enum metric metric = 0; figures->measured && metric < METRICS; metric++)
            figures->ns[metric] = spread_of(samples[subject][metric], repetitions);
        /* The chain's own cost is no lookup's. */
        for (enum metric metric = LATENCY; metric <= LATENCY_GARBAGE;
             metric += LATENCY_GARBAGE - LATENCY) {
            figures->ns[metric].median -= result->chain.median;
            figures->ns[metric].low -= result->chain.median;
            figures->ns[metric].high -= result->chain.median;
        }
    }
}

/* The last processor that we may use: the first ones have more of the system's own work. */
static void pin(cpu_set_t *allowed)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof *allowed, allowed) != 0)
        return;
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
        if (CPU_ISSET(cpu, allowed)) {
            CPU_SET(cpu, &one);
            sched_setaffinity(0, sizeof one, &one);
            return;
        }
    }
}

static void write_file(const char *name, void (*print)(FILE *, const struct report *),
                       const struct report *report)
{
    FILE *file = fopen(name, "w");

    if (file == NULL)
        stop("cannot write a file of results");
    print(file, report);
    if (fclose(file) != 0)
        stop("cannot write a file of results");
}

static size_t measure_all(struct result *results, unsigned repetitions,
                          struct shared_result *shared)
{
    static const uintptr_t sizes[] = {(uintptr_t)64 << 20, (uintptr_t)1 << 30, (uintptr_t)16 << 30};
    static const unsigned spaces[] = {1, 4, MAX_SPACES};
    cpu_set_t allowed;
    size_t count = 0;

    for (unsigned i = 0; i < SCENARIOS; i++) {
        bool random = i % 2 != 0;
        unsigned space_count = spaces[i / 2 % 3];
        uintptr_t bytes = sizes[i / 6];
        struct scenario *scenario;

        /* Chunk by chunk at random is the same as contiguous when there is one space. */
        if (random && space_count == 1)
            continue;
        scenario = scenario_create(space_count, bytes, random);
        fprintf(stderr, "sft: %2zu of 15: %u spaces, %zu MiB, %s\n", count + 1, space_count,
                (size_t)(bytes >> 20), random ? "random owners" : "contiguous");
        pin(&allowed);
        measure(scenario, repetitions, &results[count]);
        sched_setaffinity(0, sizeof allowed, &allowed);
        if (find_main(&results[count], 1) != NULL)
            measure_shared(scenario, SHARED_REPETITIONS, shared);
        scenario_destroy(scenario);
        count++;
    }
    return count;
}

int main(int argc, char **argv)
{
    static struct result results[SCENARIOS];
    static struct shared_result shared;
    static struct start_result start;
    struct report report = {results, 0, &shared, &start, 31};
    const char *json_name = NULL, *plot_name = NULL;
    bool json = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "-n") == 0 && i + 1 < argc)
            report.repetitions = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--results") == 0 && i + 1 < argc)
            json_name = argv[++i];
        else if (strcmp(argv[i], "--plot") == 0 && i + 1 < argc)
            plot_name = argv[++i];
        else
            stop("usage: sft [--json] [-n REPETITIONS] [--results FILE] [--plot FILE]");
    }
    if (report.repetitions < 15 || report.repetitions > MAX_REPETITIONS)
        stop("15 to 1001 repetitions");
    measure_start(&start);
    report.count = measure_all(results, report.repetitions, &shared);
    if (json) {
        print_json(stdout, &report);
    } else {
        print_figures(stdout, &report);
        print_goals(stdout, &report);
    }
    if (json_name != NULL)
        write_file(json_name, print_json, &report);
    if (plot_name != NULL)
        write_file(plot_name, print_plot, &report);
    return 0;
}
