/* SPDX-License-Identifier: MIT */
/*
 * Block page resource: a space's chunks cut into blocks.
 *
 * Invariant: every block of the space's chunks is in use, in one of the two free lists, ahead or
 * fresh. A block is in at most one list. All under the heap lock.
 */
#pragma once

#include "pages/range.h"

/* A list of blocks of one heap, linked through side metadata. 0 is the empty list. */
struct ter_block_list {
    uint32_t head; /* 1 + index of the block in the heap */
};

struct ter_blocks {
    struct ter_range *range;
    struct ter_arena *arena;
    struct ter_block_list dirty; /* free blocks, with memory behind them */
    struct ter_block_list clean; /* free blocks that read zero and have none */
    uintptr_t ahead, ahead_end;  /* free blocks that read zero, with memory: next to be taken */
    uintptr_t fresh, fresh_end;  /* of the chunk that came last: blocks never handed out */
    size_t in_use;
};

void ter_blocks_init(struct ter_blocks *blocks, struct ter_range *range, struct ter_arena *arena);

/*
 * Takes a block, without asking the limit. *zeroed says that its memory reads zero.
 * TER_ERROR_NO_MEMORY or TER_ERROR_NO_ADDRESS_SPACE when the space cannot grow.
 */
ter_status ter_blocks_acquire(struct ter_blocks *blocks, uintptr_t *block, bool *zeroed);
/* Gives a block that is in no list back. */
void ter_blocks_release(struct ter_blocks *blocks, uintptr_t block);

void ter_block_list_push(struct ter_blocks *blocks, struct ter_block_list *list, uintptr_t block);
/* The first block of the list, 0 when it is empty. */
uintptr_t ter_block_list_pop(struct ter_blocks *blocks, struct ter_block_list *list);
/* The blocks of a list in their order; 0 behind the last. */
uintptr_t ter_block_list_first(const struct ter_blocks *blocks, const struct ter_block_list *list);
uintptr_t ter_block_list_next(const struct ter_blocks *blocks, uintptr_t block);

/*
 * The next blocks side by side that were ever handed out, at or above `from`: their start, 0 if
 * there are none, and their end. And the same from the top down: their end, and their start.
 */
uintptr_t ter_blocks_next(const struct ter_blocks *blocks, uintptr_t from, uintptr_t *end);
uintptr_t ter_blocks_previous(const struct ter_blocks *blocks, uintptr_t below, uintptr_t *start);

/*
 * Gives up to about `bytes` of memory of free blocks back to the system, from the top: whole chunks
 * where all blocks are free, else runs of blocks. `is_free` and `is_clean` answer for a block that
 * was handed out once; `set_clean` is told what changes. Returns the bytes given back.
 */
struct ter_blocks_view {
    bool (*is_free)(const struct ter_blocks *blocks, uintptr_t block);
    bool (*is_clean)(const struct ter_blocks *blocks, uintptr_t block);
    void (*set_clean)(struct ter_blocks *blocks, uintptr_t block, bool is_clean);
};
size_t ter_blocks_trim(struct ter_blocks *blocks, const struct ter_blocks_view *view, size_t bytes);
