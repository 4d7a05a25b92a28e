/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"

void ter_heap_report_roots(struct ter_heap *heap, ter_root_reporter *reporter, void *context)
{
    ter_heap_require(heap, "ter_heap_report_roots");
    ter_allocator_lock(&heap->collector.allocator);
    heap->collector.roots.exact.reporter = reporter;
    heap->collector.roots.exact.context = context;
    ter_allocator_unlock(&heap->collector.allocator);
}

void ter_heap_scan_stacks(struct ter_heap *heap, bool scan)
{
    ter_heap_require(heap, "ter_heap_scan_stacks");
    ter_allocator_lock(&heap->collector.allocator);
    heap->collector.roots.exact.no_stacks = !scan;
    ter_allocator_unlock(&heap->collector.allocator);
}
