/* SPDX-License-Identifier: MIT */
/* Weak words of the program: the public functions over short links. */
#include "heap/heap.h"

#include <terrier/weak.h>

ter_status ter_weak_add(struct ter_heap *heap, void **word, void *object)
{
    bool existed;
    ter_status status;

    ter_heap_require(heap, "ter_weak_add");
    if ((uintptr_t)word % sizeof *word != 0 ||
        !ter_collector_is_object(&heap->collector, (uintptr_t)object))
        return TER_ERROR_INVALID;
    ter_allocator_lock(&heap->collector.allocator);
    status = ter_links_register(&heap->collector.short_links, (uintptr_t)word, (uintptr_t)object,
                                &existed);
    ter_allocator_unlock(&heap->collector.allocator);
    return status;
}

ter_status ter_weak_remove(struct ter_heap *heap, void **word)
{
    bool existed;

    ter_heap_require(heap, "ter_weak_remove");
    ter_allocator_lock(&heap->collector.allocator);
    existed = ter_links_unregister(&heap->collector.short_links, (uintptr_t)word);
    ter_allocator_unlock(&heap->collector.allocator);
    return existed ? TER_OK : TER_ERROR_INVALID;
}
