/* SPDX-License-Identifier: MIT */
/*
 * Blocks: the collector's part.
 *
 * Before marking, mark bits := not valid-object bits. So a word that leads to a cell which is no
 * object finds the mark set and is dropped by the same test that drops what was marked before.
 */
#include "space/space.h"

#define WORDS_IN_BLOCK (TER_BYTES_IN_BLOCK >> TER_LOG_BYTES_IN_BIT_WORD)

static uint64_t *words_of(const struct ter_block_space *space, enum ter_side_id id, uintptr_t block)
{
    return ter_bits_word(ter_space_table(&space->space, id), block);
}

void ter_block_space_prepare(struct ter_space *common)
{
    const struct ter_block_space *space = ter_block_space_of(common);
    uintptr_t start, end = 0;

    while ((start = ter_blocks_next(&space->blocks, end, &end)) != 0) {
        size_t words = (end - start) >> TER_LOG_BYTES_IN_BIT_WORD;
        const uint64_t *valid = words_of(space, TER_SIDE_VALID_OBJECT, start);
        uint64_t *mark = words_of(space, TER_SIDE_MARK, start);

        for (size_t i = 0; i < words; i++)
            mark[i] = ~valid[i];
    }
}

static unsigned sweep_words(uint64_t *valid, uint64_t *mark)
{
    unsigned live = 0;

    for (size_t i = 0; i < WORDS_IN_BLOCK; i++) {
        uint64_t word = valid[i] & mark[i];

        /* A signal handler of a blocked thread may be asking about a cell. */
        __atomic_store_n(&valid[i], word, __ATOMIC_RELAXED);
        mark[i] = ~UINT64_C(0);
        live += ter_count_ones(word);
    }
    return live;
}

/* `fresh`: those of them that `live` does not have yet. */
static void count_live_cells(struct ter_block_space *space, const struct ter_block_head *head,
                             unsigned fresh, struct ter_live *live)
{
    size_t bytes = (size_t)fresh * head->cell_bytes;

    ter_live_count(live, (enum ter_scan)head->scan, fresh, bytes);
    space->live_bytes += bytes;
}

/* Cells that the sweep is about to free. */
static void take_access(const struct ter_block_space *space, uintptr_t block)
{
    const uint64_t *valid = words_of(space, TER_SIDE_VALID_OBJECT, block);
    const uint64_t *mark = words_of(space, TER_SIDE_MARK, block);
    size_t bytes = ter_block_head_of(space->space.arena, block)->cell_bytes;

    for (size_t i = 0; i < WORDS_IN_BLOCK; i++)
        for (uint64_t dead = valid[i] & ~mark[i]; dead != 0; dead &= dead - 1)
            ter_asan_no_access(block + (i << TER_LOG_BYTES_IN_BIT_WORD) +
                                   (ter_count_trailing_zeros(dead) << TER_LOG_BYTES_IN_GRANULE),
                               bytes);
}

static void free_block(struct ter_block_space *space, uintptr_t block)
{
    struct ter_block_head *head = ter_block_head_of(space->space.arena, block);
    struct ter_block_state *state = ter_block_state_of(space->space.arena, block);

    if (TER_UNLIKELY(ter_block_is_of_several(head)))
        ter_block_forget_kinds(space, block);
    if (state->is_old)
        ter_space_make_new(&space->space, block, block + TER_BYTES_IN_BLOCK);
    __atomic_store_n(&head->cells, 0, __ATOMIC_RELAXED);
    state->is_old = state->zeroed = false;
    ter_block_wake(space, state);
    ter_blocks_release(&space->blocks, block);
}

static void age_block(const struct ter_block_space *space, uintptr_t block)
{
    if (!space->ages)
        return;
    ter_space_make_old(&space->space, block, block + TER_BYTES_IN_BLOCK);
    ter_block_state_of(space->space.arena, block)->is_old = true;
}

/* `counted`: so many of its objects are in `live` already. */
static void sweep_block(struct ter_block_space *space, uintptr_t block, unsigned counted,
                        struct ter_live *live)
{
    const struct ter_block_head *head = ter_block_head_of(space->space.arena, block);
    struct ter_block_state *state = ter_block_state_of(space->space.arena, block);
    unsigned live_cells;

    if (head->cells == 0)
        return;
    if (TER_HAS_ASAN)
        take_access(space, block);
    live_cells = sweep_words(words_of(space, TER_SIDE_VALID_OBJECT, block),
                             words_of(space, TER_SIDE_MARK, block));
    TER_ASSERT(live_cells <= head->cells);
    /* A mutator stands still in the middle of it: it stays its own, and is looked at next time. */
    if (state->owner != NULL) {
        count_live_cells(space, head, live_cells - counted, live);
        return;
    }
    space->due += ter_block_rests(state);
    state->resume = 0;
    if (live_cells == 0) {
        free_block(space, block);
        return;
    }
    count_live_cells(space, head, live_cells - counted, live);
    age_block(space, block);
    /* No run will be taken from a full block, so cells that are freed there must enter a list. */
    if (live_cells < head->cells)
        ter_block_list_push(&space->blocks,
                            &space->available->of[ter_block_list_number(head)][state->size_class],
                            block);
    else
        state->resume =
            (uint16_t)(((size_t)head->cells * head->cell_bytes) >> TER_LOG_BYTES_IN_GRANULE);
}

static void empty_lists(struct ter_block_list *lists)
{
    for (unsigned size_class = 0; size_class < TER_SIZE_CLASSES; size_class++)
        if (lists[size_class].head != 0)
            lists[size_class] = (struct ter_block_list){0};
}

/* From the top down, so that the lists give low addresses first and the top becomes empty. */
void ter_block_space_sweep(struct ter_space *common, struct ter_live *live)
{
    struct ter_block_space *space = ter_block_space_of(common);
    uintptr_t start, end = UINTPTR_MAX;

    space->due = space->live_bytes = 0;
    space->taken = (struct ter_block_list){0};
    for (unsigned number = 0; number <= space->kind_end; number++)
        empty_lists(space->available->of[number]);
    while ((end = ter_blocks_previous(&space->blocks, end, &start)) != 0)
        while (end > start) {
            end -= TER_BYTES_IN_BLOCK;
            sweep_block(space, end, 0, live);
        }
}

size_t ter_block_space_open_bytes(const struct ter_space *common)
{
    const struct ter_block_space *space = ter_block_space_of(common);
    size_t in_use = space->blocks.in_use << TER_LOG_BYTES_IN_BLOCK;

    return in_use - ter_min(in_use, space->live_bytes);
}

/* ---- Young objects alone ---- */

/* Bit for bit as the valid-object bits. */
static uint64_t old_cells(const struct ter_block_space *space, uintptr_t block, size_t word)
{
    return ter_log_bits_word(ter_space_table(&space->space, TER_SIDE_OBJECT_LOG)->bias,
                             (block >> TER_LOG_BYTES_IN_GRANULE) +
                                 (word << TER_LOG_GRANULES_IN_BIT_WORD));
}

/* Old ones count as reached, and so does what is no object. */
void ter_block_space_prepare_young(struct ter_space *common)
{
    struct ter_block_space *space = ter_block_space_of(common);
    uintptr_t block = ter_block_list_first(&space->blocks, &space->taken);

    for (; block != 0; block = ter_block_list_next(&space->blocks, block)) {
        const uint64_t *valid = words_of(space, TER_SIDE_VALID_OBJECT, block);
        uint64_t *mark = words_of(space, TER_SIDE_MARK, block);

        for (size_t i = 0; i < WORDS_IN_BLOCK; i++)
            mark[i] = ~valid[i] | old_cells(space, block, i);
    }
}

static unsigned count_old(const struct ter_block_space *space, uintptr_t block)
{
    const uint64_t *valid = words_of(space, TER_SIDE_VALID_OBJECT, block);
    unsigned count = 0;

    for (size_t i = 0; i < WORDS_IN_BLOCK; i++)
        count += ter_count_ones(valid[i] & old_cells(space, block, i));
    return count;
}

void ter_block_space_sweep_young(struct ter_space *common, struct ter_live *live)
{
    struct ter_block_space *space = ter_block_space_of(common);
    uintptr_t block = ter_block_list_first(&space->blocks, &space->taken), next;

    space->taken = (struct ter_block_list){0};
    for (; block != 0; block = next) {
        next = ter_block_list_next(&space->blocks, block);
        sweep_block(space, block, count_old(space, block), live);
    }
}

/* ---- Giving memory back ---- */

static bool is_free_block(const struct ter_blocks *blocks, uintptr_t block)
{
    return ter_block_head_of(blocks->arena, block)->cells == 0;
}

static bool is_clean_block(const struct ter_blocks *blocks, uintptr_t block)
{
    return ter_block_state_of(blocks->arena, block)->zeroed;
}

/* What had memory ahead and is in a list now never had marks: who takes it will not set them. */
static void set_clean_block(struct ter_blocks *blocks, uintptr_t block, bool is_clean)
{
    ter_block_state_of(blocks->arena, block)->zeroed = is_clean;
    if (!is_clean)
        ter_block_fill_marks(&blocks->arena->side.tables[TER_SIDE_MARK], block);
}

size_t ter_block_space_trim(struct ter_space *space, size_t bytes)
{
    static const struct ter_blocks_view view = {is_free_block, is_clean_block, set_clean_block};

    return ter_blocks_trim(&ter_block_space_of(space)->blocks, &view, bytes);
}

/* ---- All blocks and objects ---- */

size_t ter_block_space_used(const struct ter_space *space)
{
    return ter_block_space_of(space)->blocks.in_use << TER_LOG_BYTES_IN_BLOCK;
}

size_t ter_block_space_used_in_chunk(const struct ter_space *space, uintptr_t chunk)
{
    size_t used = 0;

    for (size_t i = 0; i < TER_BLOCKS_IN_CHUNK; i++)
        used += ter_block_head_of(space->arena, chunk + (i << TER_LOG_BYTES_IN_BLOCK))->cells != 0;
    return used << TER_LOG_BYTES_IN_BLOCK;
}

static void visit_block(const struct ter_block_space *space, uintptr_t block,
                        ter_object_visitor *visit, void *context)
{
    const struct ter_block_head *head = ter_block_head_of(space->space.arena, block);
    const struct ter_side_table *valid = ter_space_table(&space->space, TER_SIDE_VALID_OBJECT);
    uintptr_t end = block + (uintptr_t)head->cells * head->cell_bytes;
    uintptr_t object = block;

    while ((object = ter_bits_find_set(valid, object, end)) < end) {
        visit(context, object, head->cell_bytes,
              &space->space.kinds[ter_block_kind_of(space->space.arena, object)]);
        object += head->cell_bytes;
    }
}

void ter_block_space_for_each(const struct ter_space *common, ter_object_visitor *visit,
                              void *context)
{
    const struct ter_block_space *space = ter_block_space_of(common);
    uintptr_t block, end = 0;

    while ((block = ter_blocks_next(&space->blocks, end, &end)) != 0)
        for (; block < end; block += TER_BYTES_IN_BLOCK)
            visit_block(space, block, visit, context);
}

void ter_block_space_for_each_young(const struct ter_space *common, ter_object_visitor *visit,
                                    void *context)
{
    const struct ter_block_space *space = ter_block_space_of(common);
    uintptr_t block = ter_block_list_first(&space->blocks, &space->taken);

    for (; block != 0; block = ter_block_list_next(&space->blocks, block))
        visit_block(space, block, visit, context);
}

static void describe_cells(const struct ter_space *common, struct ter_parcel *parcel)
{
    const struct ter_block_head *head = ter_block_head_of(common->arena, parcel->start);
    const struct ter_block_state *state = ter_block_state_of(common->arena, parcel->start);
    const struct ter_cell_run *owner = __atomic_load_n(&state->owner, __ATOMIC_ACQUIRE);
    size_t bytes, left = ter_parcel_run_bytes(owner, 1, parcel->start);

    if (head->cells == 0) {
        ter_parcel_is_free(parcel, state->zeroed);
        return;
    }
    bytes = head->cell_bytes * ter_bits_count(ter_space_table(common, TER_SIDE_VALID_OBJECT),
                                              parcel->start, parcel->start + TER_BYTES_IN_BLOCK);
    parcel->state = common->sft.kind == TER_SPACE_IMMORTAL ? TER_PARCEL_IMMORTAL : TER_PARCEL_CELLS;
    parcel->cell_bytes = head->cell_bytes;
    parcel->object_bytes = (uint32_t)(bytes - ter_min(left, bytes));
    parcel->returned_bytes = (uint32_t)ter_block_gone_bytes(state->gone);
}

void ter_block_space_for_each_parcel(const struct ter_space *space, ter_parcel_visitor *visit,
                                     void *context)
{
    ter_parcels_of_blocks(space, &ter_block_space_of(space)->blocks, describe_cells, visit,
                          context);
}

/* ---- Does it agree with itself? ---- */

static void check_block(const struct ter_block_space *space, uintptr_t block)
{
    const struct ter_block_head *head = ter_block_head_of(space->space.arena, block);
    const struct ter_block_state *state = ter_block_state_of(space->space.arena, block);
    const struct ter_side_table *valid = ter_space_table(&space->space, TER_SIDE_VALID_OBJECT);
    uintptr_t end = block + TER_BYTES_IN_BLOCK, object = block;

    while ((object = ter_bits_find_set(valid, object, end)) < end) {
        TER_REQUIRE(head->cells != 0, "space %s: %#zx is an object in a free block",
                    space->space.sft.name, (size_t)object);
        TER_REQUIRE(ter_block_cell_of(head, object) == object &&
                        ter_block_kind_of(space->space.arena, object) < TER_MAX_KINDS,
                    "space %s: %#zx is an object and begins no cell of %u bytes",
                    space->space.sft.name, (size_t)object, head->cell_bytes);
        object += TER_BYTES_IN_GRANULE;
    }
    TER_REQUIRE(state->gone == 0 ||
                    (head->cells != 0 && state->owner == NULL && state->resume == 0),
                "space %s: the block at %#zx has pages without memory, but is not available",
                space->space.sft.name, (size_t)block);
}

void ter_block_space_check(const struct ter_space *common)
{
    const struct ter_block_space *space = ter_block_space_of(common);
    uintptr_t block, end = 0;
    size_t used = 0;

    while ((block = ter_blocks_next(&space->blocks, end, &end)) != 0)
        for (; block < end; block += TER_BYTES_IN_BLOCK) {
            used += ter_block_head_of(common->arena, block)->cells != 0;
            check_block(space, block);
        }
    TER_REQUIRE(used == space->blocks.in_use, "space %s: %zu blocks are cut into cells, %zu in use",
                common->sft.name, used, space->blocks.in_use);
}
