/* SPDX-License-Identifier: MIT */
/*
 * The state of the heap for people, on standard output. Only GC_dump takes the lock: the others are
 * for callbacks and debuggers.
 */
#include <unistd.h>

#include "libgc/state.h"

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
    now = ter_heap_all_figures(ter_libgc.heap);
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

static void print_region(uintptr_t start, uintptr_t end, const char *space)
{
    GC_printf("%p to %p: space %s\n", (void *)start, (void *)end, space);
}

void GC_dump_regions(void)
{
    if (ter_libgc.heap != NULL)
        ter_heap_visit_regions(ter_libgc.heap, print_region);
}

static void print_link(void *context, uintptr_t link, uintptr_t object)
{
    (void)context;
    GC_printf("%p: link to object %p\n", (void *)link, (void *)object);
}

static void dump_links(const char *name, enum ter_client_links which)
{
    GC_printf("%s disappearing links: %zu\n", name, ter_heap_count_links(ter_libgc.heap, which));
    ter_heap_visit_links(ter_libgc.heap, which, print_link, NULL);
}

static void print_object(void *context, uintptr_t object)
{
    (void)context;
    GC_printf("%p\n", (void *)object);
}

void GC_dump_finalization(void)
{
    struct ter_finalizer_counts counts;

    if (ter_libgc.heap == NULL)
        return;
    dump_links("Short", TER_LINKS_SHORT);
    dump_links("Long", TER_LINKS_LONG);
    ter_heap_count_finalizers(ter_libgc.heap, &counts);
    GC_printf("Finalizable objects: %zu\n", counts.waiting);
    ter_heap_visit_finalizable(ter_libgc.heap, print_object, NULL);
}

struct cells {
    unsigned kind;
    size_t bytes;
    size_t count;
};

static void count_cell(void *context, const struct ter_client_object *object)
{
    struct cells *cells = context;

    cells->count += object->bytes == cells->bytes && object->kind == cells->kind;
}

/* Free cells are in no lists; how many are in use is what can be said of a size. */
void GC_print_free_list(int kind, size_t granules)
{
    struct cells cells = {(unsigned)kind, granules * TER_HEAP_GRANULE_BYTES, 0};

    if (ter_libgc.heap == NULL)
        return;
    ter_heap_visit_objects(ter_libgc.heap, count_cell, &cells);
    GC_printf("Cells of %zu bytes for kind %d in use: %zu\n", cells.bytes, kind, cells.count);
}
