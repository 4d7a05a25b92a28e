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
    return ter_block_head_of(space->arena, object)->kind;
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
    return TER_OK;
}

void ter_block_space_fini(struct ter_space *common)
{
    struct ter_block_space *space = ter_block_space_of(common);

    if (space->available != NULL)
        ter_os_release((uintptr_t)space->available, lists_bytes());
    space->available = NULL;
}

/* ---- Allocation ---- */

uintptr_t ter_block_space_take_available(struct ter_block_space *space, unsigned kind,
                                         unsigned size_class)
{
    return ter_block_list_pop(&space->blocks, &space->available->of[kind][size_class]);
}

void ter_block_space_fill_marks(struct ter_block_space *space, uintptr_t block)
{
    memset(ter_bits_word(ter_space_table(&space->space, TER_SIDE_MARK), block), 0xff,
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
    if (zeroed)
        ter_block_space_fill_marks(space, *block);
    *ter_block_state_of(space->space.arena, *block) = (struct ter_block_state){
        .owner = NULL, .size_class = (uint8_t)size_class, .zeroed = zeroed};
    set_head(ter_block_head_of(space->space.arena, *block), cell_bytes, kind,
             space->space.kinds[kind].scan);
    return TER_OK;
}

/* One past the last cell. */
static uintptr_t cells_end(const struct ter_block_head *head, uintptr_t block)
{
    return block + (uintptr_t)head->cells * head->cell_bytes;
}

static void set_resume(struct ter_block_state *state, uintptr_t block, uintptr_t address)
{
    __atomic_store_n(&state->resume, (uint16_t)((address - block) >> TER_LOG_BYTES_IN_GRANULE),
                     __ATOMIC_RELEASE);
}

static uintptr_t resume_address(const struct ter_block_state *state, uintptr_t block)
{
    return block + ((uintptr_t)__atomic_load_n(&state->resume, __ATOMIC_ACQUIRE)
                    << TER_LOG_BYTES_IN_GRANULE);
}

static size_t cap_run(size_t bytes, size_t max_bytes, size_t cell_bytes)
{
    if (bytes <= max_bytes)
        return bytes;
    return max_bytes < cell_bytes ? cell_bytes : max_bytes - max_bytes % cell_bytes;
}

/*
 * Other threads may ask about cells at any time. Who reads a limit and then a cursor gets a cursor
 * that is at least as new: the run is emptied, moved, and only then opened. A cursor that is newer
 * lies behind the cells of the old run, or in another block.
 */
static void publish_run(struct ter_cell_run *run, uintptr_t cursor, uintptr_t limit)
{
    __atomic_store_n(&run->limit, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&run->cursor, cursor, __ATOMIC_RELEASE);
    __atomic_store_n(&run->limit, limit, __ATOMIC_RELEASE);
}

static void let_go(struct ter_block_state *state, struct ter_cell_run *run)
{
    publish_run(run, 0, 0);
    __atomic_store_n(&state->owner, NULL, __ATOMIC_RELEASE);
    state->zeroed = false;
}

bool ter_block_space_refill(struct ter_block_space *space, uintptr_t block, size_t max_bytes,
                            struct ter_cell_run *run)
{
    const struct ter_block_head *head = ter_block_head_of(space->space.arena, block);
    struct ter_block_state *state = ter_block_state_of(space->space.arena, block);
    uintptr_t end = cells_end(head, block);
    uintptr_t start = ter_bits_find_clear_strided(
        cell_valid_bits(space), resume_address(state, block), end, head->cell_bytes);
    size_t bytes;

    if (start == end) {
        set_resume(state, block, end);
        return false;
    }
    bytes = cap_run(ter_bits_find_set(cell_valid_bits(space), start, end) - start, max_bytes,
                    head->cell_bytes);
    set_resume(state, block, start + bytes);
    /* The run first: a question from another thread must not see the bits of cells without it. */
    publish_run(run, start, start + bytes);
    __atomic_store_n(&state->owner, run, __ATOMIC_RELEASE);
    ter_bits_set_strided_shared(cell_valid_bits(space), start, start + bytes, head->cell_bytes);
    /* Last: an atomic operation waits for every store before it, and these miss the caches. */
    if (!space->space.kinds[head->kind].zeroed)
        ter_valgrind_undefined(start, bytes);
    else if (!state->zeroed)
        memset((void *)start, 0, bytes);
    return true;
}

bool ter_block_space_next_run(struct ter_block_space *space, uintptr_t block, size_t max_bytes,
                              struct ter_cell_run *run)
{
    if (ter_block_space_refill(space, block, max_bytes, run))
        return true;
    let_go(ter_block_state_of(space->space.arena, block), run);
    return false;
}

void ter_block_space_return_run(struct ter_block_space *space, uintptr_t block,
                                struct ter_cell_run *run)
{
    struct ter_block_state *state = ter_block_state_of(space->space.arena, block);

    ter_bits_clear_range_shared(cell_valid_bits(space), run->cursor, run->limit);
    let_go(state, run);
}
