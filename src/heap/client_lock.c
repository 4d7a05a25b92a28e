/* SPDX-License-Identifier: MIT */
/* The lock of a heap and the threads that stand, for clients. */
#include "heap/heap.h"

void ter_heap_lock_for(struct ter_heap *heap, const char *call)
{
    ter_allocator_lock_for(&heap->collector.allocator, call);
}

void ter_heap_unlock(struct ter_heap *heap)
{
    ter_allocator_unlock(&heap->collector.allocator);
}

void ter_heap_unlock_and_notify(struct ter_heap *heap)
{
    ter_allocator_unlock_and_notify(&heap->collector.allocator);
}

bool ter_heap_holds_lock(const struct ter_heap *heap)
{
    return ter_allocator_is_locked_by_me(&heap->collector.allocator);
}

void ter_heap_notify(struct ter_heap *heap)
{
    ter_allocator_notify(&heap->collector.allocator);
}

void ter_heap_leave_lock_out(struct ter_heap *heap)
{
    atomic_store_explicit(&heap->collector.allocator.locking, false, memory_order_release);
}

void ter_heap_share(struct ter_heap *heap)
{
    ter_allocator_share(&heap->collector.allocator);
}

ter_status ter_heap_stop_threads(struct ter_heap *heap)
{
    return ter_world_stop(&heap->collector.allocator);
}

void ter_heap_resume_threads(struct ter_heap *heap)
{
    ter_world_resume(&heap->collector.allocator);
}
