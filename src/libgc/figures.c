/* SPDX-License-Identifier: MIT */
/* Figures of the heap, in the terms of the interface. */
#include "libgc/libgc.h"

struct figures {
    size_t heap, free, since, freed, total;
};

static struct figures read_figures(void)
{
    struct figures figures = {0};
    const struct ter_plan *plan = ter_libgc.plan;
    size_t used;

    if (ter_libgc.heap == NULL)
        return figures;
    ter_allocator_lock(&ter_libgc.plan->allocator);
    used = atomic_load_explicit(&plan->ground.accounting.used_bytes, memory_order_relaxed);
    figures.heap = ter_max(plan->ground.accounting.limit_bytes, used);
    figures.free = figures.heap - used;
    figures.since = plan->allocator.allocated_since_collection;
    figures.freed = plan->allocator.freed_since_collection;
    figures.total = (size_t)plan->allocator.allocated_total;
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

void GC_dump(void)
{
    if (ter_libgc.heap != NULL)
        ter_heap_report(ter_libgc.heap, 2, TER_REPORT_TEXT);
}
