/* SPDX-License-Identifier: MIT */
/* How small costs are measured and said: each as a row of heap.json. */
#ifndef BENCH_HEAP_COSTS_H
#define BENCH_HEAP_COSTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { COSTS_REPEATS = 15, COSTS_STEPS = 1 << 20, COSTS_BATCHES_MOST = 4096 };

/** Sorts the numbers and returns the middle one. */
static inline int costs_compare(const void *a, const void *b)
{
    double first = *(const double *)a, second = *(const double *)b;

    return (first > second) - (first < second);
}

static inline double costs_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, costs_compare);
    return count == 0 ? 0 : values[count / 2];
}

static inline double costs_now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/** What reading the clock adds between two readings. */
static inline double costs_clock_ns(void)
{
    double values[COSTS_REPEATS];

    for (unsigned i = 0; i < COSTS_REPEATS; i++) {
        double start = costs_now_ns();
        values[i] = costs_now_ns() - start;
    }
    return costs_median(values, COSTS_REPEATS);
}

static inline void costs_say(const char *name, const char *collector, const char *roots, double ns)
{
    printf("  {\"program\": \"cost/%s\", \"collector\": \"%s\", \"roots\": %s, \"ns\": %.4g}\n",
           name, collector, roots, ns);
}

/** With memory of the system, in bytes. */
static inline void costs_say_with_memory(const char *name, const char *collector, double ns,
                                         double bytes)
{
    printf("  {\"program\": \"cost/%s\", \"collector\": \"%s\", \"roots\": \"exact\", "
           "\"ns\": %.4g, \"rss_mb\": %.4g}\n",
           name, collector, ns, bytes / 1e6);
}

/** Of one step of a loop whose body is `step`, in ns, as the median of some loops. */
#define COSTS_OF_STEP(result, step)                                                                \
    do {                                                                                           \
        double values[COSTS_REPEATS];                                                              \
        for (unsigned repeat = 0; repeat < COSTS_REPEATS; repeat++) {                              \
            double start = costs_now_ns();                                                         \
            for (size_t i = 0; i < COSTS_STEPS; i++) {                                             \
                step;                                                                              \
                __asm__ volatile("" : : : "memory");                                               \
            }                                                                                      \
            values[repeat] = (costs_now_ns() - start) / (double)COSTS_STEPS;                       \
        }                                                                                          \
        (result) = costs_median(values, COSTS_REPEATS);                                            \
    } while (0)

#endif
