/* SPDX-License-Identifier: MIT */
/* Blocks: questions and allocation. The collector's part is in block_sweep.c. */
#include "space/space.h"

#include <string.h>

_Static_assert(sizeof(struct ter_block_head) == 16, "spec BLOCK has 2^7 bits");
_Static_assert(sizeof(struct ter_block_state) <= 16, "spec BLOCK_STATE has 2^7 bits");

TER_INLINE const struct ter_block_space *block_space_of(const struct ter_sft *sft)
{
    return (const struct ter_block_space *)(const void *)sft;
}

static const struct ter_side_table *cell_valid_bits(const struct ter_block_space *space)
{
    return ter_space_table(&space->space, TER_SIDE_VALID_OBJECT);
}

/* ---- Questions ---- */

static uintptr_t block_of(uintptr_t address)
{
    return ter_align_down(address, TER_BYTES_IN_BLOCK);
}

/*
 * First byte of the cell that covers `word`, or 0. The block may change its size class meanwhile,
 * in another thread or under a signal handler that asks; parts of two heads then lead to no cell or
 * to one of the same block, of which the bits tell.
 */
static uintptr_t find_cell_start(const struct ter_block_head *head, uintptr_t word)
{
    struct ter_block_head seen;
    uintptr_t cell;

    seen.cells = __atomic_load_n(&head->cells, __ATOMIC_ACQUIRE);
    seen.reciprocal = __atomic_load_n(&head->reciprocal, __ATOMIC_RELAXED);
    seen.cell_bytes = __atomic_load_n(&head->cell_bytes, __ATOMIC_RELAXED);
    cell = ter_block_cell_of(&seen, word);
    return seen.cells != 0 && block_of(cell) == block_of(word) ? cell : 0;
}

ter_object ter_block_space_find(const struct ter_sft *sft, uintptr_t word)
{
    const struct ter_block_space *space = block_space_of(sft);
    const struct ter_block_head *head;
    uintptr_t cell;

    if (!ter_range_holds(&space->space.range, space->space.arena, word))
        return ter_object_none();
    head = ter_block_head_of(space->space.arena, word);
    cell = find_cell_start(head, word);
    if (cell == 0 || !ter_bits_test(cell_valid_bits(space), cell) ||
        !ter_block_is_handed_out(space->space.arena, cell))
        return ter_object_none();
    return ter_object_at(cell);
}

size_t ter_block_space_object_bytes(const struct ter_space *space, uintptr_t object)
{
    return ter_block_head_of(space->arena, object)->cell_bytes;
}

unsigned ter_block_space_object_kind(const struct ter_space *space, uintptr_t object)
{
    return ter_block_kind_of(space->arena, object);
}

/* ---- Life ---- */

static size_t lists_bytes(void)
{
    return ter_align_up(sizeof(struct ter_block_lists), ter_os_page_size());
}

ter_status ter_block_space_init(struct ter_space *common)
{
    struct ter_block_space *space = ter_block_space_of(common);
    void *memory;
    ter_status status = ter_os_allocate(lists_bytes(), &memory);

    if (status != TER_OK)
        return status;
    ter_os_name((uintptr_t)memory, lists_bytes(), "terrier:block-lists");
    ter_blocks_init(&space->blocks, &common->range, common->arena);
    space->available = memory;
    space->ages = ter_space_ages(common);
    return TER_OK;
}

void ter_block_space_fini(struct ter_space *common)
{
    struct ter_block_space *space = ter_block_space_of(common);

    if (space->available != NULL)
        ter_os_retire((uintptr_t)space->available, lists_bytes());
    space->available = NULL;
}

/* ---- Allocation ---- */

void ter_block_wake(struct ter_block_space *space, struct ter_block_state *state)
{
    if (TER_LIKELY(state->gone == 0))
        return;
    ter_accounting_subtract_hollow(&space->space.arena->accounting,
                                   ter_block_gone_bytes(state->gone));
    state->gone = 0;
}

static void note_taken(struct ter_block_space *space, uintptr_t block)
{
    if (ter_arena_ages(space->space.arena))
        ter_block_list_push(&space->blocks, &space->taken, block);
}

void ter_block_space_take(struct ter_block_space *space, uintptr_t block)
{
    ter_block_wake(space, ter_block_state_of(space->space.arena, block));
    note_taken(space, block);
}

static uintptr_t take_of_several(struct ter_block_space *space, unsigned kind, unsigned size_class)
{
    uintptr_t block = ter_block_list_pop(&space->blocks, &space->available->of[0][size_class]);
    struct ter_block_state *state;

    if (TER_LIKELY(block == 0))
        return 0;
    state = ter_block_state_of(space->space.arena, block);
    state->taker = (uint8_t)kind;
    ter_block_space_take(space, block);
    return block;
}

uintptr_t ter_block_space_take_available(struct ter_block_space *space, unsigned kind,
                                         unsigned size_class)
{
    uintptr_t block =
        ter_block_list_pop(&space->blocks, &space->available->of[1 + kind][size_class]);

    if (block == 0)
        return take_of_several(space, kind, size_class);
    ter_block_space_take(space, block);
    return block;
}

void ter_block_fill_marks(const struct ter_side_table *marks, uintptr_t block)
{
    memset(ter_bits_word(marks, block), 0xff,
           TER_BYTES_IN_BLOCK >> (TER_LOG_BYTES_IN_BIT_WORD - 3));
}

/* The number of cells last: without one the block is free, see find_cell_start. */
static void set_head(struct ter_block_head *head, uint32_t cell_bytes, unsigned kind,
                     enum ter_scan scan)
{
    head->kind = (uint8_t)kind;
    head->scan = (uint8_t)scan;
    __atomic_store_n(&head->reciprocal, ter_size_class_reciprocal(cell_bytes), __ATOMIC_RELAXED);
    __atomic_store_n(&head->cell_bytes, cell_bytes, __ATOMIC_RELAXED);
    __atomic_store_n(&head->cells, (uint16_t)(TER_BYTES_IN_BLOCK / cell_bytes), __ATOMIC_RELEASE);
}

ter_status ter_block_space_take_fresh(struct ter_block_space *space, unsigned kind,
                                      unsigned size_class, uintptr_t *block)
{
    uint32_t cell_bytes = ter_size_class_bytes[size_class];
    bool zeroed;
    ter_status status = ter_blocks_acquire(&space->blocks, block, &zeroed);

    if (status != TER_OK)
        return status;
    ter_asan_no_access(*block, TER_BYTES_IN_BLOCK);
    space->kind_end = (unsigned)ter_max(space->kind_end, kind + 1);
    if (zeroed)
        ter_block_fill_marks(ter_space_table(&space->space, TER_SIDE_MARK), *block);
    *ter_block_state_of(space->space.arena, *block) = (struct ter_block_state){
        .size_class = (uint8_t)size_class,
        .zeroed = zeroed,
        /* What is old from the beginning gets its bits whenever it was logged. */
        .is_old = !space->ages && ter_arena_ages(space->space.arena)};
    set_head(ter_block_head_of(space->space.arena, *block), cell_bytes, kind,
             space->space.kinds[kind].scan);
    note_taken(space, *block);
    return TER_OK;
}
