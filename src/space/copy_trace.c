/* SPDX-License-Identifier: MIT */
/* Objects that move: what the loop calls seldom. */
#include "space/space.h"

/* ---- Where copies go ---- */

void ter_copy_close(const struct ter_copy_space *space, const struct ter_copier *copier)
{
    uintptr_t block = ter_copy_start_of_block(copier->cursor);

    if (copier->limit == 0)
        return;
    ter_copy_block_of(space->space.arena, block)->used =
        (uint16_t)((copier->cursor - block) >> TER_LOG_BYTES_IN_GRANULE);
    *(uintptr_t *)copier->cursor = 0;
}

TER_NOINLINE bool ter_copy_open_block(struct ter_copiers *copiers, unsigned kind)
{
    struct ter_copy_space *space = copiers->space;
    struct ter_copier *copier = &copiers->of[kind];
    uintptr_t block;

    if (space->blocks_to_take == 0 || ter_copy_take_block(space, kind, &block) != TER_OK)
        return false;
    space->blocks_to_take--;
    ter_copy_close(space, copier);
    ter_copy_block_of(space->space.arena, block)->zeroed = false;
    *copier = (struct ter_copier){block, ter_copy_limit_of_block(block)};
    return true;
}

/* ---- What stays ---- */

static void reach_in_place(struct ter_scanning *scanning, uintptr_t object, size_t bytes)
{
    const struct ter_copy_block *block = ter_copy_block_of(scanning->arena, object);

    if (ter_scanning_mark(scanning, object, TER_MARKING_ALONE) && block->scan != TER_SCAN_NONE)
        ter_scanning_enqueue(scanning, object, bytes, block->kind);
}

TER_NOINLINE void ter_copy_trace_ambiguous(struct ter_scanning *scanning, uintptr_t word,
                                           enum ter_word_form form)
{
    const struct ter_space *space = ter_space_of(ter_sft_map_get(&scanning->map, word));
    uintptr_t object = ter_copy_piece_of(space, word);

    if (!ter_scanning_refers(scanning, word - object, form) ||
        ter_copy_hold_covering(space, word) == 0)
        return;
    reach_in_place(scanning, object, ter_copy_piece_bytes(scanning->arena, object));
}

TER_NOINLINE bool ter_copy_trace_staying(struct ter_scanning *scanning, uintptr_t object)
{
    if (!ter_bits_test(&scanning->arena->side.tables[TER_SIDE_STAY], object))
        return false;
    reach_in_place(scanning, object, ter_copy_piece_bytes(scanning->arena, object));
    return true;
}

TER_NOINLINE void ter_copy_give_up(struct ter_scanning *scanning, uintptr_t object, size_t bytes)
{
    ter_copy_stay(ter_space_of(ter_sft_map_get(&scanning->map, object)), object);
    reach_in_place(scanning, object, bytes);
}
