/* SPDX-License-Identifier: MIT */
#include "pages/pages.h"

void ter_blocks_init(struct ter_blocks *blocks, struct ter_range *range, struct ter_ground *ground)
{
    *blocks = (struct ter_blocks){.range = range, .ground = ground};
}

static uint32_t *link_of(const struct ter_blocks *blocks, uintptr_t block)
{
    return TER_SIDE_RECORD(blocks->ground->side, BLOCK_LINK, block);
}

static uint32_t index_of(const struct ter_blocks *blocks, uintptr_t block)
{
    return (uint32_t)((block - blocks->range->start) >> TER_LOG_BYTES_IN_BLOCK);
}

void ter_block_list_push(struct ter_blocks *blocks, struct ter_block_list *list, uintptr_t block)
{
    *link_of(blocks, block) = list->head;
    list->head = index_of(blocks, block) + 1;
}

uintptr_t ter_block_list_pop(struct ter_blocks *blocks, struct ter_block_list *list)
{
    uintptr_t block;

    if (list->head == 0)
        return 0;
    block = ter_blocks_address(blocks, list->head - 1);
    list->head = *link_of(blocks, block);
    return block;
}

static ter_status ensure_fresh_block(struct ter_blocks *blocks)
{
    size_t mapped = atomic_load_explicit(&blocks->range->mapped_bytes, memory_order_relaxed);

    if (blocks->bumped < mapped >> TER_LOG_BYTES_IN_BLOCK)
        return TER_OK;
    return ter_range_grow(blocks->range, blocks->ground, 1);
}

ter_status ter_blocks_acquire(struct ter_blocks *blocks, uintptr_t *block, bool *zeroed)
{
    uintptr_t found = ter_block_list_pop(blocks, &blocks->free);
    ter_status status;

    *zeroed = found == 0;
    if (found == 0) {
        status = ensure_fresh_block(blocks);
        if (status != TER_OK)
            return status;
        found = ter_blocks_address(blocks, blocks->bumped++);
    }
    blocks->in_use++;
    ter_accounting_add(&blocks->ground->accounting, TER_BYTES_IN_BLOCK);
    *block = found;
    return TER_OK;
}

void ter_blocks_release(struct ter_blocks *blocks, uintptr_t block)
{
    TER_CHECK(blocks->in_use > 0);
    blocks->in_use--;
    ter_accounting_subtract(&blocks->ground->accounting, TER_BYTES_IN_BLOCK);
    ter_block_list_push(blocks, &blocks->free, block);
}
