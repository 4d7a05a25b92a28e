/* SPDX-License-Identifier: MIT */
/*
 * Objects one after another in blocks, about in the order in which they are asked for; nothing is
 * ever used again. For plans that never collect.
 *
 * A block holds objects of one kind and is filled by one mutator at a time, which takes runs of it.
 * Bits of the table MARK, which nothing marks here, say where a piece begins; it ends where the
 * next one does or at `end`. Its valid-object bit says that it is an object, or a cell of a run of
 * the block's owner. Other pieces were freed, or are parked: what a run had left when it was given
 * back. Those are in a list through their first words, and are taken again first; else they are as
 * they were, unused.
 *
 * Invariant: what lies at or above `end` is no object. `end` is stored after the run was published
 * and the bits were set, so whoever reads it first sees them. A thread may be lost in a fork at any
 * instruction: then bits are left above `end`, which the next run clears, or a parked piece is in
 * no list any more.
 */
#include "space/space.h"

/* What its mutator left of a block is kept for another one if any object fits. */
#define WORTH_KEEPING TER_SMALL_MAX_BYTES

struct bump_space {
    struct ter_space space;
    struct ter_blocks blocks;
    struct ter_block_list left[TER_MAX_KINDS]; /* blocks that mutators left, by kind */
};

struct bump_block {
    /* The runs of the mutator that fills it, one a size class; NULL: none. They stay readable. */
    const struct ter_cell_run *owner;
    uint16_t end;    /* granules that pieces have */
    uint16_t parked; /* the last parked piece's granule and 1; 0: there is none */
    uint8_t kind;
    bool used;
};

_Static_assert(sizeof(struct bump_block) <= 16, "spec BLOCK has 2^7 bits");

static struct bump_space *bump_space_of(const struct ter_space *space)
{
    return (struct bump_space *)(uintptr_t)space;
}

static struct bump_block *bump_record_of(const struct ter_space *space, uintptr_t address)
{
    return TER_SIDE_RECORD(space->arena->side, BLOCK, address);
}

static const struct ter_side_table *bump_start_bits(const struct ter_space *space)
{
    return ter_space_table(space, TER_SIDE_MARK);
}

static const struct ter_side_table *bump_live_bits(const struct ter_space *space)
{
    return ter_space_table(space, TER_SIDE_VALID_OBJECT);
}

static uintptr_t bump_block_of(uintptr_t address)
{
    return ter_align_down(address, TER_BYTES_IN_BLOCK);
}

/* One past the last byte that pieces have. */
static uintptr_t bump_end_of(const struct ter_space *space, uintptr_t block)
{
    uintptr_t granules = __atomic_load_n(&bump_record_of(space, block)->end, __ATOMIC_ACQUIRE);

    return block + (granules << TER_LOG_BYTES_IN_GRANULE);
}

/* ---- Questions ---- */

static uintptr_t bump_next_start(const struct ter_space *space, uintptr_t start, uintptr_t end)
{
    return ter_bits_find_set(bump_start_bits(space), start + TER_BYTES_IN_GRANULE, end);
}

static size_t bump_object_bytes(const struct ter_space *space, uintptr_t object)
{
    return bump_next_start(space, object, bump_end_of(space, bump_block_of(object))) - object;
}

/* An object, and no cell of a run that is still to be handed out. */
static bool is_bump_object(const struct ter_space *space, uintptr_t piece)
{
    const struct ter_cell_run *runs =
        __atomic_load_n(&bump_record_of(space, piece)->owner, __ATOMIC_ACQUIRE);

    return ter_bits_test(bump_live_bits(space), piece) &&
           (runs == NULL ||
            !ter_cell_run_holds(&runs[ter_size_class_of(bump_object_bytes(space, piece))], piece));
}

static ter_object bump_find(const struct ter_sft *sft, uintptr_t word)
{
    const struct ter_space *space = ter_space_of(sft);
    uintptr_t start;

    if (!ter_range_holds(&space->range, space->arena, word) ||
        word >= bump_end_of(space, bump_block_of(word)) ||
        !ter_side_find_previous_non_zero(bump_start_bits(space), word, bump_block_of(word),
                                         &start) ||
        !is_bump_object(space, start))
        return ter_object_none();
    return ter_object_at(start);
}

static unsigned bump_object_kind(const struct ter_space *space, uintptr_t object)
{
    return bump_record_of(space, object)->kind;
}

/* Where objects begin stays as it is, whatever a mark is meant to say. */
static void set_no_mark(const struct ter_space *space, uintptr_t object, bool marked)
{
    (void)space, (void)object, (void)marked;
}

/* ---- Blocks ---- */

static ter_status bump_init(struct ter_space *space)
{
    ter_blocks_init(&bump_space_of(space)->blocks, &space->range, space->arena);
    return TER_OK;
}

static size_t bump_admit_bytes(size_t bytes)
{
    (void)bytes;
    return TER_BYTES_IN_BLOCK;
}

static void bump_own(const struct ter_space *space, uintptr_t block,
                     const struct ter_cell_run *owner)
{
    __atomic_store_n(&bump_record_of(space, block)->owner, owner, __ATOMIC_RELEASE);
}

static ter_status bump_take_fresh(struct ter_space *space, uintptr_t *window, unsigned kind,
                                  const struct ter_cell_run *owner)
{
    bool zeroed;
    ter_status status = ter_blocks_acquire(&bump_space_of(space)->blocks, window, &zeroed);

    if (status != TER_OK)
        return status;
    TER_CHECK(zeroed && !bump_record_of(space, *window)->used); /* no block ever goes back */
    ter_asan_no_access(*window, TER_BYTES_IN_BLOCK);
    bump_record_of(space, *window)->kind = (uint8_t)kind;
    bump_record_of(space, *window)->used = true;
    bump_own(space, *window, owner);
    return TER_OK;
}

static bool bump_take_left(struct ter_space *common, uintptr_t *window, unsigned kind,
                           const struct ter_cell_run *owner)
{
    struct bump_space *space = bump_space_of(common);
    uintptr_t block = ter_block_list_pop(&space->blocks, &space->left[kind]);

    if (block == 0)
        return false;
    bump_own(common, block, owner);
    *window = block;
    return true;
}

static void bump_give_up(struct ter_space *common, uintptr_t *window, unsigned kind)
{
    struct bump_space *space = bump_space_of(common);

    if (*window != 0) {
        bump_own(common, *window, NULL);
        if (*window + TER_BYTES_IN_BLOCK - bump_end_of(common, *window) >= WORTH_KEEPING)
            ter_block_list_push(&space->blocks, &space->left[kind], *window);
    }
    *window = 0;
}

/* ---- Parked pieces ---- */

static uintptr_t bump_parked_at(uintptr_t block, uintptr_t link)
{
    return link == 0 ? 0 : block + ((link - 1) << TER_LOG_BYTES_IN_GRANULE);
}

static uint16_t bump_link_to(uintptr_t block, uintptr_t piece)
{
    return piece == 0 ? 0 : (uint16_t)(((piece - block) >> TER_LOG_BYTES_IN_GRANULE) + 1);
}

/* The first word of a piece that nobody else may use; returns what it was. */
static uintptr_t bump_exchange(uintptr_t piece, uintptr_t word)
{
    uintptr_t before;

    ter_asan_access(piece, TER_BYTES_IN_GRANULE);
    before = *(uintptr_t *)piece;
    *(uintptr_t *)piece = word;
    ter_asan_no_access(piece, TER_BYTES_IN_GRANULE);
    return before;
}

static void bump_park(const struct ter_space *space, uintptr_t piece)
{
    struct bump_block *record = bump_record_of(space, piece);

    (void)bump_exchange(piece, record->parked);
    record->parked = bump_link_to(bump_block_of(piece), piece);
}

/* Takes all parked pieces of the block, and parks those again that are too small but the first. */
static uintptr_t bump_unpark(const struct ter_space *space, uintptr_t block, size_t cell_bytes)
{
    struct bump_block *record = bump_record_of(space, block);
    uintptr_t piece = bump_parked_at(block, record->parked), found = 0;

    record->parked = 0;
    while (piece != 0) {
        uintptr_t next = bump_parked_at(block, bump_exchange(piece, 0));

        if (found == 0 && bump_object_bytes(space, piece) >= cell_bytes)
            found = piece;
        else
            bump_park(space, piece);
        piece = next;
    }
    return found;
}

/* ---- Runs ---- */

static void bump_make_cells(struct ter_space *space, struct ter_cell_run *run, uintptr_t start,
                            uintptr_t end, size_t cell_bytes)
{
    ter_bits_set_strided_shared(bump_start_bits(space), start, end, cell_bytes);
    ter_cell_run_publish(run, start, end);
    ter_bits_set_strided_shared(bump_live_bits(space), start, end, cell_bytes);
    ter_asan_access(start, end - start);
    if (!space->kinds[bump_record_of(space, start)->kind].zeroed)
        ter_valgrind_undefined(start, end - start);
}

static bool bump_fill_parked(struct ter_space *space, uintptr_t block, size_t cell_bytes,
                             size_t most, struct ter_cell_run *run)
{
    uintptr_t piece, end, room_end;

    if (TER_LIKELY(bump_record_of(space, block)->parked == 0))
        return false;
    piece = bump_unpark(space, block, cell_bytes);
    if (piece == 0)
        return false;
    room_end = piece + bump_object_bytes(space, piece);
    end = piece + ter_cell_run_fit(cell_bytes, most, room_end - piece);
    if (end < room_end) {
        ter_bits_set_shared(bump_start_bits(space), end);
        bump_park(space, end);
    }
    bump_make_cells(space, run, piece, end, cell_bytes);
    return true;
}

static bool bump_fill_behind(struct ter_space *space, uintptr_t block, size_t cell_bytes,
                             size_t most, struct ter_cell_run *run)
{
    uintptr_t start = bump_end_of(space, block), block_end = block + TER_BYTES_IN_BLOCK;
    uintptr_t end = start + ter_cell_run_fit(cell_bytes, most, block_end - start);

    if (start == end)
        return false;
    ter_bits_clear_range_shared(bump_start_bits(space), start, end);
    ter_bits_clear_range_shared(bump_live_bits(space), start, end);
    bump_make_cells(space, run, start, end, cell_bytes);
    __atomic_store_n(&bump_record_of(space, block)->end,
                     (uint16_t)((end - block) >> TER_LOG_BYTES_IN_GRANULE), __ATOMIC_RELEASE);
    return true;
}

static bool bump_fill_run(struct ter_space *space, uintptr_t *window, unsigned kind,
                          unsigned size_class, size_t most, struct ter_cell_run *run)
{
    size_t cell_bytes = ter_size_class_bytes[size_class];

    (void)kind;
    if (*window != 0 && (bump_fill_parked(space, *window, cell_bytes, most, run) ||
                         bump_fill_behind(space, *window, cell_bytes, most, run)))
        return true;
    *window = 0;
    return false;
}

static void bump_take_back(struct ter_space *space, uintptr_t start, uintptr_t end)
{
    uintptr_t block = bump_block_of(start), used_end = bump_end_of(space, block);

    ter_bits_clear_range_shared(bump_live_bits(space), start, end);
    ter_asan_no_access(start, end - start);
    /* Lost in a fork before it was in use. */
    if (start >= used_end)
        return;
    ter_bits_clear_range_shared(bump_start_bits(space), start + TER_BYTES_IN_GRANULE, end);
    if (end == used_end)
        __atomic_store_n(&bump_record_of(space, block)->end,
                         (uint16_t)((start - block) >> TER_LOG_BYTES_IN_GRANULE), __ATOMIC_RELEASE);
    else
        bump_park(space, start);
}

static void bump_return_run(struct ter_space *space, struct ter_cell_run *run)
{
    /* In a forked child, the thread may have been about to open the run. */
    if (run->cursor < run->limit)
        bump_take_back(space, run->cursor, run->limit);
    ter_cell_run_publish(run, 0, 0);
}

/* Nothing is released, so all stays as it is. */
static void bump_keep_run(struct ter_space *space, const struct ter_cell_run *run, size_t bytes)
{
    (void)space, (void)run, (void)bytes;
}

static size_t bump_free(struct ter_space *space, uintptr_t object)
{
    size_t bytes = bump_object_bytes(space, object);
    bool was_set = ter_bits_clear_shared(bump_live_bits(space), object);

    TER_CHECK(was_set);
    ter_asan_no_access(object, bytes);
    return bytes;
}

/* ---- Looking at it ---- */

static void bump_visit_block(const struct ter_space *space, uintptr_t block,
                             ter_object_visitor *visit, void *context)
{
    uintptr_t end = bump_end_of(space, block), object = block;

    while (object < end) {
        uintptr_t next = bump_next_start(space, object, end);

        if (is_bump_object(space, object))
            visit(context, object, next - object, &space->kinds[bump_object_kind(space, object)]);
        object = next;
    }
}

static void bump_for_each(const struct ter_space *space, ter_object_visitor *visit, void *context)
{
    const struct ter_blocks *blocks = &bump_space_of(space)->blocks;
    uintptr_t block, end = 0;

    while ((block = ter_blocks_next(blocks, end, &end)) != 0)
        for (; block < end; block += TER_BYTES_IN_BLOCK)
            bump_visit_block(space, block, visit, context);
}

static void count_bump_object(void *context, uintptr_t object, size_t bytes,
                              const struct ter_kind *kind)
{
    uint32_t *sum = context;

    (void)object, (void)kind;
    *sum += (uint32_t)bytes;
}

static void describe_bump(const struct ter_space *space, struct ter_parcel *parcel)
{
    parcel->state = TER_PARCEL_FILLED;
    bump_visit_block(space, parcel->start, count_bump_object, &parcel->object_bytes);
}

static void bump_for_each_parcel(const struct ter_space *space, ter_parcel_visitor *visit,
                                 void *context)
{
    ter_parcels_of_blocks(space, &bump_space_of(space)->blocks, describe_bump, visit, context);
}

static size_t bump_used_bytes(const struct ter_space *space)
{
    return bump_space_of(space)->blocks.in_use << TER_LOG_BYTES_IN_BLOCK;
}

static size_t bump_used_in_chunk(const struct ter_space *space, uintptr_t chunk)
{
    size_t used = 0;

    for (uintptr_t at = chunk; at < chunk + TER_BYTES_IN_CHUNK; at += TER_BYTES_IN_BLOCK)
        used += bump_record_of(space, at)->used;
    return used << TER_LOG_BYTES_IN_BLOCK;
}

static void bump_check_block(const struct ter_space *space, uintptr_t block)
{
    uintptr_t end = bump_end_of(space, block), object = block;

    TER_REQUIRE(end == block || ter_bits_test(bump_start_bits(space), block),
                "space %s: no object begins the block at %#zx", space->sft.name, (size_t)block);
    while ((object = ter_bits_find_set(bump_live_bits(space), object, end)) < end) {
        TER_REQUIRE(ter_bits_test(bump_start_bits(space), object),
                    "space %s: %#zx is an object and does not begin one", space->sft.name,
                    (size_t)object);
        object += TER_BYTES_IN_GRANULE;
    }
}

static void bump_check(const struct ter_space *space)
{
    const struct ter_blocks *blocks = &bump_space_of(space)->blocks;
    uintptr_t block, end = 0;

    while ((block = ter_blocks_next(blocks, end, &end)) != 0)
        for (; block < end; block += TER_BYTES_IN_BLOCK)
            bump_check_block(space, block);
}

const struct ter_policy ter_policy_bump = {
    .help = "small objects one after another; none is used again",
    .record_bytes = sizeof(struct bump_space),
    .side = TER_SIDE_SET(VALID_OBJECT) | TER_SIDE_SET(MARK) | TER_SIDE_SET(BLOCK) |
            TER_SIDE_SET(BLOCK_LINK),
    .in_layout = true,
    .functions = {.kind = TER_SPACE_OTHER, .name = "bump", .find_object_from_interior = bump_find},
    .init = bump_init,
    .admit_bytes = bump_admit_bytes,
    .fill_run = bump_fill_run,
    .take_kept = bump_take_left,
    .take_fresh = bump_take_fresh,
    .return_run = bump_return_run,
    .keep_run = bump_keep_run,
    .give_up = bump_give_up,
    .free = bump_free,
    .for_each = bump_for_each,
    .for_each_parcel = bump_for_each_parcel,
    .used_bytes = bump_used_bytes,
    .used_in_chunk = bump_used_in_chunk,
    .check = bump_check,
    .object_bytes = bump_object_bytes,
    .object_kind = bump_object_kind,
    .is_marked = ter_space_is_marked,
    .set_mark = set_no_mark,
    .is_gone = ter_space_is_gone,
};
