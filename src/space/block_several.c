/* SPDX-License-Identifier: MIT */
/*
 * Blocks of several kinds: what is free in a block for one kind, given to another.
 *
 * A heap that may not grow can be full of blocks of one kind, none of them empty and hardly one of
 * them full. Then a kind that has no block would find no cell in a heap that is mostly free. So it
 * takes an available block of others, and what each object in it is stands in pages/object_kinds.h
 * from then on. That is so until the block is empty, and any kind takes it while it is available.
 *
 * Invariant: the head of such a block has TER_BLOCK_OF_SEVERAL for how to scan and TER_KIND_ATOMIC
 * for its kind, since an entry of the mark stack with a kind that has no references says where to
 * look (ter_scanning_find_kind): so marking asks nothing more of other blocks. The bytes are right
 * for every cell with a valid bit, and 0 in all other blocks. A question that comes while the block
 * changes finds the old kind in the head, or the bytes: they are stored first, then how to scan,
 * then the kind.
 */
#include <terrier/heap.h>

#include "space/space.h"

static void store_kinds(const struct ter_block_space *space, uintptr_t start, uintptr_t end,
                        unsigned kind)
{
    for (; start < end; start += TER_BYTES_IN_GRANULE)
        ter_object_kinds_store(&space->space.arena->kinds, start, kind);
}

void ter_block_set_kinds(const struct ter_block_space *space, uintptr_t start, uintptr_t end)
{
    store_kinds(space, start, end, ter_block_state_of(space->space.arena, start)->taker);
}

void ter_block_forget_kinds(const struct ter_block_space *space, uintptr_t block)
{
    store_kinds(space, block, block + TER_BYTES_IN_BLOCK, 0);
}

/* False: there is no memory for the table. */
static bool make_of_several(struct ter_block_space *space, uintptr_t block)
{
    struct ter_arena *arena = space->space.arena;
    struct ter_block_head *head = ter_block_head_of(arena, block);

    if (ter_object_kinds_make(&arena->kinds, arena->chunks.start, arena->chunks.count, block) !=
        TER_OK)
        return false;
    store_kinds(space, block, block + TER_BYTES_IN_BLOCK, head->kind);
    __atomic_store_n(&head->scan, (uint8_t)TER_BLOCK_OF_SEVERAL, __ATOMIC_RELEASE);
    __atomic_store_n(&head->kind, (uint8_t)TER_KIND_ATOMIC, __ATOMIC_RELEASE);
    return true;
}

uintptr_t ter_block_space_take_others(struct ter_block_space *space, unsigned kind,
                                      unsigned size_class)
{
    for (unsigned other = 0; other < space->kind_end; other++) {
        struct ter_block_list *list = &space->available->of[1 + other][size_class];
        uintptr_t block = ter_block_list_first(&space->blocks, list);

        if (block == 0 || other == kind || !make_of_several(space, block))
            continue;
        ter_block_list_pop(&space->blocks, list);
        ter_block_state_of(space->space.arena, block)->taker = (uint8_t)kind;
        ter_block_space_take(space, block);
        return block;
    }
    return 0;
}
