/* SPDX-License-Identifier: MIT */
/*
 * Sliding: the objects move, from the lowest of each kind up, and refer to each other as they will
 * lie. An object is copied first and updated where it is then, as what was copied is at hand.
 *
 * Bits that say what a block has are set anew: those of what stays when the block's turn comes,
 * those of what comes to it with the objects, whose own block had its turn no earlier.
 */
#include "space/space.h"

#include <string.h>

#define MOVE_BITS_BYTES (TER_SLIDE_UNITS_IN_BLOCK * sizeof(uint64_t))

struct slide_moving {
    struct ter_copy_space *space;
    struct ter_tracer *tracer;
    struct ter_slide_map map;
    uintptr_t valid, starts;    /* biases of tables */
    const struct ter_kind *how; /* of the block */
};

static uint64_t *moving_words(const struct ter_copy_space *space, enum ter_side_id id,
                              uintptr_t block)
{
    return ter_bits_word(ter_space_table(&space->space, id), block);
}

/* ---- What stays ---- */

/* Its bits of STAY are those of all granules of what stays. */
static void update_islands(struct slide_moving *moving, uintptr_t block)
{
    const struct ter_space *space = &moving->space->space;
    const struct ter_side_table *stay = ter_space_table(space, TER_SIDE_STAY);
    uintptr_t end = block + TER_BYTES_IN_BLOCK, at = block;

    while ((at = ter_bits_find_set(stay, at, end)) < end) {
        size_t bytes = ter_copy_piece_bytes(space->arena, at);

        ter_slide_update(&moving->map, moving->tracer, moving->how, at, bytes);
        at += bytes;
    }
}

/* Only what stays is left, with where it ends. A signal handler may be asking. */
static void clear_block(const struct ter_copy_space *space, uintptr_t block, bool stays)
{
    uint64_t *valid = moving_words(space, TER_SIDE_VALID_OBJECT, block);
    uint64_t *starts = moving_words(space, TER_SIDE_START, block);
    uint64_t *pins = moving_words(space, TER_SIDE_PIN, block), carry = 0;
    const uint64_t *stay = moving_words(space, TER_SIDE_STAY, block);

    for (size_t i = 0; i < TER_SLIDE_UNITS_IN_BLOCK; i++) {
        uint64_t left = stays ? valid[i] & stay[i] : 0;
        uint64_t ends = stays ? (stay[i] << 1 | carry) & ~stay[i] : 0;

        carry = stays ? stay[i] >> 63 : 0;
        if (stays)
            pins[i] &= left;
        __atomic_store_n(&valid[i], left, __ATOMIC_RELAXED);
        __atomic_store_n(&starts[i], left | ends | (i == 0), __ATOMIC_RELAXED);
    }
}

/* ---- What moves ---- */

/* Granules of the object that begins at that granule of the unit. */
static size_t granules_at(const struct ter_slide_units *units, size_t unit, unsigned granule)
{
    uint64_t ends = ter_slide_ends(units, unit) >> granule >> 1;
    size_t granules;

    if (TER_LIKELY(ends != 0))
        return ter_count_trailing_zeros(ends) + 1u;
    for (granules = 64 - granule;; granules += 64) {
        ends = ter_slide_ends(units, ++unit);
        if (ends != 0)
            return granules + ter_count_trailing_zeros(ends);
    }
}

static void slide_object(struct slide_moving *moving, uintptr_t from, uintptr_t to, size_t bytes)
{
    uintptr_t end = to + bytes;

    if (to != from)
        ter_copy_bytes(to, from, bytes);
    *ter_copy_bits_word(moving->valid, to) |= ter_bits_mask(to);
    *ter_copy_bits_word(moving->starts, end) |= ter_bits_mask(end);
    ter_slide_update(&moving->map, moving->tracer, moving->how, to, bytes);
}

/* Side by side: the places of the first object, and of the first behind a split, are looked up. */
static void slide_unit(struct slide_moving *moving, const struct ter_slide_units *units,
                       size_t unit, uintptr_t address)
{
    unsigned split = units->places[unit].second & ((1u << TER_SLIDE_SPLIT_BITS) - 1);
    uintptr_t to = 0;

    for (uint64_t starts = ter_slide_starts(units, unit); starts != 0; starts &= starts - 1) {
        unsigned granule = ter_count_trailing_zeros(starts);
        size_t bytes = granules_at(units, unit, granule) << TER_LOG_BYTES_IN_GRANULE;

        if (to == 0 || granule == split)
            to = ter_slide_place(units, unit, granule);
        slide_object(moving, address + ((uintptr_t)granule << TER_LOG_BYTES_IN_GRANULE), to, bytes);
        to += bytes;
    }
}

static void slide_block(struct slide_moving *moving, uintptr_t block)
{
    const struct ter_copy_block *record = ter_copy_block_of(moving->space->space.arena, block);
    struct ter_slide_units units = ter_slide_units_at(&moving->map, block);

    moving->how = &moving->space->space.kinds[record->kind];
    if (record->stays)
        update_islands(moving, block);
    clear_block(moving->space, block, record->stays);
    for (size_t i = 0; i < TER_SLIDE_UNITS_IN_BLOCK; i++)
        slide_unit(moving, &units, i, block + (i << TER_SLIDE_LOG_BYTES_IN_UNIT));
}

void ter_slide_move(struct ter_copy_space *space, struct ter_tracer *tracer)
{
    struct slide_moving moving = {.space = space,
                                  .tracer = tracer,
                                  .valid =
                                      ter_space_table(&space->space, TER_SIDE_VALID_OBJECT)->bias,
                                  .starts = ter_space_table(&space->space, TER_SIDE_START)->bias};

    ter_slide_map_begin(&moving.map, &space->space);
    for (unsigned kind = 0; kind < TER_MAX_KINDS; kind++) {
        const struct ter_block_list *list = &space->copiers->kept[kind];
        uintptr_t block = ter_block_list_first(&space->blocks, list);

        for (; block != 0; block = ter_block_list_next(&space->blocks, block))
            slide_block(&moving, block);
    }
}

/* ---- Afterwards ---- */

static void end_block(struct ter_copy_space *space, uintptr_t block, void *context)
{
    (void)context;
    memcpy(moving_words(space, TER_SIDE_MARK, block),
           moving_words(space, TER_SIDE_VALID_OBJECT, block), MOVE_BITS_BYTES);
    memset(moving_words(space, TER_SIDE_LIVE, block), 0, MOVE_BITS_BYTES);
}

void ter_slide_end(struct ter_copy_space *space)
{
    ter_copy_for_each_block(space, end_block, NULL);
    memset(space->copiers->kept, 0, sizeof space->copiers->kept);
}
