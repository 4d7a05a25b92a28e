/* SPDX-License-Identifier: MIT */
/* What trace.c and scattered.c have in common: objects of 32 bytes, two references each, and the
 * time of a collection of all that lives. SIZE is MiB of such objects. */
#ifndef BENCH_HEAP_TRACED_H
#define BENCH_HEAP_TRACED_H

#include "bench.h"

enum kind { KIND_OBJECT, KIND_TABLE, TRACED_KINDS };

struct object {
    struct object *left;
    struct object *right;
    uint64_t number;
    uint64_t other;
};

struct table {
    struct object *places[1];
};

static const struct bench_kind traced_kinds[] = {
    [KIND_OBJECT] = {.header_bytes = sizeof(struct object), .header_slots = 3},
    [KIND_TABLE] = {.element_bytes = sizeof(void *), .element_slots = 1}};

enum { OBJECT_BYTES = 32 }; /* where addresses have 64 bits */

static inline size_t objects_of(size_t size)
{
    return size * (((size_t)1 << 20) / OBJECT_BYTES);
}

static inline double time_of_collection(bench_mutator *m)
{
    uint64_t start_ns = bench_now_ns();

    adapter_collect(m);
    return (double)(bench_now_ns() - start_ns);
}

/** Says the least of some times: what disturbs a collection makes it longer. */
static inline void say_trace(bench_mutator *m, unsigned times, size_t objects)
{
    double least_ns = time_of_collection(m);

    for (unsigned i = 1; i < times; i++) {
        double ns = time_of_collection(m);
        if (ns < least_ns)
            least_ns = ns;
    }
    bench_say("trace_ns", (uint64_t)least_ns);
    bench_say("live_objects", objects);
}

#endif
