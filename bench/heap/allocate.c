/* SPDX-License-Identifier: MIT */
/* Allocation alone: objects of 32 bytes, of which a ring holds the last. SIZE is the number of
 * thousands of objects. */
#include "bench.h"

enum { SIZE_DEFAULT = 40000, RING = 1 << 15 };

enum kind { KIND_OBJECT, KIND_RING };

struct object {
    struct object *other;
    uint64_t number;
    uint64_t words[2];
};

struct ring {
    struct object *places[RING];
};

static const struct bench_kind kinds[] = {
    [KIND_OBJECT] = {.header_bytes = sizeof(struct object), .header_slots = 1},
    [KIND_RING] = {.element_bytes = sizeof(void *), .element_slots = 1}};

static uint64_t sum_of(bench_mutator *m, const struct ring *ring, uint64_t count)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < RING; i++) {
        struct object *object = ring->places[i];
        if (object == NULL)
            continue;
        if (object->number % RING != i || object->number >= count)
            bench_wrong("the number of an object", object->number, i);
        sum = bench_sum(sum, object->number);
        bench_free(m, object);
    }
    return sum;
}

static uint64_t run(bench_mutator *m, size_t size)
{
    uint64_t count = (uint64_t)size * 1000, sum;

    BENCH_ROOTS(m, r, struct ring * ring;);
    r.ring = (struct ring *)bench_new(m, KIND_RING, sizeof *r.ring);
    for (uint64_t i = 0; i < count; i++) {
        struct object *object = (struct object *)bench_new(m, KIND_OBJECT, sizeof *object);
        if (BENCH_FREES)
            bench_free(m, r.ring->places[i % RING]);
        object->number = i;
        bench_store(m, r.ring, r.ring->places[i % RING], object);
    }
    sum = sum_of(m, r.ring, count);
    bench_free(m, r.ring);
    BENCH_ROOTS_END(m, r);
    return sum;
}

static uint64_t live_bytes(size_t size)
{
    (void)size;
    return sizeof(struct ring) + RING * sizeof(struct object);
}

const struct bench_program bench_program = {.default_size = SIZE_DEFAULT,
                                            .kinds = kinds,
                                            .kind_count = sizeof kinds / sizeof *kinds,
                                            .live_bytes = live_bytes,
                                            .run = run};
