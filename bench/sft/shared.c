/* SPDX-License-Identifier: MIT */
/*
 * Two readers while a third thread claims and releases, and what a map costs to have.
 *
 * Readers are timed by their own processor time: three threads may have fewer processors than that.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { READERS = 2, PASSES = 8, STARTS = 101 };

struct work {
    const struct scenario *scenario;
    const struct kernels *kernels;
    const void *looked_up;
    const struct ter_sft_map *changed; /* by the writer */
    unsigned repetitions;
    bool end; /* atomic */
    size_t updates;
};

struct reader {
    struct work *work;
    double *samples;
};

static double thread_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void *read_words(void *argument)
{
    const struct reader *reader = argument;
    const struct work *work = reader->work;

    for (unsigned i = 0; i < work->repetitions; i++) {
        double start = thread_ns();

        for (unsigned pass = 0; pass < PASSES; pass++)
            work->kernels->throughput(work->looked_up, work->scenario->clean, WORDS);
        reader->samples[i] = (thread_ns() - start) / (PASSES * WORDS);
    }
    return NULL;
}

/* Claims and releases the region behind the last one, every 10 microseconds and some. */
static void *change_owners(void *argument)
{
    struct work *work = argument;
    const struct scenario *scenario = work->scenario;
    const struct ter_sft_map *map = work->changed;
    const struct ter_sft *space = scenario->record[map->kind][0];
    uintptr_t region = SCENARIO_START + scenario->bytes;
    const struct timespec pause = {.tv_nsec = 10000};

    while (!__atomic_load_n(&work->end, __ATOMIC_ACQUIRE)) {
        if (ter_sft_map_claim(map, space, region, TER_SFT_BYTES_IN_CHUNK, NULL) != TER_OK ||
            ter_sft_map_release(map, space, region, TER_SFT_BYTES_IN_CHUNK, NULL) != TER_OK)
            stop("the writer cannot claim or release");
        work->updates += 2;
        nanosleep(&pause, NULL);
    }
    return NULL;
}

static struct spread run(struct work *work)
{
    pthread_t writer, threads[READERS];
    struct reader readers[READERS];
    double *samples = calloc(READERS * work->repetitions, sizeof *samples);
    struct spread spread;

    if (samples == NULL || pthread_create(&writer, NULL, change_owners, work) != 0)
        stop("cannot start the writer");
    for (unsigned i = 0; i < READERS; i++) {
        readers[i] = (struct reader){work, samples + i * work->repetitions};
        if (pthread_create(&threads[i], NULL, read_words, &readers[i]) != 0)
            stop("cannot start a reader");
    }
    for (unsigned i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    __atomic_store_n(&work->end, true, __ATOMIC_RELEASE);
    pthread_join(writer, NULL);
    spread = spread_of(samples, READERS * work->repetitions);
    free(samples);
    return spread;
}

void measure_shared(const struct scenario *scenario, unsigned repetitions,
                    struct shared_result *result)
{
    static const struct kernels *const kernels[] = {
        &bare_kernels,     &space_kernels,    &dense_kernels,   &sparse_kernels,
        &selected_kernels, &selected_kernels, &selected_kernels};
    double updates = 0, start = now_ns();

    for (unsigned subject = BARE; subject < POINTER; subject++) {
        unsigned form = subject == BARE ? TER_SFT_SPARSE_MAP : (subject - CONCRETE) % 3;
        struct work work = {.scenario = scenario,
                            .kernels = kernels[subject],
                            .looked_up = &scenario->map[form],
                            .changed = &scenario->map[form],
                            .repetitions = repetitions};

        if (subject == BARE)
            work.looked_up = &scenario->bare;
        result->ns[subject] = run(&work);
        updates += (double)work.updates;
    }
    result->updates_per_second = updates / ((now_ns() - start) / 1e9);
}

/* ---- What a map costs to have ---- */

static void make_options(struct ter_sft_map_options *options, enum ter_sft_map_kind kind)
{
    *options = (struct ter_sft_map_options){.kind = kind, .log_slot_bytes = 41};
    options->start = kind == TER_SFT_SPARSE_MAP ? SCENARIO_START : 0;
    options->bytes = kind == TER_SFT_SPACE_MAP   ? (uintptr_t)32 << 41
                     : kind == TER_SFT_DENSE_MAP ? (uintptr_t)1 << 47
                                                 : (uintptr_t)1 << 47;
}

/* Resident memory of the process in KiB, counted page by page by the kernel; below 0: not known. */
static double resident_kib(void)
{
    char line[256];
    double kib = -1;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");

    if (file == NULL)
        return kib;
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "Rss:", 4) == 0)
            kib = strtod(line + 4, NULL);
    fclose(file);
    return kib;
}

static double measure_resident(enum ter_sft_map_kind kind)
{
    struct ter_sft functions = {.kind = TER_SPACE_OTHER, .name = "bench"}, *space;
    struct ter_sft_map_options options;
    struct ter_sft_map map;
    double before, after = 0;

    make_options(&options, kind);
    /* Once before, so that what reading and claiming need for themselves is there. */
    for (unsigned i = 0;; i++) {
        before = resident_kib();
        if (ter_sft_map_create(&map, &options) != TER_OK ||
            ter_sft_map_add_space(&map, &functions, &space) != TER_OK ||
            ter_sft_map_claim(&map, space, SCENARIO_START, (uintptr_t)1 << 30, NULL) != TER_OK)
            stop("cannot create a map and claim 1 GiB");
        after = resident_kib();
        ter_sft_map_destroy(&map);
        if (i == 2)
            return before < 0 || after < 0 ? -1 : after - before;
    }
}

void measure_start(struct start_result *result)
{
    double samples[STARTS];

    for (enum ter_sft_map_kind kind = 0; kind <= TER_SFT_SPARSE_MAP; kind++) {
        struct ter_sft_map_options options;

        make_options(&options, kind);
        for (unsigned i = 0; i < STARTS; i++) {
            struct ter_sft_map map;
            double start = now_ns();

            if (ter_sft_map_create(&map, &options) != TER_OK)
                stop("cannot create a map");
            samples[i] = (now_ns() - start) / 1000;
            ter_sft_map_destroy(&map);
        }
        result->create_us[kind] = spread_of(samples, STARTS);
        result->resident_kib[kind] = measure_resident(kind);
    }
}
