/* SPDX-License-Identifier: MIT */
/* The figures below are those that Boehm's collector uses by default (its GC_free_space_divisor,
   the increments of its heap). */
#include "cycle/trigger.h"

#define SMALLEST_INCREMENT TER_KIB(64)
#define SMALLEST_WORK TER_KIB(384)
#define SMALLEST_INTERVAL TER_KIB(16)
#define SMALLEST_WANTED_INTERVAL TER_KIB(64)
#define MOST_MADE_DO TER_KIB(128) /* or half of the interval, if that is more */
#define LARGEST_INCREMENT TER_MIB(8)
#define LARGE_HEAP TER_MIB(16) /* in use */
#define EARLY_PART 64u         /* of the interval, where a collection comes early */

/*
 * In large heaps what need not be scanned counts too, and holes up to where a heap is large: a heap
 * of many threads is mostly holes. Further holes would lead to fewer collections and those to more
 * holes.
 */
static size_t work_of_large_heap(const struct ter_trigger *trigger, size_t work)
{
    work = ter_max(work, trigger->live.scanned_bytes + trigger->live.atomic_bytes);
    work = ter_max(work, LARGE_HEAP);
    return work + work / 3; /* in the memory that is saved elsewhere: decision 0014 */
}

size_t ter_trigger_interval(const struct ter_trigger *trigger)
{
    size_t work =
        2 * trigger->live.scanned_bytes + trigger->live.atomic_bytes / 4 + trigger->root_bytes;

    if (trigger->room_bytes != 0)
        return ter_max(trigger->room_bytes, SMALLEST_INTERVAL);
    if (trigger->used_bytes >= LARGE_HEAP)
        work = work_of_large_heap(trigger, work);
    work = ter_max(work, SMALLEST_WORK);
    return ter_max(work / trigger->free_space_divisor, SMALLEST_INTERVAL);
}

/* What the program frees itself makes room without a collection, but never all of it. */
static size_t counted_bytes(const struct ter_allocator *allocator)
{
    size_t allocated = ter_mutators_handed_out(allocator) + allocator->beside_since_collection;
    size_t freed = ter_mutators_freed(allocator);

    return ter_max(freed < allocated ? allocated - freed : 0, allocated / 8);
}

size_t ter_trigger_missing(const struct ter_trigger *trigger, const struct ter_allocator *allocator)
{
    size_t wanted = ter_max(ter_trigger_interval(trigger) / 2, MOST_MADE_DO);
    size_t counted = counted_bytes(allocator);

    return counted < wanted ? wanted - counted : 0;
}

size_t ter_trigger_until_due(const struct ter_trigger *trigger,
                             const struct ter_allocator *allocator)
{
    size_t interval = ter_trigger_interval(trigger), counted = counted_bytes(allocator);

    return counted < interval ? interval - counted : 0;
}

size_t ter_trigger_least(const struct ter_trigger *trigger)
{
    return ter_max(ter_trigger_interval(trigger) / EARLY_PART, SMALLEST_WANTED_INTERVAL);
}

bool ter_trigger_is_due_early(const struct ter_trigger *trigger,
                              const struct ter_allocator *allocator)
{
    return trigger->disabled == 0 && counted_bytes(allocator) >= ter_trigger_least(trigger);
}

/* Of a heap that has its room and no more, runs that were not handed out yet count as well. */
static size_t interval_that_is_due(const struct ter_trigger *trigger)
{
    size_t interval = ter_trigger_interval(trigger);

    return trigger->room_bytes != 0 ? interval - interval / 8 : interval;
}

bool ter_trigger_is_due(const struct ter_trigger *trigger, const struct ter_allocator *allocator,
                        bool wanted)
{
    size_t interval = interval_that_is_due(trigger);

    if (trigger->disabled != 0)
        return false;
    if (wanted || trigger->never_grow_before_collecting)
        interval = ter_min(interval, SMALLEST_WANTED_INTERVAL);
    return counted_bytes(allocator) >= interval;
}

void ter_trigger_keep_to_maximum(const struct ter_trigger *trigger,
                                 struct ter_accounting *accounting)
{
    size_t used = atomic_load_explicit(&accounting->used_bytes, memory_order_relaxed);

    if (trigger->max_bytes != 0 && accounting->limit_bytes > trigger->max_bytes)
        accounting->limit_bytes = ter_max(trigger->max_bytes, used);
}

/*
 * A step of the heap, but not further than the interval asks for and a quarter of a step: with
 * whole steps the room would be large after one and then less and less, as more lives.
 */
static size_t increment_of(const struct ter_trigger *trigger, const struct ter_allocator *allocator,
                           size_t limit)
{
    size_t missing = ter_trigger_until_due(trigger, allocator);
    size_t step = ter_min(limit / trigger->free_space_divisor, LARGEST_INCREMENT);

    return ter_max(ter_min(step, missing + step / 4), SMALLEST_INCREMENT);
}

bool ter_trigger_grow(const struct ter_trigger *trigger, const struct ter_allocator *allocator,
                      struct ter_accounting *accounting, size_t bytes)
{
    size_t used = atomic_load_explicit(&accounting->used_bytes, memory_order_relaxed);
    size_t limit = accounting->limit_bytes;
    size_t wanted;

    if (bytes > SIZE_MAX / 2 || used > SIZE_MAX / 4)
        return false;
    wanted = ter_max(limit + increment_of(trigger, allocator, limit), used + bytes);
    if (trigger->max_bytes != 0 && wanted > trigger->max_bytes)
        wanted = trigger->max_bytes;
    if (wanted < used + bytes)
        return false;
    accounting->limit_bytes = wanted;
    ter_log(TER_LOG_DECISION, "heap limit grows from %zu to %zu KiB, %zu KiB in use", limit >> 10,
            wanted >> 10, used >> 10);
    return true;
}
