/* SPDX-License-Identifier: MIT */
/* Blocks of objects that move: their pieces. */
#include "space/space.h"

_Static_assert(sizeof(struct ter_copy_block) <= 16, "spec BLOCK has 2^7 bits");
_Static_assert(sizeof(struct ter_copy_figures) <= 16, "spec BLOCK_STATE has 2^7 bits");

uintptr_t ter_copy_piece_of(const struct ter_space *space, uintptr_t word)
{
    uintptr_t block = ter_copy_start_of_block(word), start = block;

    ter_side_find_previous_non_zero(ter_space_table(space, TER_SIDE_START), word, block, &start);
    return start;
}

TER_NOINLINE size_t ter_copy_piece_bytes(const struct ter_arena *arena, uintptr_t start)
{
    uintptr_t end = ter_copy_start_of_block(start) + TER_BYTES_IN_BLOCK;

    return ter_bits_find_set(&arena->side.tables[TER_SIDE_START], start + TER_BYTES_IN_GRANULE,
                             end) -
           start;
}

uintptr_t ter_copy_find_hole(const struct ter_space *space, uintptr_t from, size_t bytes,
                             uintptr_t *end)
{
    uintptr_t block_end = ter_copy_start_of_block(from) + TER_BYTES_IN_BLOCK;
    uintptr_t limit = block_end - TER_BYTES_IN_GRANULE;
    uintptr_t piece = ter_copy_piece_of(space, from), next;

    if (piece < from)
        piece += ter_copy_piece_bytes(space->arena, piece);
    for (; piece < limit; piece = next) {
        next = piece + ter_copy_piece_bytes(space->arena, piece);
        *end = ter_min(next, limit);
        if (!ter_bits_test(ter_space_table(space, TER_SIDE_VALID_OBJECT), piece) &&
            *end - piece >= bytes)
            return piece;
    }
    return 0;
}

void ter_copy_for_each_block(struct ter_copy_space *space, ter_copy_block_step *step, void *context)
{
    uintptr_t start, end = UINTPTR_MAX;

    while ((end = ter_blocks_previous(&space->blocks, end, &start)) != 0)
        while (end > start) {
            end -= TER_BYTES_IN_BLOCK;
            if (ter_copy_block_of(space->space.arena, end)->state != TER_COPY_FREE)
                step(space, end, context);
        }
}

/* ---- In a collection ---- */

void ter_copy_stay(const struct ter_space *space, uintptr_t object)
{
    ter_copy_block_of(space->arena, object)->stays = true;
    ter_bits_set(ter_space_table(space, TER_SIDE_STAY), object);
}

uintptr_t ter_copy_hold_covering(const struct ter_space *space, uintptr_t word)
{
    enum ter_copy_fate fate = ter_copy_block_of(space->arena, word)->fate;
    uintptr_t object;

    if (fate == TER_COPY_REACHED)
        return 0;
    object = ter_copy_piece_of(space, word);
    if (!ter_bits_test(ter_space_table(space, TER_SIDE_VALID_OBJECT), object))
        return 0;
    if (fate == TER_COPY_LEFT)
        ter_copy_stay(space, object);
    return object;
}

uintptr_t ter_copy_new_place(const struct ter_space *space, uintptr_t object)
{
    uintptr_t moved;

    if (ter_copy_block_of(space->arena, object)->fate != TER_COPY_LEFT ||
        !ter_is_aligned(object, TER_BYTES_IN_GRANULE) ||
        !ter_bits_test(ter_space_table(space, TER_SIDE_START), object) ||
        ter_bits_test(ter_space_table(space, TER_SIDE_VALID_OBJECT), object))
        return 0;
    moved = *(const uintptr_t *)object;
    return moved == TER_COPY_NONE ? 0 : moved;
}
