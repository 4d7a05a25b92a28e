/* SPDX-License-Identifier: MIT */
/* When clients collect and how far they let the heap grow. */
#include "heap/heap.h"

_Static_assert(TER_HEAP_MARKERS == TER_MAX_HELPERS + 1, "as the header says");

/* ---- Collections ---- */

void ter_heap_collect(struct ter_heap *heap)
{
    ter_collector_collect(&heap->collector, TER_REASON_REQUEST);
}

bool ter_heap_is_collection_due(const struct ter_heap *heap)
{
    return ter_trigger_is_due(&heap->collector.trigger, &heap->collector.allocator, false);
}

/* ---- Growth ---- */

void ter_heap_set_pace(struct ter_heap *heap, const struct ter_client_pace *pace)
{
    struct ter_trigger *trigger = &heap->collector.trigger;

    trigger->disabled = pace->disabled;
    trigger->free_space_divisor = pace->free_space_divisor;
    trigger->never_grow_before_collecting = pace->collect_before_growing;
    ter_trigger_keep_to_maximum(trigger, &heap->collector.arena.accounting);
}

/* False: another thread has the lock. *locked: it is to be released. */
static bool lock_at_once(struct ter_allocator *allocator, bool *locked)
{
    *locked = false;
    if (ter_allocator_is_locked_by_me(allocator))
        return true;
    if (!ter_allocator_is_locking(allocator) && !ter_allocator_begin_locking(allocator))
        return true;
    *locked = ter_lock_try(&allocator->lock);
    return *locked;
}

/* If not at once, then before the next collection, by the function above. */
void ter_heap_set_maximum(struct ter_heap *heap, size_t bytes)
{
    struct ter_collector *collector = &heap->collector;
    bool locked;

    collector->trigger.max_bytes = bytes;
    if (lock_at_once(&collector->allocator, &locked))
        ter_trigger_keep_to_maximum(&collector->trigger, &collector->arena.accounting);
    if (locked)
        ter_lock_release(&collector->allocator.lock);
}

bool ter_heap_expand(struct ter_heap *heap, size_t bytes)
{
    struct ter_accounting *accounting = &heap->collector.arena.accounting;
    size_t limit = accounting->limit_bytes, most = heap->collector.trigger.max_bytes;

    if (bytes > SIZE_MAX / 2 || limit > SIZE_MAX / 4)
        return false;
    if (most != 0 && bytes > most - ter_min(limit, most))
        return false;
    accounting->limit_bytes += bytes;
    return true;
}

/* ---- What decisions go by ---- */

size_t ter_heap_handed_out_bytes(const struct ter_heap *heap)
{
    return ter_mutators_handed_out(&heap->collector.allocator);
}

uint64_t ter_heap_allocated_bytes(const struct ter_heap *heap)
{
    return heap->collector.allocator.allocated_total;
}

uint64_t ter_heap_collections(const struct ter_heap *heap)
{
    return heap->collector.collections;
}

const struct ter_options *ter_heap_options(const struct ter_heap *heap)
{
    return &heap->options;
}

unsigned ter_heap_helpers(const struct ter_heap *heap)
{
    return heap->collector.workers.wanted;
}
