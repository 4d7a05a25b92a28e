/* SPDX-License-Identifier: MIT */
/*
 * The state of the heap for people, on standard output. Only GC_dump takes the lock: the others are
 * for callbacks and debuggers.
 */
#include "libgc/libgc.h"

#include <unistd.h>

void GC_dump(void)
{
    if (ter_libgc.heap != NULL)
        ter_heap_report(ter_libgc.heap, STDOUT_FILENO, TER_REPORT_TEXT);
}

void GC_dump_named(const char *name)
{
    struct ter_statistics now;

    if (ter_libgc.heap == NULL)
        return;
    ter_heap_statistics_locked(ter_libgc.heap, &now);
    if (name != NULL)
        GC_printf("*** Heap '%s'\n", name);
    else
        GC_printf("*** Heap after collection %lu\n", (unsigned long)GC_gc_no);
    GC_printf("%zu KiB in use of %zu, %zu KiB of roots, %llu collections, %.3f s in them\n",
              (size_t)(now.used_bytes >> 10), (size_t)(now.heap_limit_bytes >> 10),
              (size_t)(now.root_bytes >> 10), (unsigned long long)now.collections,
              (double)now.pause_total_ns / 1e9);
    GC_dump_regions();
    GC_dump_finalization();
}

static uintptr_t print_region(const struct ter_occupancy_run *run)
{
    uintptr_t end = run->start + run->chunks * TER_BYTES_IN_CHUNK;

    GC_printf("%p to %p: space %s\n", (void *)run->start, (void *)end, run->owner->name);
    return end;
}

void GC_dump_regions(void)
{
    struct ter_occupancy_run run;
    uintptr_t from = 0;

    if (ter_libgc.heap == NULL)
        return;
    while (ter_occupancy_next(ter_libgc.heap, from, &run))
        from = print_region(&run);
    from = 0;
    while (ter_occupancy_next_outside(ter_libgc.heap, from, &run) && run.start >= from)
        from = print_region(&run);
}

static void dump_links(const char *name, const struct ter_links *links)
{
    GC_printf("%s disappearing links: %zu\n", name, links->table.count);
    for (size_t slot = 0; slot < links->table.capacity; slot++) {
        const struct ter_link *link = ter_weak_table_at(&links->table, slot);

        if (link != NULL)
            GC_printf("%p: link to object %p\n", (void *)link->link, (void *)link->object);
    }
}

void GC_dump_finalization(void)
{
    const struct ter_weak_table *waiting;

    if (ter_libgc.heap == NULL)
        return;
    dump_links("Short", &ter_libgc.collector->short_links);
    dump_links("Long", &ter_libgc.collector->long_links);
    waiting = &ter_libgc.collector->finalizers.waiting;
    GC_printf("Finalizable objects: %zu\n", waiting->count);
    for (size_t slot = 0; slot < waiting->capacity; slot++) {
        const struct ter_finalizer *record = ter_weak_table_at(waiting, slot);

        if (record != NULL)
            GC_printf("%p\n", (void *)record->object);
    }
}

struct cells {
    unsigned kind;
    size_t bytes;
    size_t count;
};

static void count_cell(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    struct cells *cells = context;

    (void)object;
    cells->count += bytes == cells->bytes &&
                    (unsigned)(kind - ter_libgc.collector->allocator.kinds) == cells->kind;
}

/* Free cells are in no lists; how many are in use is what can be said of a size. */
void GC_print_free_list(int kind, size_t granules)
{
    struct cells cells = {(unsigned)kind, granules * TER_BYTES_IN_GRANULE, 0};

    if (ter_libgc.heap == NULL)
        return;
    ter_collector_visit_objects(ter_libgc.collector, count_cell, &cells);
    GC_printf("Cells of %zu bytes for kind %d in use: %zu\n", cells.bytes, kind, cells.count);
}
