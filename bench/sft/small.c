/* SPDX-License-Identifier: MIT */
/* Small things that every other file uses: time, ends, spreads. */
#define _GNU_SOURCE
#include "bench.h"

#include <stdlib.h>
#include <time.h>

double now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

_Noreturn void stop(const char *what)
{
    fprintf(stderr, "sft: %s\n", what);
    exit(1);
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

struct spread spread_of(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return (struct spread){values[count / 2], values[count / 4], values[count - 1 - count / 4]};
}
