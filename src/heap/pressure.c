/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"

static void give_up_own_runs(struct ter_allocator *allocator)
{
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        if (ter_mutator_is_own(m))
            ter_mutator_flush(m);
}

void ter_heap_press(struct ter_heap *heap)
{
    struct ter_allocator *allocator = &heap->collector.allocator;

    if ((atomic_fetch_or_explicit(&allocator->pressed, TER_PRESSED_BY_MEMORY,
                                  memory_order_relaxed) &
         TER_PRESSED_BY_MEMORY) == 0)
        give_up_own_runs(allocator);
}

static void press_unlocked(struct ter_heap *heap)
{
    struct ter_allocator *allocator = &heap->collector.allocator;

    if (ter_allocator_is_locked_by_me(allocator))
        return;
    ter_allocator_lock(allocator);
    ter_heap_press(heap);
    ter_allocator_unlock(allocator);
}

void ter_external_adjust(struct ter_heap *heap, ptrdiff_t bytes)
{
    struct ter_allocator *allocator;
    size_t now;

    /* Nothing that is looked up: it may be called under the heap's lock. */
    TER_REQUIRE(heap != NULL, "ter_external_adjust: the heap is NULL");
    allocator = &heap->collector.allocator;
    now =
        atomic_fetch_add_explicit(&allocator->external_bytes, (size_t)bytes, memory_order_relaxed) +
        (size_t)bytes;
    TER_REQUIRE(now <= SIZE_MAX / 2, "ter_external_adjust: more is taken away than was added");
    if (bytes > 0 && now >= atomic_load_explicit(&allocator->external_limit, memory_order_relaxed))
        press_unlocked(heap);
}
