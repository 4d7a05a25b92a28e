/* SPDX-License-Identifier: MIT */
/*
 * Figures of the heap, in the terms of the interface. Invariant: those that gc.h calls
 * unsynchronised wait for nothing and may be asked for anywhere.
 */
#include <string.h>

#include "libgc/init.h"

static size_t relaxed(const _Atomic size_t *figure)
{
    return atomic_load_explicit(figure, memory_order_relaxed);
}

/* Never waits: programs ask in callbacks, and in threads that a callback waits for. */
static struct ter_client_figures read_figures(void)
{
    struct ter_client_figures none = {0};

    return ter_libgc.heap == NULL ? none : ter_heap_figures(ter_libgc.heap, false);
}

/* All of one moment; waits for it, unless in a callback, where nothing changes. */
static struct ter_client_figures read_figures_at_once(void)
{
    struct ter_client_figures none = {0};

    return ter_libgc.heap == NULL ? none : ter_heap_figures(ter_libgc.heap, true);
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

static size_t total_of(const struct ter_client_figures *figures)
{
    static _Atomic size_t said;

    return highest(&said, figures->before_bytes + figures->allocated_bytes);
}

size_t GC_get_heap_size(void)
{
    return read_figures().heap_bytes;
}

size_t GC_get_free_bytes(void)
{
    return read_figures().free_bytes;
}

size_t GC_get_unmapped_bytes(void)
{
    return 0;
}

size_t GC_get_bytes_since_gc(void)
{
    return read_figures().allocated_bytes;
}

size_t GC_get_expl_freed_bytes_since_gc(void)
{
    return read_figures().freed_bytes;
}

size_t GC_get_total_bytes(void)
{
    struct ter_client_figures figures = read_figures();

    return total_of(&figures);
}

size_t GC_get_memory_use(void)
{
    struct ter_client_figures figures = read_figures();

    return figures.heap_bytes - figures.free_bytes;
}

static void put(GC_word *where, size_t value)
{
    if (where != NULL)
        *where = value;
}

void GC_get_heap_usage_safe(GC_word *heap, GC_word *free, GC_word *unmapped, GC_word *since,
                            GC_word *total)
{
    struct ter_client_figures figures = read_figures_at_once();

    put(heap, figures.heap_bytes);
    put(free, figures.free_bytes);
    put(unmapped, 0);
    put(since, figures.allocated_bytes);
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

    if (ter_libgc.heap == NULL)
        return 0;
    return highest(&said, ter_heap_obtained_bytes(ter_libgc.heap));
}

static size_t fill_prof_stats(const struct ter_client_figures *figures,
                              struct GC_prof_stats_s *stats, size_t bytes)
{
    struct GC_prof_stats_s all = {
        .heapsize_full = figures->heap_bytes,
        .free_bytes_full = figures->free_bytes,
        .bytes_allocd_since_gc = figures->allocated_bytes,
        .allocd_bytes_before_gc = total_of(figures) - figures->allocated_bytes,
        .non_gc_bytes = GC_non_gc_bytes,
        .gc_no = GC_get_gc_no(),
        .markers_m1 = (GC_word)GC_parallel,
        .bytes_reclaimed_since_gc = relaxed(&ter_libgc.reclaimed),
        .reclaimed_bytes_before_gc = relaxed(&ter_libgc.reclaimed_before),
        .expl_freed_bytes_since_gc = figures->freed_bytes,
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
    struct ter_client_figures figures = read_figures();

    return fill_prof_stats(&figures, stats, bytes);
}

size_t GC_get_prof_stats(struct GC_prof_stats_s *stats, size_t bytes)
{
    struct ter_client_figures figures = read_figures_at_once();

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

    if (index < 0 || index > 2048)
        return SIZE_MAX;
    return ter_heap_rounded_bytes(bytes);
}

/* The caller holds the lock. */
void GC_incr_bytes_allocd(size_t bytes)
{
    ter_libgc_ready();
    ter_heap_count_allocated(ter_libgc.heap, bytes);
}

void GC_incr_bytes_freed(size_t bytes)
{
    ter_libgc_ready();
    ter_heap_count_freed(ter_libgc.heap, bytes);
}
