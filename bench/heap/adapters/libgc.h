/* SPDX-License-Identifier: MIT */
/*
 * The system's libgc in its best form: each thread takes small objects off lists of its own
 * (gc_inline.h); threads are on; objects are found by their first byte where the heap refers to
 * them; the whole heap is there from the start and does not grow.
 */
#ifndef BENCH_HEAP_LIBGC_H
#define BENCH_HEAP_LIBGC_H

/* Its checks are not to be measured. */
#define GC_ASSERT(expression)
#define GC_THREADS
#define GC_NO_THREAD_REDIRECTS
#include <gc/gc.h>
#include <gc/gc_inline.h>
#include <gc/gc_mark.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../bench.h"

_Noreturn void bench_out_of_memory(void);
uint64_t bench_now_ns(void);

enum { ADAPTER_PAUSES_MOST = 1 << 16, ADAPTER_MUTATORS_MOST = 16 };

/* Lies on the thread's stack, which is scanned: what the lists hold stays theirs. */
typedef struct bench_mutator {
    void *lists[2][GC_TINY_FREELISTS];
} bench_mutator;

struct adapter_state {
    bench_mutator *mutators[ADAPTER_MUTATORS_MOST];
    GC_push_other_roots_proc push_others;
    uint64_t began_ns;
    uint64_t stopped_ns;
    uint64_t collections;
    uint64_t *pauses_ns;
    size_t pause_count;
};

extern struct adapter_state adapter;

struct adapter_thread {
    bench_mutator mutator;
    struct GC_stack_base base;
    int registered;
};

#define BENCH_FREES 0
#define BENCH_EPHEMERONS 0

/* ---- The heap ---- */

static inline void adapter_end_pause(void)
{
    uint64_t pause_ns = bench_now_ns() - adapter.began_ns;

    adapter.stopped_ns += pause_ns;
    adapter.collections++;
    if (adapter.pause_count < ADAPTER_PAUSES_MOST)
        adapter.pauses_ns[adapter.pause_count++] = pause_ns;
}

static void GC_CALLBACK adapter_event(GC_EventType event)
{
    if (event == GC_EVENT_PRE_STOP_WORLD)
        adapter.began_ns = bench_now_ns();
    else if (event == GC_EVENT_POST_START_WORLD)
        adapter_end_pause();
}

/* Cells without references are not scanned, so nothing but this leads from one to the next. */
static inline void adapter_mark_list(void *cell)
{
    for (; cell != NULL; cell = *(void **)cell)
        GC_set_mark_bit(cell);
}

static void GC_CALLBACK adapter_push_roots(void)
{
    adapter.push_others();
    for (unsigned i = 0; i < ADAPTER_MUTATORS_MOST; i++)
        for (unsigned k = 0; adapter.mutators[i] != NULL && k < GC_TINY_FREELISTS; k++)
            adapter_mark_list(adapter.mutators[i]->lists[GC_I_PTRFREE][k]);
}

static inline void adapter_open(const struct bench_settings *settings,
                                const struct bench_kind *kinds, unsigned count)
{
    (void)kinds;
    (void)count;
    adapter.pauses_ns = (uint64_t *)malloc(ADAPTER_PAUSES_MOST * sizeof *adapter.pauses_ns);
    GC_set_all_interior_pointers(0);
    GC_set_markers_count(settings->markers);
    GC_set_warn_proc(GC_ignore_warn_proc);
    if (settings->heap_bytes != 0)
        GC_set_max_heap_size(settings->heap_bytes);
    GC_INIT();
    GC_set_on_collection_event(adapter_event);
    adapter.push_others = GC_get_push_other_roots();
    GC_set_push_other_roots(adapter_push_roots);
    if (settings->heap_bytes > GC_get_heap_size())
        GC_expand_hp(settings->heap_bytes - GC_get_heap_size());
    GC_allow_register_threads();
}

static inline void adapter_close(void)
{
    free(adapter.pauses_ns);
}

/* Under the collector's lock: the first place with `is` becomes the other. */
struct adapter_change {
    bench_mutator *is, *becomes;
};

static inline void *adapter_change_list(void *data)
{
    const struct adapter_change *change = (const struct adapter_change *)data;
    unsigned i = 0;

    while (adapter.mutators[i] != change->is)
        i++;
    adapter.mutators[i] = change->becomes;
    return NULL;
}

static inline void adapter_replace(bench_mutator *is, bench_mutator *becomes)
{
    struct adapter_change change = {is, becomes};

    GC_call_with_alloc_lock(adapter_change_list, &change);
}

static inline bench_mutator *adapter_bind(struct adapter_thread *thread)
{
    memset(&thread->mutator, 0, sizeof thread->mutator);
    GC_get_stack_base(&thread->base);
    thread->registered = GC_register_my_thread(&thread->base) == GC_SUCCESS;
    adapter_replace(NULL, &thread->mutator);
    return &thread->mutator;
}

static inline void adapter_unbind(struct adapter_thread *thread, bench_mutator *m)
{
    adapter_replace(m, NULL);
    if (thread->registered)
        GC_unregister_my_thread();
}

static inline int adapter_compare(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

    return (first > second) - (first < second);
}

static inline void adapter_figures(struct bench_figures *figures)
{
    size_t count = adapter.pause_count;

    qsort(adapter.pauses_ns, count, sizeof *adapter.pauses_ns, adapter_compare);
    figures->collections = adapter.collections;
    figures->stopped_ns = adapter.stopped_ns;
    figures->pause_max_ns = count != 0 ? adapter.pauses_ns[count - 1] : 0;
    figures->pause_median_ns = count != 0 ? adapter.pauses_ns[count / 2] : 0;
}

static inline void adapter_collect(bench_mutator *m)
{
    (void)m;
    GC_gcollect();
}

/* ---- Objects ---- */

/* With its size known, the compiler leaves a load, a branch, a load and two stores. */
static inline __attribute__((always_inline)) void *adapter_new(bench_mutator *m, size_t bytes,
                                                               int kind)
{
    size_t granules = (bytes + GC_GRANULE_BYTES - 1) / GC_GRANULE_BYTES;
    void *object;

    GC_FAST_MALLOC_GRANS(object, granules, m->lists[kind], 0, kind, GC_malloc_kind(bytes, kind),
                         if (kind == GC_I_NORMAL) * (void **)object = NULL);
    if (__builtin_expect(object == NULL, 0))
        bench_out_of_memory();
    return object;
}

#define bench_new(m, kind, bytes) adapter_new((m), (bytes), GC_I_NORMAL)
#define bench_new_plain(m, bytes) adapter_new((m), (bytes), GC_I_PTRFREE)
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
