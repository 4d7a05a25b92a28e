/* SPDX-License-Identifier: MIT */
/*
 * Figures of the heap, in the terms of the interface. Invariant: those that gc.h calls
 * unsynchronised wait for nothing and may be asked for anywhere.
 */
#include "libgc/libgc.h"

#include <string.h>

struct figures {
    size_t heap, free, since, freed, before;
};

static size_t relaxed(const _Atomic size_t *figure)
{
    return atomic_load_explicit(figure, memory_order_relaxed);
}

/* Counts that run behind those of mutators are less than nothing for a while. */
static size_t not_negative(size_t bytes)
{
    return bytes > SIZE_MAX / 2 ? 0 : bytes;
}

static void read_memory(const struct ter_accounting *accounting, struct figures *figures)
{
    size_t used = relaxed(&accounting->used_bytes);

    figures->heap = ter_max(relaxed(&accounting->limit_bytes), used);
    figures->free = figures->heap - used;
}

/* `exact`: under the lock. Else what mutators have not counted yet is missing. */
static struct figures read_counts(bool exact)
{
    const struct ter_allocator *allocator = &ter_libgc.collector->allocator;
    struct figures figures = {.since = relaxed(&allocator->allocated_since_collection),
                              .freed = relaxed(&allocator->freed_since_collection),
                              .before = relaxed(&allocator->allocated_before)};

    if (exact) {
        figures.since = ter_mutators_allocated(allocator);
        figures.freed = ter_mutators_freed(allocator);
    }
    figures.since = not_negative(figures.since);
    figures.freed = not_negative(figures.freed);
    read_memory(&ter_libgc.collector->ground.accounting, &figures);
    return figures;
}

/* Nobody else changes anything. */
static bool has_lock(const struct ter_allocator *allocator)
{
    return ter_allocator_is_locked_by_me(allocator) ||
           (!ter_allocator_is_locking(allocator) && ter_os_is_single_threaded());
}

/*
 * Never waits: programs ask in callbacks, where this thread has the lock, and in threads that a
 * callback waits for.
 */
static struct figures read_figures(void)
{
    struct ter_allocator *allocator;
    struct figures figures = {0};

    if (ter_libgc.heap == NULL)
        return figures;
    allocator = &ter_libgc.collector->allocator;
    if (has_lock(allocator))
        return read_counts(true);
    if (!ter_allocator_is_locking(allocator) || !ter_lock_try(&allocator->lock))
        return read_counts(false);
    figures = read_counts(true);
    ter_lock_release(&allocator->lock);
    return figures;
}

/* All of one moment; waits for it, unless in a callback, where nothing changes. */
static struct figures read_figures_at_once(void)
{
    struct ter_allocator *allocator;
    struct figures figures = {0};

    if (ter_libgc.heap == NULL)
        return figures;
    allocator = &ter_libgc.collector->allocator;
    if (has_lock(allocator))
        return read_counts(true);
    ter_allocator_lock(allocator);
    figures = read_counts(true);
    ter_allocator_unlock(allocator);
    return figures;
}

/* Of a figure that never decreases: the highest that was said. */
static size_t highest(_Atomic size_t *said, size_t now)
{
    size_t before = relaxed(said);

    while (before < now && !atomic_compare_exchange_weak_explicit(
                               said, &before, now, memory_order_relaxed, memory_order_relaxed))
        ;
    return ter_max(before, now);
}

static size_t total_of(const struct figures *figures)
{
    static _Atomic size_t said;

    return highest(&said, figures->before + figures->since);
}

size_t GC_get_heap_size(void)
{
    return read_figures().heap;
}

size_t GC_get_free_bytes(void)
{
    return read_figures().free;
}

size_t GC_get_unmapped_bytes(void)
{
    return 0;
}

size_t GC_get_bytes_since_gc(void)
{
    return read_figures().since;
}

size_t GC_get_expl_freed_bytes_since_gc(void)
{
    return read_figures().freed;
}

size_t GC_get_total_bytes(void)
{
    struct figures figures = read_figures();

    return total_of(&figures);
}

size_t GC_get_memory_use(void)
{
    struct figures figures = read_figures();

    return figures.heap - figures.free;
}

static void put(GC_word *where, size_t value)
{
    if (where != NULL)
        *where = value;
}

void GC_get_heap_usage_safe(GC_word *heap, GC_word *free, GC_word *unmapped, GC_word *since,
                            GC_word *total)
{
    struct figures figures = read_figures_at_once();

    put(heap, figures.heap);
    put(free, figures.free);
    put(unmapped, 0);
    put(since, figures.since);
    put(total, total_of(&figures));
}

GC_word GC_get_gc_no(void)
{
    return __atomic_load_n(&GC_gc_no, __ATOMIC_RELAXED);
}

/* ---- All at once ---- */

size_t GC_get_obtained_from_os_bytes(void)
{
    static _Atomic size_t said;
    const struct ter_accounting *accounting;

    if (ter_libgc.heap == NULL)
        return 0;
    accounting = &ter_libgc.collector->ground.accounting;
    return highest(&said,
                   ter_max(relaxed(&accounting->mapped_bytes), relaxed(&accounting->limit_bytes)));
}

static size_t fill_prof_stats(const struct figures *figures, struct GC_prof_stats_s *stats,
                              size_t bytes)
{
    struct GC_prof_stats_s all = {
        .heapsize_full = figures->heap,
        .free_bytes_full = figures->free,
        .bytes_allocd_since_gc = figures->since,
        .allocd_bytes_before_gc = total_of(figures) - figures->since,
        .non_gc_bytes = GC_non_gc_bytes,
        .gc_no = GC_get_gc_no(),
        .markers_m1 = (GC_word)GC_parallel,
        .bytes_reclaimed_since_gc = relaxed(&ter_libgc.reclaimed),
        .reclaimed_bytes_before_gc = relaxed(&ter_libgc.reclaimed_before),
        .expl_freed_bytes_since_gc = figures->freed,
        .obtained_from_os_bytes = GC_get_obtained_from_os_bytes(),
    };

    /* Fields of a later version are unknown here. */
    if (bytes > sizeof all)
        memset(stats + 1, 0xff, bytes - sizeof all);
    memcpy(stats, &all, ter_min(bytes, sizeof all));
    return ter_min(bytes, sizeof all);
}

size_t GC_get_prof_stats_unsafe(struct GC_prof_stats_s *stats, size_t bytes)
{
    struct figures figures = read_figures();

    return fill_prof_stats(&figures, stats, bytes);
}

size_t GC_get_prof_stats(struct GC_prof_stats_s *stats, size_t bytes)
{
    struct figures figures = read_figures_at_once();

    return fill_prof_stats(&figures, stats, bytes);
}

/* ---- Time in collections ---- */

void GC_start_performance_measurement(void)
{
    ter_libgc.measuring = true;
}

unsigned long GC_get_full_gc_total_time(void)
{
    return (unsigned long)(ter_libgc.measured_ns / 1000000);
}

/* ---- For allocators of the program's own ---- */

/* Sizes that the stock library rounds in its table: up to 2048 bytes. */
size_t GC_get_size_map_at(int index)
{
    size_t bytes = (size_t)index + ter_libgc.extra_bytes;
    unsigned size_class = 0;

    if (index < 0 || index > 2048)
        return SIZE_MAX;
    while (ter_size_class_bytes[size_class] < bytes)
        size_class++;
    return ter_size_class_bytes[size_class];
}

/* The caller holds the lock. */
void GC_incr_bytes_allocd(size_t bytes)
{
    ter_allocator_count(ter_libgc_ready(), bytes);
}

void GC_incr_bytes_freed(size_t bytes)
{
    ter_libgc_ready()->freed_since_collection += bytes;
}
