/* SPDX-License-Identifier: MIT */
/* Tracing as in trace.c, but from each object to ones that lie anywhere: a tree of all objects,
 * whose ranks were dealt to places without order. Such a collection is measured once, as plans that
 * move objects bring them into order. Before it objects have been collected once, from a table that
 * is dropped then. */
#include "traced.h"

enum { SIZE_DEFAULT = 12 };

/* A number below `count`, another one for each `rank`: steps that can be undone within a power of
 * two, until it is below. */
static size_t place_of(uint64_t rank, uint64_t count)
{
    unsigned bits = 1;
    uint64_t mask;

    while (count > UINT64_C(1) << bits)
        bits++;
    mask = (UINT64_C(1) << bits) - 1;
    do {
        rank = (rank * 0x9e3779b97f4a7c15 + 0x2545f4914f6cdd1d) & mask;
        rank ^= rank >> (bits / 2 + 1);
        rank = rank * 0xbf58476d1ce4e5b9 & mask;
        rank ^= rank >> (bits / 2 + 1);
    } while (rank >= count);
    return (size_t)rank;
}

static struct object *object_of(const struct table *table, uint64_t rank, size_t count)
{
    return rank < count ? table->places[place_of(rank, count)] : NULL;
}

static void connect(bench_mutator *m, const struct table *table, size_t count)
{
    for (uint64_t rank = 0; rank < count; rank++) {
        struct object *object = object_of(table, rank, count);
        object->number = rank;
        bench_store(m, object, object->left, object_of(table, 2 * rank + 1, count));
        bench_store(m, object, object->right, object_of(table, 2 * rank + 2, count));
    }
}

/* Along the way from the top to each of the last ranks. */
static uint64_t sum_of(const struct object *top, size_t count)
{
    uint64_t sum = 0;

    for (uint64_t last = count - count / 16; last < count; last++) {
        const struct object *object = top;
        unsigned depth = 63 - (unsigned)__builtin_clzll(last + 1);
        while (depth-- > 0)
            object = (last + 1) >> depth & 1 ? object->right : object->left;
        if (object->number != last)
            bench_wrong("the rank of an object", object->number, last);
        sum = bench_sum(sum, object->number);
    }
    return sum;
}

static void free_tree(bench_mutator *m, struct object *tree)
{
    if (!BENCH_FREES || tree == NULL)
        return;
    free_tree(m, tree->left);
    free_tree(m, tree->right);
    bench_free(m, tree);
}

static uint64_t run(bench_mutator *m, size_t size)
{
    size_t count = objects_of(size);
    uint64_t sum;

    BENCH_ROOTS(m, r, struct table * table; struct object * top;);
    r.table = (struct table *)bench_new(m, KIND_TABLE, count * sizeof(void *));
    for (size_t i = 0; i < count; i++) {
        struct object *object = (struct object *)bench_new(m, KIND_OBJECT, sizeof *object);
        bench_store(m, r.table, r.table->places[i], object);
    }
    adapter_collect(m);
    connect(m, r.table, count);
    r.top = object_of(r.table, 0, count);
    bench_free(m, r.table);
    r.table = NULL;
    say_trace(m, 1, count);
    sum = sum_of(r.top, count);
    free_tree(m, r.top);
    BENCH_ROOTS_END(m, r);
    return sum;
}

static uint64_t live_bytes(size_t size)
{
    return (uint64_t)objects_of(size) * (sizeof(void *) + sizeof(struct object));
}

const struct bench_program bench_program = {.default_size = SIZE_DEFAULT,
                                            .kinds = traced_kinds,
                                            .kind_count = TRACED_KINDS,
                                            .one_mutator = true,
                                            .live_bytes = live_bytes,
                                            .run = run};
