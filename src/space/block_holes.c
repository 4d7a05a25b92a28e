/* SPDX-License-Identifier: MIT */
/*
 * Giving memory back inside blocks that are in use: whole free pages of blocks that rest.
 *
 * A block rests while it is in a list of available blocks and nobody takes it. Then nothing is
 * written into its free cells, and which they are only its valid bits say: objects in it may be
 * freed meanwhile, by any thread, but none comes to be. So a page that no object touches may lose
 * its memory, with the world running, under the heap lock. It reads zero then, but whoever takes
 * the block need not know: its cells are cleared as those of any block that was used.
 *
 * Invariant: `gone` of a block's state has a bit for each page that lost its memory since the block
 * was taken last, and accounting counts those pages as hollow.
 */
#include "space/space.h"

_Static_assert(TER_BYTES_IN_BLOCK / TER_BYTES_IN_PAGE <= 8, "`gone` has a bit for each page");

/* Pages of the system may be larger than ours, also than blocks, but never smaller. */
static size_t pages_of_block(void)
{
    return TER_BYTES_IN_BLOCK / ter_os_page_size();
}

/* ---- How long blocks rest ---- */

static bool has_rested_enough(unsigned rested)
{
    return rested >= TER_BLOCK_RESTS && ter_is_power_of_two(rested);
}

bool ter_block_rests(struct ter_block_state *state)
{
    /* The first run moves it. */
    if (state->resume != 0)
        state->rested = 0;
    else
        state->rested = state->rested == UINT8_MAX ? UINT8_MAX / 2 + 1 : state->rested + 1;
    return has_rested_enough(state->rested);
}

/* ---- Giving back ---- */

static bool is_hole(const struct ter_block_space *space, const struct ter_block_head *head,
                    uintptr_t page)
{
    const struct ter_side_table *valid = ter_space_table(&space->space, TER_SIDE_VALID_OBJECT);
    uintptr_t end = page + ter_os_page_size();

    return ter_bits_find_set(valid, ter_block_cell_of(head, page), end) >= end;
}

static unsigned free_pages(const struct ter_block_space *space, uintptr_t block)
{
    const struct ter_block_head *head = ter_block_head_of(space->space.arena, block);
    unsigned mask = 0;

    for (size_t i = 0; i < pages_of_block(); i++)
        if (is_hole(space, head, block + i * ter_os_page_size()))
            mask |= 1u << i;
    return mask;
}

/* Pages side by side by one call; those that the system takes. */
static unsigned give_pages_back(uintptr_t block, unsigned mask)
{
    unsigned taken = 0;

    while (mask != 0) {
        unsigned first = ter_count_trailing_zeros(mask);
        unsigned pages = ter_count_trailing_zeros(~(uint64_t)(mask >> first));
        unsigned run = ((1u << pages) - 1) << first;

        if (ter_os_decommit(block + first * ter_os_page_size(), pages * ter_os_page_size()) ==
            TER_OK)
            taken |= run;
        mask &= ~run;
    }
    return taken;
}

static size_t hollow_block(struct ter_block_space *space, uintptr_t block)
{
    struct ter_block_state *state = ter_block_state_of(space->space.arena, block);
    unsigned mask = free_pages(space, block) & ~(unsigned)state->gone;

    mask = give_pages_back(block, mask);
    state->gone |= (uint8_t)mask;
    ter_accounting_add_hollow(&space->space.arena->accounting, ter_block_gone_bytes(mask));
    return ter_block_gone_bytes(mask);
}

static size_t hollow_list(struct ter_block_space *space, const struct ter_block_list *list,
                          bool resting)
{
    uintptr_t block = ter_block_list_first(&space->blocks, list);
    size_t done = 0;

    for (; block != 0; block = ter_block_list_next(&space->blocks, block))
        if (!resting || has_rested_enough(ter_block_state_of(space->space.arena, block)->rested))
            done += hollow_block(space, block);
    return done;
}

static size_t hollow_lists(struct ter_block_space *space, unsigned number, bool resting)
{
    size_t done = 0;

    for (unsigned size_class = 0; size_class < TER_SIZE_CLASSES; size_class++)
        done += hollow_list(space, &space->available->of[number][size_class], resting);
    return done;
}

size_t ter_block_space_hollow(struct ter_space *common, bool resting)
{
    struct ter_block_space *space = ter_block_space_of(common);
    size_t done = 0;

    if (resting && space->due == 0)
        return 0;
    space->due = 0;
    for (unsigned number = 0; number <= space->kind_end; number++)
        done += hollow_lists(space, number, resting);
    return done;
}
