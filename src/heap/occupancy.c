/* SPDX-License-Identifier: MIT */
/*
 * Asks the SFT map chunk by chunk: what it says is what is printed. Only chunks that a space has
 * are asked for, so that the cost is that of what is owned, not of the addresses that could be.
 */
#include "heap/heap.h"
#include "heap/occupancy.h"

static const struct ter_sft *owner_of_chunk(const struct ter_heap *heap, uintptr_t chunk)
{
    const struct ter_sft *owner = ter_collector_owner(&heap->collector, chunk);

    return owner->is_in_space(owner, chunk) ? owner : ter_sft_map_empty(&heap->collector.arena.map);
}

/* The lowest chunk at or above `from` that a space has; 0 if there is none. */
static uintptr_t next_owned_chunk(const struct ter_heap *heap, uintptr_t from)
{
    uintptr_t lowest = 0, end;

    for (unsigned i = 0; i < heap->collector.space_count; i++) {
        const struct ter_space *space = heap->collector.spaces[i].space;
        uintptr_t start = 0;

        if (space->policy->in_layout)
            start = ter_range_next(&space->range, space->arena, from, &end);
        if (start != 0 && (lowest == 0 || start < lowest))
            lowest = start;
    }
    return lowest;
}

bool ter_occupancy_next(const struct ter_heap *heap, uintptr_t from, struct ter_occupancy_run *run)
{
    const struct ter_layout *layout = &heap->collector.arena.layout;
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
static void find_lowest(const struct ter_foreign_set *set, uintptr_t from,
                        const struct ter_foreign_chunk **lowest)
{
    for (const struct ter_foreign_chunk *chunk = set->first; chunk != NULL; chunk = chunk->next)
        if (chunk->start >= from && (*lowest == NULL || chunk->start < (*lowest)->start))
            *lowest = chunk;
}

bool ter_occupancy_next_foreign(const struct ter_heap *heap, uintptr_t from,
                                struct ter_occupancy_run *run)
{
    const struct ter_foreign *foreign = &heap->collector.arena.foreign;
    const struct ter_foreign_chunk *chunk = NULL, *next;

    for (unsigned i = 0; i < heap->collector.space_count; i++) {
        const struct ter_space *space = heap->collector.spaces[i].space;

        if (!space->policy->in_layout)
            find_lowest(&ter_foreign_space_of(space)->set, from, &chunk);
    }
    if (chunk == NULL)
        return false;
    *run = (struct ter_occupancy_run){.owner = chunk->set->owner, .start = chunk->start};
    for (next = chunk; next != NULL && next->set == chunk->set && next->start >= run->start;
         next = ter_foreign_chunk_of(foreign, next->start + TER_BYTES_IN_CHUNK))
        run->chunks++;
    return true;
}

size_t ter_occupancy_used(const struct ter_heap *heap, uintptr_t chunk)
{
    const struct ter_foreign_chunk *foreign =
        ter_foreign_chunk_of(&heap->collector.arena.foreign, chunk);
    const struct ter_space *space = ter_space_of(owner_of_chunk(heap, chunk));

    /* Such a chunk is asked for by its first address, which need not be an object's. */
    if (foreign != NULL)
        return foreign->bytes;
    return space->policy->used_in_chunk == NULL ? 0 : space->policy->used_in_chunk(space, chunk);
}

size_t ter_occupancy_space_used(const struct ter_sft *owner)
{
    const struct ter_space *space = ter_space_of(owner);

    return space->policy->used_bytes == NULL ? 0 : space->policy->used_bytes(space);
}
