/* SPDX-License-Identifier: MIT */
/*
 * Objects one after another in blocks, in the order in which they are asked for; nothing is ever
 * used again. For plans that never collect.
 *
 * A block holds objects of one kind and is filled by one mutator at a time, from `end` on. Bits of
 * the table MARK, which nothing marks here, say where an object begins, alive or freed; so an
 * object ends where the next one begins or at `end`. Its valid-object bit says that it is there.
 *
 * Invariant: below a block's `end` every byte belongs to the object, alive or freed, whose start
 * bit comes last at or before it. `end` is stored after the bits and the zeros of what it takes in,
 * so whoever reads it first sees them. What lies at or above `end` is no object: a thread may be
 * stopped, or lost in a fork, at any instruction of placing one, and the next one has its place.
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
    uint32_t end; /* bytes that objects have; 0: the block has none yet */
    uint8_t kind;
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

/* One past the last byte that objects have. */
static uintptr_t bump_end_of(const struct ter_space *space, uintptr_t block)
{
    return block + __atomic_load_n(&bump_record_of(space, block)->end, __ATOMIC_ACQUIRE);
}

/* ---- Questions ---- */

static uintptr_t bump_next_start(const struct ter_space *space, uintptr_t start, uintptr_t end)
{
    return ter_bits_find_set(bump_start_bits(space), start + TER_BYTES_IN_GRANULE, end);
}

static ter_object bump_find(const struct ter_sft *sft, uintptr_t word)
{
    const struct ter_space *space = ter_space_of(sft);
    uintptr_t start;

    if (!ter_range_holds(&space->range, space->arena, word) ||
        word >= bump_end_of(space, bump_block_of(word)) ||
        !ter_side_find_previous_non_zero(bump_start_bits(space), word, bump_block_of(word),
                                         &start) ||
        !ter_bits_test(bump_live_bits(space), start))
        return ter_object_none();
    return ter_object_at(start);
}

static size_t bump_object_bytes(const struct ter_space *space, uintptr_t object)
{
    return bump_next_start(space, object, bump_end_of(space, bump_block_of(object))) - object;
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

/* ---- Allocation ---- */

static ter_status bump_init(struct ter_space *space)
{
    ter_blocks_init(&bump_space_of(space)->blocks, &space->range, space->arena);
    return TER_OK;
}

static uintptr_t bump_place(struct ter_space *space, uintptr_t *window, unsigned kind, size_t bytes)
{
    uintptr_t block = *window, object;
    struct bump_block *record;

    if (block == 0)
        return 0;
    record = bump_record_of(space, block);
    if (bytes > TER_BYTES_IN_BLOCK - record->end)
        return 0;
    object = block + record->end;
    ter_bits_set_shared(bump_start_bits(space), object);
    ter_bits_set_shared(bump_live_bits(space), object);
    if (!space->kinds[kind].zeroed)
        ter_valgrind_undefined(object, bytes);
    __atomic_store_n(&record->end, record->end + (uint32_t)bytes, __ATOMIC_RELEASE);
    return object;
}

static size_t bump_admit_bytes(size_t bytes)
{
    (void)bytes;
    return TER_BYTES_IN_BLOCK;
}

static ter_status bump_take_fresh(struct bump_space *space, unsigned kind, uintptr_t *block)
{
    struct bump_block *record;
    bool zeroed;
    ter_status status = ter_blocks_acquire(&space->blocks, block, &zeroed);

    if (status != TER_OK)
        return status;
    record = bump_record_of(&space->space, *block);
    TER_CHECK(zeroed && record->end == 0); /* no block ever goes back */
    record->kind = (uint8_t)kind;
    return TER_OK;
}

static uintptr_t bump_reuse(struct ter_space *common, uintptr_t *window, unsigned kind,
                            size_t bytes)
{
    struct bump_space *space = bump_space_of(common);
    uintptr_t block = ter_block_list_pop(&space->blocks, &space->left[kind]);

    if (block == 0)
        return 0;
    *window = block;
    return bump_place(common, window, kind, bytes);
}

static ter_status bump_allocate(struct ter_space *common, uintptr_t *window, unsigned kind,
                                size_t bytes, uintptr_t *object, bool *zeroed)
{
    uintptr_t block;
    ter_status status = bump_take_fresh(bump_space_of(common), kind, &block);

    if (status != TER_OK)
        return status;
    *window = block;
    *zeroed = true;
    *object = bump_place(common, window, kind, bytes);
    TER_CHECK(*object != 0);
    return TER_OK;
}

static void bump_give_up(struct ter_space *common, uintptr_t *window, unsigned kind)
{
    struct bump_space *space = bump_space_of(common);

    if (*window != 0 &&
        *window + TER_BYTES_IN_BLOCK - bump_end_of(common, *window) >= WORTH_KEEPING)
        ter_block_list_push(&space->blocks, &space->left[kind], *window);
    *window = 0;
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

        if (ter_bits_test(bump_live_bits(space), object))
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

static size_t bump_used_bytes(const struct ter_space *space)
{
    return bump_space_of(space)->blocks.in_use << TER_LOG_BYTES_IN_BLOCK;
}

static size_t bump_used_in_chunk(const struct ter_space *space, uintptr_t chunk)
{
    size_t used = 0;

    for (uintptr_t at = chunk; at < chunk + TER_BYTES_IN_CHUNK; at += TER_BYTES_IN_BLOCK)
        used += bump_end_of(space, at) != at;
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
    .place = bump_place,
    .reuse = bump_reuse,
    .admit_bytes = bump_admit_bytes,
    .allocate = bump_allocate,
    .give_up = bump_give_up,
    .free = bump_free,
    .for_each = bump_for_each,
    .used_bytes = bump_used_bytes,
    .used_in_chunk = bump_used_in_chunk,
    .check = bump_check,
    .object_bytes = bump_object_bytes,
    .object_kind = bump_object_kind,
    .is_marked = ter_space_is_marked,
    .set_mark = set_no_mark,
    .is_gone = ter_space_is_gone,
};
