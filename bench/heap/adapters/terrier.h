/* SPDX-License-Identifier: MIT */
/* Terrier through its public interface, with ambiguous stacks. */
#ifndef BENCH_HEAP_TERRIER_H
#define BENCH_HEAP_TERRIER_H

#include <terrier/terrier.h>

#include <stdio.h>
#include <stdlib.h>

#include "../bench.h"

_Noreturn void bench_out_of_memory(void);

struct adapter_state {
    struct ter_heap *heap;
    unsigned kinds[BENCH_KINDS_MOST];
    struct ter_object_layout layouts[BENCH_KINDS_MOST];
};

extern struct adapter_state adapter;

typedef struct ter_mutator bench_mutator;

struct adapter_thread {
    char unused;
};

#define BENCH_FREES 0
#define BENCH_CAN_EPHEMERONS 0

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

    layout->header_bytes = kind->header_bytes;
    layout->header = adapter_slots(kind->header_slots);
    layout->element_bytes = kind->element_bytes;
    layout->element = adapter_slots(kind->element_slots);
    adapter_check(ter_kind_add_layout(adapter.heap, layout, &adapter.kinds[number]), "a kind");
}

static inline void adapter_open(const struct bench_settings *settings,
                                const struct bench_kind *kinds, unsigned count)
{
    struct ter_options options;
    char message[256] = "options";

    ter_options_init(&options);
    options.markers = settings->markers;
    options.scan_libraries = 0;
    if (settings->heap_bytes != 0) {
        options.heap_initial = settings->heap_bytes;
        options.heap_max = settings->heap_bytes;
    }
    adapter_check(ter_options_parse(&options, settings->options, message, sizeof message), message);
    adapter_check(ter_heap_new(&options, &adapter.heap), "a heap");
    for (unsigned i = 0; i < count; i++)
        adapter_add_kind(i, &kinds[i]);
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
}

static inline void adapter_collect(bench_mutator *m)
{
    ter_collect(m);
}

/* ---- Objects ---- */

static inline void *adapter_checked(void *object)
{
    if (__builtin_expect(object == NULL, 0))
        bench_out_of_memory();
    return object;
}

#define bench_new(m, kind, bytes) adapter_checked(ter_allocate((m), adapter.kinds[kind], (bytes)))
#define bench_new_plain(m, bytes) adapter_checked(ter_allocate((m), TER_KIND_ATOMIC, (bytes)))
#define bench_free(m, object) ((void)(m), (void)(object))
#define bench_store(m, object, field, value) ((void)(m), (void)((field) = (value)))
#define bench_fill(object, field, value) ((void)((field) = (value)))
#define bench_poll(m) ((void)(m))

/* ---- Roots ---- */

#define BENCH_ROOTS(m, name, ...)                                                                  \
    struct {                                                                                       \
        __VA_ARGS__                                                                                \
    } name = {0};                                                                                  \
    (void)(m)
#define BENCH_ROOTS_END(m, name) ((void)(m), (void)(name))

#endif
