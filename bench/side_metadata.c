/* SPDX-License-Identifier: MIT */
/*
 * Side metadata beside what it is measured by, in one run: bulk changes by memset of as many
 * bytes, searches by a loop that loads one value after another. Prints ratios of speed;
 * above 1 side metadata is faster.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metadata/metadata.h"
#include "os/os.h"

#define TABLE_BYTES TER_MIB(4)
#define ROUNDS 60u

struct bench {
    struct ter_side_spec spec;
    struct ter_side_table table;
    char *memory;
    uintptr_t base;
    size_t bytes; /* of the table, that one call is about */
    uintptr_t start, end;
};

typedef void bench_body(struct bench *bench);

/* Keeps the compiler from leaving out, or joining, what is measured. */
static void use(const void *what)
{
    __asm__ volatile("" : : "g"(what) : "memory");
}

static void zero_ours(struct bench *bench)
{
    ter_side_zero_range(&bench->table, bench->start, bench->end);
}

static void zero_memset(struct bench *bench)
{
    memset(bench->memory, 0, bench->bytes);
}

static void set_ours(struct bench *bench)
{
    ter_side_set_range(&bench->table, bench->start, bench->end);
}

static void set_memset(struct bench *bench)
{
    memset(bench->memory, 0xff, bench->bytes);
}

static void fill_ours(struct bench *bench)
{
    ter_side_fill_range(&bench->table, bench->start, bench->end, 0x1234);
}

static void next_ours(struct bench *bench)
{
    uintptr_t found = 0;

    if (ter_side_find_next_non_zero(&bench->table, bench->start, bench->end, &found))
        abort();
    use(&found);
}

static void next_loop(struct bench *bench)
{
    uintptr_t region = (uintptr_t)1 << bench->spec.log_region;
    uintptr_t at = bench->start;

    while (at < bench->end && ter_side_load(&bench->table, at) == 0)
        at += region;
    if (at < bench->end)
        abort();
}

static void previous_ours(struct bench *bench)
{
    uintptr_t found = 0;

    if (ter_side_find_previous_non_zero(&bench->table, bench->end - 1, bench->start, &found))
        abort();
    use(&found);
}

static void previous_loop(struct bench *bench)
{
    uintptr_t region = (uintptr_t)1 << bench->spec.log_region;
    uintptr_t at = bench->end;

    while (at > bench->start && ter_side_load(&bench->table, at - region) == 0)
        at -= region;
    if (at > bench->start)
        abort();
}

static size_t visited;

static TER_NOINLINE bool count_visit(void *context, uintptr_t address)
{
    (void)context;
    (void)address;
    visited++;
    return true;
}

static ter_side_visitor *volatile visitor = count_visit;

static void each_ours(struct bench *bench)
{
    ter_side_for_each_non_zero(&bench->table, bench->start, bench->end, visitor, NULL);
}

static void each_loop(struct bench *bench)
{
    uintptr_t region = (uintptr_t)1 << bench->spec.log_region;
    ter_side_visitor *visit = visitor;

    for (uintptr_t at = bench->start; at < bench->end; at += region)
        if (ter_side_load(&bench->table, at) != 0 && !visit(NULL, at))
            return;
}

/* Nanoseconds of so many calls. */
static double time_of(struct bench *bench, bench_body *body, unsigned calls)
{
    uint64_t begin = ter_os_now_ns();

    for (unsigned i = 0; i < calls; i++) {
        body(bench);
        use(bench->memory);
    }
    return (double)(ter_os_now_ns() - begin);
}

/*
 * Rounds in turn, about 0.4 ms each, so that both see the same machine; the best of each, since
 * others can only make it slower.
 */
static double speed_ratio(struct bench *bench, bench_body *ours, bench_body *other)
{
    double best = 1e30, best_other = 1e30;
    unsigned calls = 1;

    while (time_of(bench, other, calls) < 4e5)
        calls *= 2;
    for (unsigned i = 0; i < ROUNDS; i++) {
        double time = time_of(bench, other, calls);

        best_other = time < best_other ? time : best_other;
        time = time_of(bench, ours, calls);
        best = time < best ? time : best;
    }
    return best_other / best;
}

/* A table of that width and, in it, `bytes` that begin and end `skew` values off a byte or word. */
static void set_up(struct bench *bench, unsigned log_bits, size_t bytes, unsigned skew)
{
    unsigned log_region = 4;
    uintptr_t region = (uintptr_t)1 << log_region;

    bench->spec = (struct ter_side_spec){"bench", log_bits, log_region, false};
    bench->base = (uintptr_t)1 << 30;
    ter_side_table_over(&bench->table, &bench->spec, bench->memory, bench->base);
    bench->bytes = bytes;
    bench->start = bench->base + skew * region;
    bench->end = bench->base + ((uintptr_t)bytes << bench->table.shift) - skew * region;
}

static void measure_bulk(struct bench *bench)
{
    static const size_t sizes[] = {256, 4096, 32768, 1048576};

    printf("bulk changes of 1-bit values, speed over memset of as many bytes\n");
    printf("%-28s %10s %10s\n", "bytes of the table", "zero", "set");
    for (size_t i = 0; i < TER_ARRAY_LENGTH(sizes); i++)
        for (unsigned skew = 0; skew <= 3; skew += 3) {
            double zero, set;

            set_up(bench, 0, sizes[i], skew);
            zero = speed_ratio(bench, zero_ours, zero_memset);
            set = speed_ratio(bench, set_ours, set_memset);
            printf("%-9zu %-18s %10.2f %10.2f\n", sizes[i],
                   skew == 0 ? "whole words" : "words cut at both ends", zero, set);
        }
    set_up(bench, 4, 32768, 0);
    printf("a pattern of 16 bits, 32768 bytes: %.2f\n\n",
           speed_ratio(bench, fill_ours, zero_memset));
}

/* Every `apart`-th byte of the table holds something; 0: none. */
static void strew(struct bench *bench, size_t apart)
{
    memset(bench->memory, 0, TABLE_BYTES);
    for (size_t at = apart / 2; apart != 0 && at < bench->bytes; at += apart)
        bench->memory[at] = 1;
}

static void measure_searches(struct bench *bench)
{
    printf("searches, speed over a loop of loads; 32768 bytes of the table\n");
    printf("%-8s %10s %10s %22s %22s\n", "bits", "next", "previous", "each, 1 in 512 bytes",
           "each, 1 in 8 bytes");
    for (unsigned log_bits = 0; log_bits <= TER_SIDE_LOG_VALUE_BITS; log_bits++) {
        double next, previous, sparse, dense;

        set_up(bench, log_bits, 32768, 1);
        strew(bench, 0);
        next = speed_ratio(bench, next_ours, next_loop);
        previous = speed_ratio(bench, previous_ours, previous_loop);
        strew(bench, 512);
        sparse = speed_ratio(bench, each_ours, each_loop);
        strew(bench, 8);
        dense = speed_ratio(bench, each_ours, each_loop);
        printf("%-8u %10.1f %10.1f %22.1f %22.1f\n", 1u << log_bits, next, previous, sparse, dense);
    }
}

int main(void)
{
    struct bench bench = {.bytes = 0};
    void *memory;

    if (ter_os_allocate(TABLE_BYTES, &memory) != TER_OK)
        return 1;
    bench.memory = memory;
    measure_bulk(&bench);
    measure_searches(&bench);
    return visited == 0;
}
