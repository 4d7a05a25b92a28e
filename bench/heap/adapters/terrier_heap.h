/* SPDX-License-Identifier: MIT */
/* Terrier through its public interface, for both sorts of stacks: what is on no hot path, and
 * allocation, which is inline. ADAPTER_STACKS is the value of the option stacks. */
#ifndef BENCH_HEAP_TERRIER_HEAP_H
#define BENCH_HEAP_TERRIER_HEAP_H

#include <terrier/terrier.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bench.h"

_Noreturn void bench_out_of_memory(void);

struct adapter_state {
    struct ter_heap *heap;
    unsigned kinds[BENCH_KINDS_MOST];
    unsigned plain_kind;
    struct ter_object_layout layouts[BENCH_KINDS_MOST];
    uint64_t minors, minor_objects, major_objects, live_objects;
};

extern struct adapter_state adapter;

typedef struct ter_mutator bench_mutator;

struct adapter_thread {
    char unused;
};

#define BENCH_FREES 0
#ifdef BENCH_WITH_EPHEMERONS /* the library has them: see cmake/benches.cmake */
#define BENCH_EPHEMERONS 1
#define ADAPTER_EPHEMERONS TER_KIND_EPHEMERONS
#else
#define BENCH_EPHEMERONS 0
#define ADAPTER_EPHEMERONS 0
#endif

/* ---- The heap ---- */

static inline void adapter_check(ter_status status, const char *message)
{
    if (status == TER_OK)
        return;
    fprintf(stderr, "bench: %s: %s\n", message, ter_status_message(status));
    exit(status == TER_ERROR_NO_MEMORY ? BENCH_OUT_OF_MEMORY : 1);
}

static inline struct ter_slots adapter_slots(uint64_t bitmap)
{
    struct ter_slots slots = {NULL, 0, bitmap};

    return slots;
}

static inline void adapter_add_kind(unsigned number, const struct bench_kind *kind)
{
    struct ter_object_layout *layout = &adapter.layouts[number];
    struct ter_kind_description description = {.layout = layout,
                                               .flags = kind->ephemerons ? ADAPTER_EPHEMERONS : 0};

    layout->header_bytes = kind->header_bytes;
    layout->header = adapter_slots(kind->header_slots);
    layout->element_bytes = kind->element_bytes;
    layout->element = adapter_slots(kind->element_slots);
    adapter_check(ter_kind_define(adapter.heap, &description, &adapter.kinds[number]), "a kind");
}

static inline void adapter_add_kinds(const struct bench_kind *kinds, unsigned count)
{
    struct ter_kind_description plain = {.flags = TER_KIND_NO_SLOTS | TER_KIND_FILLED};

    for (unsigned i = 0; i < count; i++)
        adapter_add_kind(i, &kinds[i]);
    adapter_check(ter_kind_define(adapter.heap, &plain, &adapter.plain_kind), "a plain kind");
}

/* How many objects collections went through: of young ones, what they made old. */
static inline void adapter_passed(void *context, const struct ter_collection_event *event)
{
    (void)context;
    if (event->phase != TER_PHASE_RELEASED)
        return;
    if (event->young) {
        adapter.minors++;
        adapter.minor_objects += event->live_objects - adapter.live_objects;
    } else {
        adapter.major_objects += event->live_objects;
    }
    adapter.live_objects = event->live_objects;
}

static inline void adapter_open(const struct bench_settings *settings,
                                const struct bench_kind *kinds, unsigned count)
{
    struct ter_options options;
    char message[256] = "options";

    ter_options_init(&options);
    options.markers = settings->markers;
    strcpy(options.stacks, ADAPTER_STACKS);
    options.barriers = 1; /* with scanned stacks too: programs announce their stores */
    if (settings->heap_bytes != 0) {
        options.heap_initial = settings->heap_bytes;
        options.heap_max = settings->heap_bytes;
    }
    adapter_check(ter_options_parse(&options, settings->options, message, sizeof message), message);
    adapter_check(ter_heap_new(&options, &adapter.heap), "a heap");
    adapter_add_kinds(kinds, count);
    ter_heap_on_collection(adapter.heap, adapter_passed, NULL);
}

static inline void adapter_close(void)
{
    ter_heap_free(adapter.heap);
}

static inline bench_mutator *adapter_bind(struct adapter_thread *thread)
{
    bench_mutator *m;

    (void)thread;
    adapter_check(ter_mutator_bind(adapter.heap, &m), "a mutator");
    return m;
}

static inline void adapter_unbind(struct adapter_thread *thread, bench_mutator *m)
{
    (void)thread;
    ter_mutator_unbind(m);
}

static inline void adapter_figures(struct bench_figures *figures)
{
    struct ter_statistics statistics;

    ter_heap_statistics(adapter.heap, &statistics, sizeof statistics);
    figures->collections = statistics.collections;
    figures->stopped_ns = statistics.pause_total_ns;
    figures->pause_max_ns = statistics.pause_max_ns;
    figures->pause_median_ns = statistics.pause_median_ns;
    figures->minors = adapter.minors;
    figures->minor_objects = adapter.minor_objects;
    figures->major_objects = adapter.major_objects;
    if (statistics.collections_young == 0)
        return;
    figures->minor_max_ns = statistics.pause_young_max_ns;
    figures->minor_median_ns = statistics.pause_young_median_ns;
}

static inline void adapter_collect(bench_mutator *m)
{
    ter_collect(m);
}

/* ---- Objects ---- */

static inline __attribute__((always_inline)) void *adapter_new(bench_mutator *m, unsigned kind,
                                                               size_t bytes)
{
    void *object = ter_allocate_inline(m, kind, bytes);

    if (__builtin_expect(object == NULL, 0))
        bench_out_of_memory();
    return object;
}

#define bench_new(m, kind, bytes) adapter_new((m), adapter.kinds[kind], (bytes))
#define bench_new_plain(m, bytes) adapter_new((m), adapter.plain_kind, (bytes))
#define bench_free(m, object) ((void)(m), (void)(object))
#define bench_store(m, object, field, value) TER_STORE(m, object, field, value)
#define bench_fill(object, field, value) ((void)((field) = (value)))
#define bench_poll(m) ter_poll(m)

#endif
