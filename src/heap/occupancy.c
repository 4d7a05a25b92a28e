/* SPDX-License-Identifier: MIT */
/*
 * Asks the SFT map chunk by chunk: what it says is what is printed. Only chunks that a space has
 * are asked for, so that the cost is that of what is owned, not of the addresses that could be.
 */
#include "heap/heap.h"
#include "heap/occupancy.h"

static const struct ter_sft *owner_of_chunk(const struct ter_heap *heap, uintptr_t chunk)
{
    const struct ter_sft *owner = ter_plan_owner(&heap->plan, chunk);

    return owner->is_in_space(owner, chunk) ? owner : ter_sft_map_empty(&heap->plan.ground.map);
}

/* The lowest chunk at or above `from` that a space has; 0 if there is none. */
static uintptr_t next_owned_chunk(const struct ter_heap *heap, uintptr_t from)
{
    const struct ter_allocator *allocator = &heap->plan.allocator;
    const struct ter_range *ranges[] = {&allocator->mark_sweep->space.range,
                                        &allocator->immortal->space.range,
                                        &allocator->large->space.range};
    uintptr_t lowest = 0, end;

    for (size_t i = 0; i < TER_ARRAY_LENGTH(ranges); i++) {
        uintptr_t start = ter_range_next(ranges[i], &heap->plan.ground, from, &end);

        if (start != 0 && (lowest == 0 || start < lowest))
            lowest = start;
    }
    return lowest;
}

bool ter_occupancy_next(const struct ter_heap *heap, uintptr_t from, struct ter_occupancy_run *run)
{
    const struct ter_layout *layout = &heap->plan.ground.layout;
    uintptr_t end = layout->heap_start + ter_layout_heap_bytes(layout);
    uintptr_t chunk = next_owned_chunk(heap, from);

    if (chunk == 0)
        return false;
    run->owner = owner_of_chunk(heap, chunk);
    run->start = chunk;
    run->chunks = 0;
    do {
        run->chunks++;
        chunk += TER_BYTES_IN_CHUNK;
    } while (chunk != end && owner_of_chunk(heap, chunk) == run->owner);
    return true;
}

/* The lowest chunk of the set at or above `from`, if it is below *lowest. */
static void find_lowest(const struct ter_outside_set *set, uintptr_t from,
                        const struct ter_outside_chunk **lowest)
{
    for (const struct ter_outside_chunk *chunk = set->first; chunk != NULL; chunk = chunk->next)
        if (chunk->start >= from && (*lowest == NULL || chunk->start < (*lowest)->start))
            *lowest = chunk;
}

bool ter_occupancy_next_outside(const struct ter_heap *heap, uintptr_t from,
                                struct ter_occupancy_run *run)
{
    const struct ter_allocator *allocator = &heap->plan.allocator;
    const struct ter_outside *outside = &heap->plan.ground.outside;
    const struct ter_outside_chunk *chunk = NULL, *next;

    if (allocator->malloc_space != NULL)
        find_lowest(&allocator->malloc_space->outside.set, from, &chunk);
    if (allocator->vm_space != NULL)
        find_lowest(&allocator->vm_space->outside.set, from, &chunk);
    if (chunk == NULL)
        return false;
    *run = (struct ter_occupancy_run){.owner = chunk->set->owner, .start = chunk->start};
    for (next = chunk; next != NULL && next->set == chunk->set && next->start >= run->start;
         next = ter_outside_chunk_of(outside, next->start + TER_BYTES_IN_CHUNK))
        run->chunks++;
    return true;
}

static size_t used_blocks(const struct ter_heap *heap, uintptr_t chunk)
{
    size_t used = 0;

    for (size_t i = 0; i < TER_BLOCKS_IN_CHUNK; i++)
        used +=
            ter_block_head_of(&heap->plan.ground, chunk + (i << TER_LOG_BYTES_IN_BLOCK))->cells !=
            0;
    return used << TER_LOG_BYTES_IN_BLOCK;
}

static size_t used_pages(const struct ter_heap *heap, uintptr_t chunk)
{
    size_t used = 0;

    for (size_t i = 0; i < TER_PAGES_IN_CHUNK; i++)
        used += ter_runs_find(&heap->plan.ground, chunk + (i << TER_LOG_BYTES_IN_PAGE)) != 0;
    return used << TER_LOG_BYTES_IN_PAGE;
}

size_t ter_occupancy_used(const struct ter_heap *heap, uintptr_t chunk)
{
    const struct ter_outside_chunk *outside =
        ter_outside_chunk_of(&heap->plan.ground.outside, chunk);

    if (outside != NULL)
        return outside->bytes;
    switch (owner_of_chunk(heap, chunk)->kind) {
    case TER_SPACE_MARK_SWEEP:
    case TER_SPACE_IMMORTAL: return used_blocks(heap, chunk);
    case TER_SPACE_LARGE: return used_pages(heap, chunk);
    case TER_SPACE_EMPTY:
    case TER_SPACE_MALLOC:
    case TER_SPACE_VM:
    case TER_SPACE_OTHER: break;
    }
    return 0;
}

size_t ter_occupancy_space_used(const struct ter_heap *heap, const struct ter_sft *owner)
{
    const struct ter_plan *plan = &heap->plan;

    if (ter_sft_is_outside(owner))
        return ter_outside_space_of(owner)->set.bytes;
    if (owner == &plan->allocator.large->space.sft)
        return plan->allocator.large->runs.used_pages << TER_LOG_BYTES_IN_PAGE;
    if (owner == &plan->allocator.mark_sweep->space.sft)
        return (size_t)plan->allocator.mark_sweep->blocks.in_use << TER_LOG_BYTES_IN_BLOCK;
    return (size_t)plan->allocator.immortal->blocks.in_use << TER_LOG_BYTES_IN_BLOCK;
}
