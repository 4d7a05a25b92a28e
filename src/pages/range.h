/* SPDX-License-Identifier: MIT */
/*
 * The chunks of one space, and the order in which they come and go.
 *
 * Invariant ("seen means readable"): under the growth lock, memory is mapped, then its side
 * metadata, then the SFT map's entry is claimed, then the chunk's owner and the hull are published,
 * with release. Going back, the owner is cleared and the entry becomes EMPTY before memory goes.
 * Side metadata stays readable for ever and reads zero for chunks that went back. So whoever got
 * the space for a word, and finds the word in its hull, may read that word's metadata, even if the
 * chunk has gone back meanwhile.
 *
 * In a contiguous layout a space has a slot of its own, elsewhere all spaces take chunks of the
 * whole heap; the code is the same, the bounds differ.
 */
#pragma once

#include "pages/arena.h"

struct ter_range {
    uintptr_t start;             /* of the slot, or of the heap when chunks are shared */
    size_t extent_bytes;         /* likewise */
    _Atomic size_t mapped_bytes; /* the hull: no chunk of this space lies beyond it */
    size_t chunks;               /* that it has */
    size_t lowest_free;          /* of a slot: no chunk below it is free */
    bool shared;                 /* chunks of the whole heap, not a slot */
    uint8_t number;              /* in the chunk table */
    ter_side_set side;           /* which metadata the space needs */
    const struct ter_sft *owner;
};

/* Gives a space its bounds; it has no memory yet. `slot` counts in contiguous layouts. */
void ter_range_init(struct ter_range *range, const struct ter_arena *arena, unsigned slot,
                    ter_side_set side, const struct ter_sft *owner);

/*
 * Takes `chunks` chunks side by side; they read zero, and so does their metadata.
 * TER_ERROR_NO_ADDRESS_SPACE: there is no such room. TER_ERROR_NO_MEMORY: the system refused.
 */
ter_status ter_range_grow(struct ter_range *range, struct ter_arena *arena, size_t chunks,
                          uintptr_t *start);

/*
 * The same for who asks for memory a second time: before any of it is used, ter_range_fill is
 * called for what is to be used. A space of a few hundred KiB then takes few addresses more.
 */
ter_status ter_range_grow_in_parts(struct ter_range *range, struct ter_arena *arena, size_t chunks,
                                   uintptr_t *start);

/*
 * Makes sure of the memory behind a part of the range's chunks; what is new reads zero. After a
 * failure what was mapped stays mapped. TER_ERROR_NO_ADDRESS_SPACE: somebody else has come to lie
 * there.
 */
ter_status ter_range_fill(const struct ter_range *range, struct ter_arena *arena, uintptr_t start,
                          size_t bytes);

/*
 * Gives chunks back, which hold nothing. No reader may be left that may read their *memory*; a
 * collector that has stopped the world knows. After a failure they are the space's as before.
 */
ter_status ter_range_return(struct ter_range *range, struct ter_arena *arena, uintptr_t start,
                            size_t chunks);

/*
 * The next stretch of the space's memory at or above `from`: its start, 0 if there is none, and its
 * end, that of a chunk.
 */
uintptr_t ter_range_next(const struct ter_range *range, const struct ter_arena *arena,
                         uintptr_t from, uintptr_t *end);

/* The same below `below`, from the top down: its end, 0 if there is none, and its start. */
uintptr_t ter_range_previous(const struct ter_range *range, const struct ter_arena *arena,
                             uintptr_t below, uintptr_t *start);

/* Is this any word in a chunk of the space, with memory behind it? */
TER_INLINE bool ter_range_holds(const struct ter_range *range, const struct ter_arena *arena,
                                uintptr_t word)
{
    return ter_chunk_table_owner_of(&arena->chunks, word) == range->number;
}

/*
 * The same for a word for which the map answered with this space. A slot's entry stands for all of
 * the slot, so the hull is compared; it may have holes, where metadata says that there is nothing.
 */
TER_INLINE bool ter_range_covers(const struct ter_range *range, uintptr_t word)
{
    return word - range->start < atomic_load_explicit(&range->mapped_bytes, memory_order_acquire);
}
