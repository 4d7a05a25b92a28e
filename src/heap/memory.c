/* SPDX-License-Identifier: MIT */
/* Whose memory objects lie in, as the program says. */
#include <terrier/memory.h>

#include "heap/heap.h"

static bool are_complete(const struct ter_memory_functions *functions)
{
    return functions == NULL || (functions->allocate != NULL && functions->free != NULL);
}

ter_status ter_heap_set_memory(struct ter_heap *heap, const struct ter_memory_functions *functions)
{
    struct ter_allocator *allocator;

    ter_heap_require(heap, "ter_heap_set_memory");
    allocator = &heap->collector.allocator;
    if (allocator->malloc_space == NULL || !are_complete(functions))
        return TER_ERROR_INVALID;
    ter_allocator_lock(allocator);
    ter_malloc_space_set_memory(allocator->malloc_space, functions);
    ter_allocator_unlock(allocator);
    return TER_OK;
}
