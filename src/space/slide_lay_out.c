/* SPDX-License-Identifier: MIT */
/*
 * Sliding: what stays, and where the rest goes.
 *
 * The blocks of a kind are gone through twice at once, from the lowest up: units in the order of
 * their addresses, and before them, or level with them, the gaps that take them, which are what
 * lies between islands. Nothing is allocated: the lists of blocks are those of the copiers, which
 * are empty in a collection.
 */
#include "space/space.h"

#include <string.h>

#define NO_SPLIT 64u
#define SLIDE_BITS_BYTES (TER_SLIDE_UNITS_IN_BLOCK * sizeof(uint64_t))

static uint64_t *slide_words(const struct ter_copy_space *space, enum ter_side_id id,
                             uintptr_t block)
{
    return ter_bits_word(ter_space_table(&space->space, id), block);
}

/* ---- What stays ---- */

static void keep_pinned(struct ter_copy_space *space, uintptr_t block, void *context)
{
    (void)context;
    if (ter_copy_block_of(space->space.arena, block)->stays)
        memcpy(slide_words(space, TER_SIDE_STAY, block), slide_words(space, TER_SIDE_PIN, block),
               SLIDE_BITS_BYTES);
}

void ter_slide_prepare(struct ter_copy_space *space)
{
    ter_copy_for_each_block(space, keep_pinned, NULL);
}

/* ---- Granules of objects ---- */

/*
 * Where one object of a unit stays, all stay. Bits of STAY become those of all their granules, and
 * those of LIVE are those of the others.
 */
static void divide_block(struct ter_copy_space *space, uintptr_t block)
{
    const uint64_t *valid = slide_words(space, TER_SIDE_VALID_OBJECT, block);
    const uint64_t *starts = slide_words(space, TER_SIDE_START, block);
    const uint64_t *marks = slide_words(space, TER_SIDE_MARK, block);
    uint64_t *stay = slide_words(space, TER_SIDE_STAY, block);
    uint64_t *live = slide_words(space, TER_SIDE_LIVE, block);
    bool some_stay = ter_copy_block_of(space->space.arena, block)->stays;
    struct ter_copy_filling moving = {0}, staying = {0};

    for (size_t i = 0; i < TER_SLIDE_UNITS_IN_BLOCK; i++) {
        uint64_t first = valid[i] & marks[i];
        uint64_t islands = some_stay && (stay[i] & first) != 0 ? first : 0;

        live[i] = ter_copy_fill_granules(&moving, first & ~islands, starts[i]);
        if (some_stay)
            stay[i] = ter_copy_fill_granules(&staying, islands, starts[i]);
    }
}

static void list_block(struct ter_copy_space *space, uintptr_t block, void *context)
{
    (void)context;
    divide_block(space, block);
    ter_block_list_push(&space->blocks,
                        &space->copiers->kept[ter_copy_block_of(space->space.arena, block)->kind],
                        block);
}

/* ---- Gaps ---- */

struct slide_gap {
    struct ter_copy_space *space;
    uintptr_t block;  /* 0: before the first gap */
    uintptr_t cursor; /* what lies below is taken */
    uintptr_t end;
};

/* The next gap of its block; false: there is none. */
static bool next_in_block(struct slide_gap *gap)
{
    const struct ter_side_table *stay = ter_space_table(&gap->space->space, TER_SIDE_STAY);
    uintptr_t limit = ter_copy_limit_of_block(gap->block);

    if (gap->end >= limit)
        return false;
    if (!ter_copy_block_of(gap->space->space.arena, gap->block)->stays) {
        gap->cursor = gap->block;
        gap->end = limit;
        return true;
    }
    gap->cursor = ter_bits_find_clear_strided(stay, gap->end, limit, TER_BYTES_IN_GRANULE);
    gap->end = ter_bits_find_set(stay, gap->cursor, limit);
    return true;
}

/*
 * The next gap that has room for so many granules. There is one: the objects lie in one now, all
 * that goes before them has gone below them, and so may they.
 */
static void open_gap(struct slide_gap *gap, size_t granules)
{
    do {
        while (!next_in_block(gap)) {
            gap->block = ter_block_list_next(&gap->space->blocks, gap->block);
            TER_REQUIRE(gap->block != 0, "space %s: objects that slide have no room",
                        gap->space->space.sft.name);
            gap->end = gap->block;
        }
    } while ((gap->end - gap->cursor) >> TER_LOG_BYTES_IN_GRANULE < granules);
}

/* ---- Units ---- */

/* Granules of the last object of a unit that lie in the units behind it. */
static size_t granules_behind(const struct ter_slide_units *units, size_t unit)
{
    uint64_t ends;
    size_t behind = 0;

    if (units->live[unit] >> 63 == 0)
        return 0;
    do {
        ends = ter_slide_ends(units, ++unit);
        behind += ends == 0 ? 64 : ter_count_trailing_zeros(ends);
    } while (ends == 0);
    return behind;
}

static size_t count_below(uint64_t live, unsigned granule)
{
    return ter_count_ones(granule == 64 ? live : live & ((UINT64_C(1) << granule) - 1));
}

/*
 * The first object of the unit that the rest of the gap, `room` granules, has no room for. What
 * began in the unit before has its room already.
 */
static unsigned find_split(uint64_t live, uint64_t starts, size_t room)
{
    for (;;) {
        unsigned at = ter_count_trailing_zeros(starts);

        starts &= starts - 1;
        if (starts == 0 || count_below(live, ter_count_trailing_zeros(starts)) > room)
            return at;
    }
}

static void place_unit(struct slide_gap *gap, const struct ter_slide_units *units, size_t unit)
{
    uint64_t live = units->live[unit];
    size_t granules = ter_count_ones(live), behind = granules_behind(units, unit), before;
    size_t room = (gap->end - gap->cursor) >> TER_LOG_BYTES_IN_GRANULE;
    struct ter_slide_unit *place = &units->places[unit];
    unsigned split = NO_SPLIT;

    place->first = gap->cursor;
    if (granules + behind > room) {
        split = find_split(live, ter_slide_starts(units, unit), room);
        before = count_below(live, split);
        open_gap(gap, granules + behind - before);
        gap->cursor -= before << TER_LOG_BYTES_IN_GRANULE;
    }
    place->second =
        (uint64_t)(gap->cursor >> TER_LOG_BYTES_IN_GRANULE) << TER_SLIDE_SPLIT_BITS | split;
    gap->cursor += granules << TER_LOG_BYTES_IN_GRANULE;
}

static void place_kind(struct ter_copy_space *space, const struct ter_slide_map *map,
                       const struct ter_block_list *list)
{
    uintptr_t block = ter_block_list_first(&space->blocks, list);
    struct slide_gap gap = {.space = space, .block = block, .cursor = block, .end = block};

    for (; block != 0; block = ter_block_list_next(&space->blocks, block)) {
        struct ter_slide_units units = ter_slide_units_at(map, block);

        for (size_t i = 0; i < TER_SLIDE_UNITS_IN_BLOCK; i++)
            if (units.live[i] != 0)
                place_unit(&gap, &units, i);
    }
}

/* Blocks are listed from the top down, so each list begins with the lowest. */
void ter_slide_lay_out(struct ter_copy_space *space)
{
    struct ter_block_list *lists = space->copiers->kept;
    struct ter_slide_map map;

    ter_slide_map_begin(&map, &space->space);
    memset(lists, 0, sizeof space->copiers->kept);
    ter_copy_for_each_block(space, list_block, NULL);
    for (unsigned kind = 0; kind < TER_MAX_KINDS; kind++)
        place_kind(space, &map, &lists[kind]);
}
