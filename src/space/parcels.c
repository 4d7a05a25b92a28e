/* SPDX-License-Identifier: MIT */
/* Parcels: what policies share in describing them, and what is said of those that do not. */
#include "space/space.h"

size_t ter_parcel_run_bytes(const struct ter_cell_run *runs, unsigned count, uintptr_t block)
{
    size_t bytes = 0;

    for (unsigned i = 0; runs != NULL && i < count; i++) {
        uintptr_t limit = __atomic_load_n(&runs[i].limit, __ATOMIC_ACQUIRE);
        uintptr_t cursor = __atomic_load_n(&runs[i].cursor, __ATOMIC_RELAXED);

        if (cursor < limit && ter_align_down(cursor, TER_BYTES_IN_BLOCK) == block)
            bytes += limit - cursor;
    }
    return bytes;
}

void ter_parcels_add(uint32_t *parts, uintptr_t chunk, uintptr_t start, uintptr_t last)
{
    size_t at = start <= chunk ? 0 : start - chunk, end, next;

    if (last < chunk)
        return;
    end = ter_min(last - chunk, TER_BYTES_IN_CHUNK - 1) + 1;
    for (; at < end; at = next) {
        next = ter_min(ter_align_down(at, TER_BYTES_IN_BLOCK) + TER_BYTES_IN_BLOCK, end);
        parts[at >> TER_LOG_BYTES_IN_BLOCK] += (uint32_t)(next - at);
    }
}

void ter_parcels_of_range(const struct ter_space *space, ter_parcel_description *describe,
                          ter_parcel_visitor *visit, void *context)
{
    uintptr_t start, end = 0;

    while ((start = ter_range_next(&space->range, space->arena, end, &end)) != 0)
        for (; start < end; start += TER_PARCEL_BYTES) {
            struct ter_parcel parcel = {.space = &space->sft, .start = start};

            describe(space, &parcel);
            visit(context, &parcel);
        }
}

/* ---- Spaces of blocks ---- */

void ter_parcel_is_free(struct ter_parcel *parcel, bool clean)
{
    parcel->state = clean ? TER_PARCEL_RETURNED : TER_PARCEL_FREE;
    parcel->returned_bytes = clean ? TER_PARCEL_BYTES : 0;
}

static void describe_block(const struct ter_space *space, const struct ter_blocks *blocks,
                           ter_parcel_description *describe, struct ter_parcel *parcel)
{
    if (parcel->start - blocks->fresh < blocks->fresh_end - blocks->fresh)
        parcel->returned_bytes = TER_PARCEL_BYTES; /* and as made: unused */
    else if (parcel->start - blocks->ahead < blocks->ahead_end - blocks->ahead)
        ter_parcel_is_free(parcel, false);
    else
        describe(space, parcel);
}

void ter_parcels_of_blocks(const struct ter_space *space, const struct ter_blocks *blocks,
                           ter_parcel_description *describe, ter_parcel_visitor *visit,
                           void *context)
{
    uintptr_t block, end = 0;

    while ((block = ter_range_next(&space->range, space->arena, end, &end)) != 0)
        for (; block < end; block += TER_BYTES_IN_BLOCK) {
            struct ter_parcel parcel = {.space = &space->sft, .start = block};

            describe_block(space, blocks, describe, &parcel);
            visit(context, &parcel);
        }
}

/* ---- Of a policy that says nothing: what can be found in it ---- */

/* Of [start, end), by questions that anybody may ask. */
static uint32_t find_object_bytes(const struct ter_space *space, uintptr_t start, uintptr_t end)
{
    uint32_t found = 0;
    uintptr_t next;

    for (uintptr_t at = start; at < end; at = next) {
        uintptr_t object = space->sft.find_object_from_interior(&space->sft, at).bits;

        next = at + TER_BYTES_IN_GRANULE;
        if (object == 0)
            continue;
        next = object + space->policy->object_bytes(space, object);
        next = next <= at || next > end ? end : next;
        found += (uint32_t)(next - at);
    }
    return found;
}

static void describe_found(const struct ter_space *space, struct ter_parcel *parcel)
{
    uintptr_t end = parcel->start + TER_PARCEL_BYTES;

    parcel->object_bytes = find_object_bytes(space, parcel->start, end);
    parcel->state = parcel->object_bytes == 0 ? TER_PARCEL_FREE : TER_PARCEL_OTHER;
}

void ter_space_for_each_parcel(const struct ter_space *space, ter_parcel_visitor *visit,
                               void *context)
{
    if (space->policy->for_each_parcel != NULL)
        space->policy->for_each_parcel(space, visit, context);
    else
        ter_parcels_of_range(space, describe_found, visit, context);
}
