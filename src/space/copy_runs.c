/* SPDX-License-Identifier: MIT */
/*
 * Blocks of objects that move: taking runs of them.
 *
 * Invariant: whoever asks about a word of a run from another thread finds the run before the
 * valid-object bits of its cells. A mutator takes runs of a block while that is open and names the
 * mutator's own runs; a collection closes every block.
 */
#include "space/space.h"

#include <string.h>

static const struct ter_side_table *copy_run_bits(const struct ter_space *space)
{
    return ter_space_table(space, TER_SIDE_START);
}

ter_status ter_copy_take_block(struct ter_copy_space *space, unsigned kind, uintptr_t *block)
{
    struct ter_copy_block *record;
    bool zeroed;
    ter_status status = ter_blocks_acquire(&space->blocks, block, &zeroed);

    if (status != TER_OK)
        return status;
    ter_asan_no_access(*block, TER_BYTES_IN_BLOCK);
    ter_bits_set_shared(copy_run_bits(&space->space), *block);
    record = ter_copy_block_of(space->space.arena, *block);
    record->kind = (uint8_t)kind;
    record->scan = (uint8_t)space->space.kinds[kind].scan;
    record->zeroed = zeroed;
    record->used = 0;
    __atomic_store_n(&record->state, TER_COPY_CLOSED, __ATOMIC_RELEASE);
    return TER_OK;
}

ter_status ter_copy_take_fresh(struct ter_space *space, uintptr_t *window, unsigned kind,
                               const struct ter_cell_run *owner)
{
    struct ter_copy_space *common = ter_copy_space_of(space);
    uintptr_t block;
    struct ter_copy_block *record;
    ter_status status = ter_copy_take_block(common, kind, &block);

    if (status != TER_OK)
        return status;
    record = ter_copy_block_of(space->arena, block);
    __atomic_store_n(&record->owner, owner, __ATOMIC_RELEASE);
    __atomic_store_n(&record->state, TER_COPY_OPEN, __ATOMIC_RELEASE);
    if (common->ages) {
        ter_block_list_push(&common->blocks, &common->young, block);
        common->young_blocks++;
    }
    *window = block;
    return TER_OK;
}

/* ---- Blocks that a collection kept ---- */

static bool is_copy_object(const struct ter_space *space, uintptr_t piece)
{
    return ter_bits_test(ter_space_table(space, TER_SIDE_VALID_OBJECT), piece);
}

/* No store into it is logged any more: the next collection is of all objects. */
static void mix_with_young(struct ter_copy_space *space, uintptr_t block)
{
    ter_space_make_new(&space->space, block, block + TER_BYTES_IN_BLOCK);
    ter_copy_figures_of(space->space.arena, block)->is_mixed = true;
}

bool ter_copy_take_kept(struct ter_space *common, uintptr_t *window, unsigned kind,
                        const struct ter_cell_run *owner)
{
    struct ter_copy_space *space = ter_copy_space_of(common);
    struct ter_copy_block *record;
    uintptr_t block;

    if (space->ages && !common->arena->fills_up)
        return false; /* blocks are young as a whole; copies fill those */
    block = ter_block_list_pop(&space->blocks, &space->copiers->kept[kind]);
    if (block == 0)
        return false;
    space->reused_bytes += (TER_GRANULES_IN_BLOCK - ter_copy_figures_of(common->arena, block)->live)
                           << TER_LOG_BYTES_IN_GRANULE;
    if (space->ages)
        mix_with_young(space, block);
    record = ter_copy_block_of(common->arena, block);
    __atomic_store_n(&record->owner, owner, __ATOMIC_RELEASE);
    __atomic_store_n(&record->state, TER_COPY_REUSED, __ATOMIC_RELEASE);
    *window = block;
    return true;
}

/* ---- Runs ---- */

/* Where a run may begin, from `from` on, a piece of the block's; *end: how far it may reach. */
static uintptr_t find_room(const struct ter_space *space, uintptr_t from, size_t cell_bytes,
                           uintptr_t *end)
{
    uintptr_t block = ter_copy_start_of_block(from);
    const struct ter_copy_block *record = ter_copy_block_of(space->arena, block);
    uintptr_t behind = block + ((uintptr_t)record->used << TER_LOG_BYTES_IN_GRANULE), next;

    for (; record->state == TER_COPY_REUSED && from < behind; from = next) {
        next = from + ter_copy_piece_bytes(space->arena, from);
        *end = next;
        if (next - from >= cell_bytes && !is_copy_object(space, from))
            return from;
    }
    *end = ter_copy_limit_of_block(block);
    return behind;
}

static void make_copy_cells(struct ter_space *space, unsigned kind, uintptr_t start, uintptr_t end,
                            size_t cell_bytes)
{
    ter_bits_set_strided_shared(ter_space_table(space, TER_SIDE_VALID_OBJECT), start, end,
                                cell_bytes);
    ter_asan_access(start, end - start);
    if (!space->kinds[kind].zeroed)
        ter_valgrind_undefined(start, end - start);
    else if (!ter_copy_block_of(space->arena, start)->zeroed)
        memset((void *)start, 0, end - start);
}

/* What follows the run is a piece, and no object where there was room for more. */
static void end_run(const struct ter_space *space, uintptr_t end, uintptr_t room_end)
{
    uintptr_t block = ter_copy_start_of_block(end);
    struct ter_copy_block *record = ter_copy_block_of(space->arena, block);
    size_t used = (end - block) >> TER_LOG_BYTES_IN_GRANULE;

    if (used > record->used)
        record->used = (uint16_t)used;
    else if (end < room_end)
        ter_copy_make_empty(end);
}

static bool may_fill(const struct ter_space *space, uintptr_t window,
                     const struct ter_cell_run *owner)
{
    const struct ter_copy_block *record;

    if (window == 0)
        return false;
    record = ter_copy_block_of(space->arena, window);
    return record->state >= TER_COPY_OPEN && record->owner == owner;
}

bool ter_copy_fill_run(struct ter_space *space, uintptr_t *window, unsigned kind,
                       unsigned size_class, size_t most, struct ter_cell_run *run)
{
    size_t cell_bytes = ter_size_class_bytes[size_class], bytes = 0;
    uintptr_t start = 0, end = 0;

    if (may_fill(space, *window, run - size_class)) {
        start = find_room(space, *window, cell_bytes, &end);
        bytes = ter_cell_run_fit(cell_bytes, most, end - start);
    }
    if (bytes == 0) {
        *window = 0;
        return false;
    }
    end_run(space, start + bytes, end);
    ter_bits_set_strided_shared(copy_run_bits(space), start + cell_bytes,
                                start + bytes + TER_BYTES_IN_GRANULE, cell_bytes);
    ter_cell_run_publish(run, start, start + bytes);
    make_copy_cells(space, kind, start, start + bytes, cell_bytes);
    *window = start + bytes;
    return true;
}

static void take_back_cells(struct ter_space *space, uintptr_t start, uintptr_t end)
{
    uintptr_t block = ter_copy_start_of_block(start);
    struct ter_copy_block *record = ter_copy_block_of(space->arena, block);

    ter_bits_clear_range_shared(ter_space_table(space, TER_SIDE_VALID_OBJECT), start, end);
    ter_bits_clear_range_shared(copy_run_bits(space), start + TER_BYTES_IN_GRANULE, end);
    ter_asan_no_access(start, end - start);
    if (end - block != (size_t)record->used << TER_LOG_BYTES_IN_GRANULE) {
        ter_copy_make_empty(start);
        return;
    }
    /* What was taken last is behind all objects again, where memory may have to read zero. */
    ter_bits_clear_range_shared(copy_run_bits(space), end, end + TER_BYTES_IN_GRANULE);
    record->used = (uint16_t)((start - block) >> TER_LOG_BYTES_IN_GRANULE);
}

void ter_copy_return_run(struct ter_space *space, struct ter_cell_run *run)
{
    /* In a forked child, the thread may have been about to open the run. */
    if (run->cursor < run->limit)
        take_back_cells(space, run->cursor, run->limit);
    ter_cell_run_publish(run, 0, 0);
}

/* Its thread stands where it may be about to hand out a cell. */
void ter_copy_keep_run(struct ter_space *space, const struct ter_cell_run *run, size_t bytes)
{
    if (run->cursor >= run->limit)
        return;
    ter_copy_block_of(space->arena, run->cursor)->stays = true;
    ter_bits_set_strided_shared(ter_space_table(space, TER_SIDE_STAY), run->cursor, run->limit,
                                bytes);
    ter_bits_set_strided_shared(ter_space_table(space, TER_SIDE_MARK), run->cursor, run->limit,
                                bytes);
}
