/* SPDX-License-Identifier: MIT */
#include "pages/pages.h"

void ter_range_init(struct ter_range *range, const struct ter_arena *arena, unsigned slot,
                    ter_side_set side, const struct ter_sft *owner)
{
    const struct ter_layout *layout = &arena->layout;

    TER_CHECK(slot < layout->slot_count);
    range->shared = !layout->contiguous;
    range->start = range->shared ? layout->heap_start : ter_layout_space_start(layout, slot);
    range->extent_bytes = range->shared ? ter_layout_heap_bytes(layout)
                                        : ter_layout_space_end(layout, slot) - range->start;
    atomic_init(&range->mapped_bytes, 0);
    range->chunks = 0;
    range->lowest_free = (range->start - layout->heap_start) >> TER_LOG_BYTES_IN_CHUNK;
    range->number = ter_sft_space_number(&arena->map, owner);
    TER_CHECK(range->number != TER_CHUNK_UNUSABLE);
    range->side = side;
    range->owner = owner;
}

static size_t chunk_index(const struct ter_arena *arena, uintptr_t address)
{
    return (address - arena->chunks.start) >> TER_LOG_BYTES_IN_CHUNK;
}

static uintptr_t chunk_address(const struct ter_arena *arena, size_t chunk)
{
    return arena->chunks.start + ((uintptr_t)chunk << TER_LOG_BYTES_IN_CHUNK);
}

static size_t hull_bytes(const struct ter_range *range)
{
    return atomic_load_explicit(&range->mapped_bytes, memory_order_relaxed);
}

static size_t *lowest_free_of(struct ter_range *range, struct ter_arena *arena)
{
    return range->shared ? &arena->lowest_free : &range->lowest_free;
}

/* ---- Growing; under the growth lock ---- */

/*
 * Of a slot also for what lies between the hull and the new chunks: that is somebody else's, and
 * whoever finds a word in the hull reads metadata.
 */
static ter_status map_metadata(const struct ter_range *range, struct ter_arena *arena,
                               uintptr_t start, size_t bytes)
{
    uintptr_t first = start, hull_end = range->start + hull_bytes(range);

    if (!range->shared && hull_end < start)
        first = hull_end;
    return ter_side_map(&arena->side, range->side, first, bytes + (start - first));
}

/* A space that had nothing gets its first chunk in parts, where who asks can deal with that. */
static ter_status map_chunks(const struct ter_range *range, struct ter_arena *arena,
                             uintptr_t start, size_t bytes, bool in_parts)
{
    ter_status status = TER_ERROR_FULL;

    if (in_parts && arena->mmapper.by_need && range->chunks == 0 && bytes == TER_BYTES_IN_CHUNK)
        status = ter_mmapper_map_in_parts(&arena->mmapper, start);
    if (status == TER_ERROR_FULL)
        status = ter_mmapper_map(&arena->mmapper, start, bytes, range->owner->name);
    return status;
}

static ter_status map_memory(const struct ter_range *range, struct ter_arena *arena,
                             uintptr_t start, size_t bytes, bool in_parts)
{
    ter_status status = map_chunks(range, arena, start, bytes, in_parts);

    if (status != TER_OK)
        return status;
    status = map_metadata(range, arena, start, bytes);
    /* There is nowhere else that it could lie. */
    if (status == TER_ERROR_OWNED) {
        (void)ter_mmapper_unmap(&arena->mmapper, start, bytes);
        status = TER_ERROR_NO_ADDRESS_SPACE;
    }
    return status;
}

static ter_status map_and_publish(struct ter_range *range, struct ter_arena *arena, uintptr_t start,
                                  size_t bytes, bool in_parts)
{
    size_t hull = ter_max(hull_bytes(range), start + bytes - range->start);
    ter_status status = map_memory(range, arena, start, bytes, in_parts);

    if (status != TER_OK)
        return status;
    status = ter_sft_map_claim(&arena->map, range->owner, start, bytes, NULL);
    TER_CHECK(status == TER_OK);
    ter_chunk_table_set(&arena->chunks, chunk_index(arena, start), bytes >> TER_LOG_BYTES_IN_CHUNK,
                        range->number);
    atomic_store_explicit(&range->mapped_bytes, hull, memory_order_release);
    range->chunks += bytes >> TER_LOG_BYTES_IN_CHUNK;
    ter_accounting_add_mapped(&arena->accounting, bytes);
    return TER_OK;
}

/* Somebody lies in [first, first + chunks): no space is to ask for those chunks again. */
static bool mark_unusable(struct ter_arena *arena, size_t first, size_t chunks)
{
    bool found = false;

    for (size_t chunk = first; chunk < first + chunks; chunk++) {
        uintptr_t start = chunk_address(arena, chunk);
        ter_status status =
            chunks == 1 ? TER_ERROR_OWNED : ter_os_reserve_at(start, TER_BYTES_IN_CHUNK);

        if (status == TER_OK)
            ter_os_release(start, TER_BYTES_IN_CHUNK);
        if (status != TER_ERROR_OWNED)
            continue;
        ter_chunk_table_set(&arena->chunks, chunk, 1, TER_CHUNK_UNUSABLE);
        ter_log(TER_LOG_DECISION, "the chunk at %#zx is left to somebody else's memory",
                (size_t)start);
        found = true;
    }
    return found;
}

/* One place after another, until one is free; each turn marks a chunk. */
static ter_status grow(struct ter_range *range, struct ter_arena *arena, size_t chunks,
                       bool in_parts, uintptr_t *start)
{
    size_t end = chunk_index(arena, range->start + range->extent_bytes);
    ter_status status = TER_ERROR_OWNED;

    while (status == TER_ERROR_OWNED) {
        size_t found =
            ter_chunk_table_find_free(&arena->chunks, lowest_free_of(range, arena), end, chunks);

        if (found == TER_NO_CHUNK)
            return TER_ERROR_NO_ADDRESS_SPACE;
        *start = chunk_address(arena, found);
        status = map_and_publish(range, arena, *start, chunks << TER_LOG_BYTES_IN_CHUNK, in_parts);
        if (status == TER_ERROR_OWNED && !mark_unusable(arena, found, chunks))
            return TER_ERROR_NO_ADDRESS_SPACE;
    }
    return status;
}

static ter_status grow_locked(struct ter_range *range, struct ter_arena *arena, size_t chunks,
                              bool in_parts, uintptr_t *start)
{
    ter_status status;

    TER_CHECK(chunks > 0);
    if (chunks > range->extent_bytes >> TER_LOG_BYTES_IN_CHUNK)
        return TER_ERROR_NO_ADDRESS_SPACE;
    ter_lock_acquire(&arena->lock);
    status = grow(range, arena, chunks, in_parts, start);
    ter_lock_release(&arena->lock);
    return status;
}

ter_status ter_range_grow(struct ter_range *range, struct ter_arena *arena, size_t chunks,
                          uintptr_t *start)
{
    return grow_locked(range, arena, chunks, false, start);
}

ter_status ter_range_grow_in_parts(struct ter_range *range, struct ter_arena *arena, size_t chunks,
                                   uintptr_t *start)
{
    return grow_locked(range, arena, chunks, true, start);
}

ter_status ter_range_fill(const struct ter_range *range, struct ter_arena *arena, uintptr_t start,
                          size_t bytes)
{
    ter_status status;

    if (!arena->mmapper.by_need)
        return TER_OK;
    status = ter_mmapper_fill(&arena->mmapper, start, bytes, range->owner->name);
    return status == TER_ERROR_OWNED ? TER_ERROR_NO_ADDRESS_SPACE : status;
}

/* ---- Going back; under the growth lock ---- */

/* A space map's entry stands for the whole slot, until its last chunk is gone. */
static void release_entries(const struct ter_range *range, const struct ter_arena *arena,
                            uintptr_t start, size_t bytes)
{
    if (arena->map.kind == TER_SFT_SPACE_MAP && range->chunks != 0)
        return;
    TER_CHECK(ter_sft_map_release(&arena->map, range->owner, start, bytes, NULL) == TER_OK);
}

/* The hull ends with the highest chunk that is left. */
static void lower_hull(struct ter_range *range, const struct ter_arena *arena)
{
    size_t hull = hull_bytes(range);

    while (hull > 0 && !ter_range_holds(range, arena, range->start + hull - 1))
        hull -= TER_BYTES_IN_CHUNK;
    atomic_store_explicit(&range->mapped_bytes, hull, memory_order_release);
}

static ter_status unpublish_and_unmap(struct ter_range *range, struct ter_arena *arena,
                                      uintptr_t start, size_t bytes)
{
    size_t first = chunk_index(arena, start), chunks = bytes >> TER_LOG_BYTES_IN_CHUNK;
    size_t *lowest_free = lowest_free_of(range, arena);
    ter_status status;

    ter_chunk_table_set(&arena->chunks, first, chunks, 0);
    range->chunks -= chunks;
    release_entries(range, arena, start, bytes);
    status = ter_mmapper_unmap(&arena->mmapper, start, bytes);
    if (status != TER_OK) {
        TER_CHECK(ter_sft_map_claim(&arena->map, range->owner, start, bytes, NULL) == TER_OK);
        ter_chunk_table_set(&arena->chunks, first, chunks, range->number);
        range->chunks += chunks;
        return status;
    }
    ter_side_clear(&arena->side, range->side, start, bytes);
    lower_hull(range, arena);
    *lowest_free = ter_min(*lowest_free, first);
    ter_accounting_subtract_mapped(&arena->accounting, bytes);
    return TER_OK;
}

ter_status ter_range_return(struct ter_range *range, struct ter_arena *arena, uintptr_t start,
                            size_t chunks)
{
    size_t bytes = chunks << TER_LOG_BYTES_IN_CHUNK;
    ter_status status;

    TER_CHECK(chunks > 0 && ter_is_aligned(start, TER_BYTES_IN_CHUNK));
    ter_lock_acquire(&arena->lock);
    for (size_t at = 0; at < bytes; at += TER_BYTES_IN_CHUNK)
        TER_CHECK(ter_range_holds(range, arena, start + at));
    status = unpublish_and_unmap(range, arena, start, bytes);
    ter_lock_release(&arena->lock);
    return status;
}

/* ---- Questions ---- */

uintptr_t ter_range_next(const struct ter_range *range, const struct ter_arena *arena,
                         uintptr_t from, uintptr_t *end)
{
    uintptr_t limit = range->start + hull_bytes(range);
    uintptr_t start = ter_max(from, range->start);
    uintptr_t next;

    while (start < limit && !ter_range_holds(range, arena, start))
        start = ter_align_down(start, TER_BYTES_IN_CHUNK) + TER_BYTES_IN_CHUNK;
    if (start >= limit)
        return 0;
    next = ter_align_down(start, TER_BYTES_IN_CHUNK) + TER_BYTES_IN_CHUNK;
    while (next < limit && ter_range_holds(range, arena, next))
        next += TER_BYTES_IN_CHUNK;
    *end = next;
    return start;
}

uintptr_t ter_range_previous(const struct ter_range *range, const struct ter_arena *arena,
                             uintptr_t below, uintptr_t *start)
{
    uintptr_t end = ter_min(below, range->start + hull_bytes(range));
    uintptr_t first;

    while (end > range->start && !ter_range_holds(range, arena, end - 1))
        end = ter_align_down(end - 1, TER_BYTES_IN_CHUNK);
    if (end <= range->start)
        return 0;
    first = ter_align_down(end - 1, TER_BYTES_IN_CHUNK);
    while (first > range->start && ter_range_holds(range, arena, first - 1))
        first -= TER_BYTES_IN_CHUNK;
    *start = first;
    return end;
}
