/* SPDX-License-Identifier: MIT */
/* Runs one program of bench/heap on one collector, and prints its figures as "name value" lines.
 *
 *     PROGRAM-ADAPTER [--heap BYTES] [--options TEXT] [--markers N] [--mutators N] [--size N]
 *         [--expect SUM]
 *     PROGRAM-ADAPTER --live [--mutators N] [--size N]      only how much lives
 *
 * Times are those of the work with making the heap, without starting the process. */
#include "bench.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct adapter_state adapter;

enum { MUTATORS_MOST = 16 };

static uint64_t expected_sum = BENCH_UNKNOWN;
static struct bench_settings settings = {.options = "", .markers = 1, .mutators = 1};

/* ---- What programs call ---- */

void bench_say(const char *name, uint64_t value)
{
    if (value == BENCH_UNKNOWN)
        printf("%s null\n", name);
    else
        printf("%s %" PRIu64 "\n", name, value);
}

_Noreturn static void end_with(const char *sentence, int status)
{
    fflush(stdout);
    fprintf(stderr, "bench: %s\n", sentence);
    _Exit(status);
}

void bench_wrong(const char *what, uint64_t is, uint64_t should_be)
{
    fprintf(stderr, "bench: %s: %" PRIu64 " instead of %" PRIu64 "\n", what, is, should_be);
    end_with("wrong", 1);
}

void bench_cannot(const char *what)
{
    end_with(what, BENCH_CANNOT);
}

void bench_out_of_memory(void)
{
    end_with("out of memory", BENCH_OUT_OF_MEMORY);
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t bench_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

/* ---- The process ---- */

/* Of this program alone, unlike what getrusage says after exec. */
static uint64_t peak_resident_bytes(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    uint64_t kilobytes = 0;
    char line[256];

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmHWM: %" SCNu64, &kilobytes) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return kilobytes * 1024;
}

static size_t size_of_run(void)
{
    return settings.size != 0 ? settings.size : bench_program.default_size;
}

static uint64_t run_bound(void)
{
    struct adapter_thread thread;
    bench_mutator *m = adapter_bind(&thread);
    uint64_t sum = bench_program.run(m, size_of_run());

    adapter_unbind(&thread, m);
    return sum;
}

static void *run_in_thread(void *sum)
{
    *(uint64_t *)sum = run_bound();
    return NULL;
}

/* All do the same work, so all sums are equal. */
static uint64_t run_all(void)
{
    pthread_t threads[MUTATORS_MOST];
    uint64_t sums[MUTATORS_MOST];

    for (unsigned i = 1; i < settings.mutators; i++)
        if (pthread_create(&threads[i], NULL, run_in_thread, &sums[i]) != 0)
            end_with("no thread", 1);
    sums[0] = run_bound();
    for (unsigned i = 1; i < settings.mutators; i++) {
        pthread_join(threads[i], NULL);
        if (sums[i] != sums[0])
            bench_wrong("the sum of another mutator", sums[i], sums[0]);
    }
    return sums[0];
}

static void run_and_say(void)
{
    struct bench_figures figures;
    uint64_t start_ns = clock_ns(CLOCK_MONOTONIC);
    uint64_t cpu_start_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    uint64_t sum;

    memset(&figures, 0xff, sizeof figures); /* BENCH_UNKNOWN, all of them */
    adapter_open(&settings, bench_program.kinds, bench_program.kind_count);
    sum = run_all();
    bench_say("total_ns", clock_ns(CLOCK_MONOTONIC) - start_ns);
    bench_say("cpu_ns", clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_start_ns);
    adapter_figures(&figures);
    bench_say("stopped_ns", figures.stopped_ns);
    bench_say("max_pause_ns", figures.pause_max_ns);
    bench_say("median_pause_ns", figures.pause_median_ns);
    bench_say("minor_max_ns", figures.minor_max_ns);
    bench_say("minor_median_ns", figures.minor_median_ns);
    bench_say("collections", figures.collections);
    bench_say("minors", figures.minors);
    bench_say("minor_objects", figures.minor_objects);
    bench_say("major_objects", figures.major_objects);
    bench_say("rss_bytes", peak_resident_bytes());
    bench_say("sum", sum);
    if (expected_sum != BENCH_UNKNOWN && sum != expected_sum)
        bench_wrong("the sum", sum, expected_sum);
    adapter_close();
}

/* ---- The command line ---- */

_Noreturn static void usage(void)
{
    fputs("usage: PROGRAM [--live] [--heap BYTES] [--options TEXT] [--markers N] [--mutators N]"
          " [--size N] [--expect SUM]\n",
          stderr);
    exit(2);
}

static uint64_t number(const char *text)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0')
        usage();
    return value;
}

static void set(const char *name, const char *value)
{
    if (strcmp(name, "--options") == 0)
        settings.options = value;
    else if (strcmp(name, "--heap") == 0)
        settings.heap_bytes = (size_t)number(value);
    else if (strcmp(name, "--markers") == 0)
        settings.markers = (unsigned)number(value);
    else if (strcmp(name, "--mutators") == 0)
        settings.mutators = (unsigned)number(value);
    else if (strcmp(name, "--size") == 0)
        settings.size = (size_t)number(value);
    else if (strcmp(name, "--expect") == 0)
        expected_sum = number(value);
    else
        usage();
}

static bool read_arguments(int count, char **arguments)
{
    bool only_live = count > 1 && strcmp(arguments[1], "--live") == 0;

    for (int i = only_live ? 2 : 1; i < count; i += 2) {
        if (i + 1 == count)
            usage();
        set(arguments[i], arguments[i + 1]);
    }
    if (settings.mutators < 1 || settings.mutators > MUTATORS_MOST || settings.markers < 1)
        usage();
    if (settings.mutators > 1 && bench_program.one_mutator)
        bench_cannot("this program is for one mutator");
    return only_live;
}

int main(int count, char **arguments)
{
    bool only_live = read_arguments(count, arguments);

    bench_say("live_bytes", settings.mutators * bench_program.live_bytes(size_of_run()));
    if (!only_live)
        run_and_say();
    return 0;
}
