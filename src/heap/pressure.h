/* SPDX-License-Identifier: MIT */
/*
 * What wants a collection beside objects that fill the heap: memory elsewhere that hangs on them,
 * and registrations of weak things (weak/bound.h). The collection comes with the next allocation.
 */
#pragma once

#include "heap/instance.h"

/* Under the lock: the next allocation of this thread comes to where that is held, and collects. */
void ter_heap_press(struct ter_heap *heap);

/* Under the lock: something was registered, and of its sort there are so many now. Whoever never
 * collects, or not now, is not asked. */
TER_INLINE void ter_heap_count_registrations(struct ter_heap *heap,
                                             const struct ter_weak_bound *bound, size_t count)
{
    if (TER_UNLIKELY(ter_weak_bound_is_passed(bound, count)) &&
        heap->collector.plan->loop != NULL && heap->collector.trigger.disabled == 0)
        ter_heap_press(heap);
}
