/* SPDX-License-Identifier: MIT */
/*
 * Block page resource: a space's chunks cut into blocks.
 *
 * Invariant: every block of the mapped part is in use, in the free list, or at or above `bumped`
 * (never used, reads zero). A block is in at most one list. All under the heap lock.
 */
#pragma once

#include "pages/chunks.h"

/* A list of blocks of one space, linked through side metadata. 0 is the empty list. */
struct ter_block_list {
    uint32_t head; /* 1 + index of the block in its space */
};

struct ter_blocks {
    struct ter_range *range;
    struct ter_ground *ground;
    struct ter_block_list free;
    uint32_t bumped; /* blocks handed out at least once */
    uint32_t in_use;
};

void ter_blocks_init(struct ter_blocks *blocks, struct ter_range *range, struct ter_ground *ground);

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

TER_INLINE uintptr_t ter_blocks_address(const struct ter_blocks *blocks, uint32_t index)
{
    return blocks->range->start + ((uintptr_t)index << TER_LOG_BYTES_IN_BLOCK);
}
