/* SPDX-License-Identifier: MIT */
/* Figures of the heap, in the terms of the interface. */
#include "libgc/libgc.h"

#include <string.h>

struct figures {
    size_t heap, free, since, freed, total;
};

static struct figures figures_locked(void)
{
    const struct ter_plan *plan = ter_libgc.plan;
    struct figures figures = {0};
    size_t used;

    if (ter_libgc.heap == NULL)
        return figures;
    used = atomic_load_explicit(&plan->ground.accounting.used_bytes, memory_order_relaxed);
    figures.heap = ter_max(plan->ground.accounting.limit_bytes, used);
    figures.free = figures.heap - used;
    figures.since = ter_mutators_allocated(&plan->allocator);
    figures.freed = ter_mutators_freed(&plan->allocator);
    figures.total =
        (size_t)plan->allocator.allocated_total + ter_mutators_uncounted(&plan->allocator);
    return figures;
}

static struct figures read_figures(void)
{
    struct figures figures = {0};

    if (ter_libgc.heap == NULL)
        return figures;
    ter_allocator_lock(&ter_libgc.plan->allocator);
    figures = figures_locked();
    ter_allocator_unlock(&ter_libgc.plan->allocator);
    return figures;
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
    return read_figures().total;
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
    struct figures figures = read_figures();

    put(heap, figures.heap);
    put(free, figures.free);
    put(unmapped, 0);
    put(since, figures.since);
    put(total, figures.total);
}

GC_word GC_get_gc_no(void)
{
    return GC_gc_no;
}

/* ---- All at once ---- */

static size_t obtained_locked(void)
{
    struct ter_statistics now;

    if (ter_libgc.heap == NULL)
        return 0;
    ter_heap_statistics_locked(ter_libgc.heap, &now);
    return ter_max((size_t)now.mapped_bytes, (size_t)now.heap_limit_bytes);
}

size_t GC_get_obtained_from_os_bytes(void)
{
    return obtained_locked();
}

size_t GC_get_prof_stats_unsafe(struct GC_prof_stats_s *stats, size_t bytes)
{
    struct figures figures = figures_locked();
    struct GC_prof_stats_s all = {
        .heapsize_full = figures.heap,
        .free_bytes_full = figures.free,
        .bytes_allocd_since_gc = figures.since,
        .allocd_bytes_before_gc = figures.total - figures.since,
        .non_gc_bytes = GC_non_gc_bytes,
        .gc_no = GC_gc_no,
        .markers_m1 = (GC_word)GC_parallel,
        .bytes_reclaimed_since_gc = ter_libgc.reclaimed,
        .reclaimed_bytes_before_gc = ter_libgc.reclaimed_before,
        .expl_freed_bytes_since_gc = figures.freed,
        .obtained_from_os_bytes = obtained_locked(),
    };

    /* Fields of a later version are unknown here. */
    if (bytes > sizeof all)
        memset(stats + 1, 0xff, bytes - sizeof all);
    memcpy(stats, &all, ter_min(bytes, sizeof all));
    return ter_min(bytes, sizeof all);
}

size_t GC_get_prof_stats(struct GC_prof_stats_s *stats, size_t bytes)
{
    struct ter_allocator *allocator = ter_libgc_lock();
    size_t filled;

    filled = GC_get_prof_stats_unsafe(stats, bytes);
    ter_allocator_unlock(allocator);
    return filled;
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

    if (index < 0 || index > 2048)
        return SIZE_MAX;
    return ter_size_class_bytes[ter_libgc_self()->class_of[(bytes + TER_BYTES_IN_GRANULE - 1) >>
                                                           TER_LOG_BYTES_IN_GRANULE]];
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
