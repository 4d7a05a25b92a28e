/* SPDX-License-Identifier: MIT */
/*
 * Sliding: the objects of a copy space that marks in place move together when all is marked, those
 * of each kind in the order of their addresses, from the first block of the kind on. No room is
 * kept for copies, and nothing is written into an object to say where it goes.
 *
 * A unit is what one word of a table of bits describes: 64 granules, 1 KiB. Bits of LIVE say which
 * of them belong to objects that move; of those, the marked ones begin one. They go side by side,
 * in their order, to where the unit's record of the table SLIDE says, but from one object on, which
 * is its split, to another place: what came before filled a block, or what lies between two objects
 * that stay. So an object goes to the place of its unit and the granules below it, counted. One
 * that reaches into the next unit goes with its beginning; that unit's place follows.
 *
 * All objects of a unit stay where one that must stay begins, so that a unit never lies around one,
 * and so that two places are enough. What stays is an island: others move into what is free around
 * it.
 *
 * Invariant: an object goes no higher than it is, and to where nothing is that has not moved
 * before. For what is free between two islands has room for what it had before, so nothing is ever
 * out of room. Outside of a collection no bit of LIVE is set.
 *
 * After Abuaiadh and others: "An Efficient Parallel Heap Compaction Algorithm", OOPSLA 2004, and
 * Kermany and Petrank: "The Compressor", PLDI 2006, where islands and kinds do not occur.
 */
#pragma once

#include "space/copy_trace.h"
#include "trace/trace.h"

#define TER_SLIDE_LOG_BYTES_IN_UNIT TER_LOG_BYTES_IN_BIT_WORD
#define TER_SLIDE_UNITS_IN_BLOCK (TER_BYTES_IN_BLOCK >> TER_SLIDE_LOG_BYTES_IN_UNIT)
#define TER_SLIDE_SPLIT_BITS 7u /* 0 to 64 */

struct ter_slide_unit {
    uint64_t first; /* where the first granule that moves goes */
    /*
     * The lower bits: from which granule on they go elsewhere. Above: to which granule, less those
     * that move and come before.
     */
    uint64_t second;
};

/* What a look-up needs. */
struct ter_slide_map {
    uintptr_t live, marks, units; /* biases of tables */
    uintptr_t start;              /* the hull of the space */
    size_t span;
    const struct ter_space *shared; /* the space, if others may have chunks in its hull; or NULL */
};

void ter_slide_map_begin(struct ter_slide_map *map, const struct ter_space *space);

/* Of consecutive units, those of a block: what there is to know of each. */
struct ter_slide_units {
    uint64_t *live, *marks;
    struct ter_slide_unit *places;
};

TER_INLINE struct ter_slide_units ter_slide_units_at(const struct ter_slide_map *map,
                                                     uintptr_t address)
{
    return (struct ter_slide_units){.live = ter_copy_bits_word(map->live, address),
                                    .marks = ter_copy_bits_word(map->marks, address),
                                    .places = ter_side_record_at(map->units, address,
                                                                 TER_SIDE_LOG_REGION_SLIDE,
                                                                 TER_SIDE_LOG_BITS_SLIDE)};
}

/* Where in the unit objects begin that move. */
TER_INLINE uint64_t ter_slide_starts(const struct ter_slide_units *units, size_t unit)
{
    return units->live[unit] & units->marks[unit];
}

/* Where in the unit such an object does not go on. */
TER_INLINE uint64_t ter_slide_ends(const struct ter_slide_units *units, size_t unit)
{
    return ~units->live[unit] | units->marks[unit];
}

TER_INLINE unsigned ter_slide_granule_of(uintptr_t address)
{
    return (unsigned)(address >> TER_LOG_BYTES_IN_GRANULE) & 63;
}

/* Where a granule goes that moves. */
TER_INLINE uintptr_t ter_slide_place(const struct ter_slide_units *units, size_t unit,
                                     unsigned granule)
{
    const struct ter_slide_unit *place = &units->places[unit];
    unsigned below = ter_count_ones(units->live[unit] & ((UINT64_C(1) << granule) - 1));
    uint64_t base = granule < (place->second & ((1u << TER_SLIDE_SPLIT_BITS) - 1))
                        ? place->first
                        : place->second >> TER_SLIDE_SPLIT_BITS << TER_LOG_BYTES_IN_GRANULE;

    return (uintptr_t)base + ((uintptr_t)below << TER_LOG_BYTES_IN_GRANULE);
}

/* Could there be an object of the space? */
TER_INLINE bool ter_slide_map_covers(const struct ter_slide_map *map, uintptr_t word)
{
    return word - map->start < map->span &&
           (TER_LIKELY(map->shared == NULL) ||
            ter_range_holds(&map->shared->range, map->shared->arena, word));
}

/* Where the object goes that begins at the word; the word itself, when none does or it stays. */
TER_INLINE uintptr_t ter_slide_follow(const struct ter_slide_map *map, uintptr_t word)
{
    struct ter_slide_units units;
    unsigned granule = ter_slide_granule_of(word);

    if (!ter_slide_map_covers(map, word) || !ter_is_aligned(word, TER_BYTES_IN_GRANULE))
        return word;
    units = ter_slide_units_at(map, word);
    return (ter_slide_starts(&units, 0) >> granule & 1) != 0 ? ter_slide_place(&units, 0, granule)
                                                             : word;
}

/* The same of any byte of an object. */
uintptr_t ter_slide_now_at(const struct ter_space *space, uintptr_t address);

/* ---- The steps of a collection, with the world stopped ---- */

/* Behind the space's `prepare`: what the program pinned stays. */
void ter_slide_prepare(struct ter_copy_space *space);
/* When all is marked: says where each object goes. */
void ter_slide_lay_out(struct ter_copy_space *space);
/*
 * Moves all objects, and updates what they and those that stay refer to; ter_slide_now_at answers
 * until ter_slide_end. Kinds with visitors are given `tracer`, which has ter_slide_loop.
 */
void ter_slide_move(struct ter_copy_space *space, struct ter_tracer *tracer);
/* Before the space's `release`, for which what is there now is marked. */
void ter_slide_end(struct ter_copy_space *space);

/*
 * Between laying out and the end: a slot or an object that is traced gets where it goes, and
 * nothing is reached. Its tracer's context is the copiers of the space.
 */
extern const struct ter_loop ter_slide_loop;
/* All that an object refers to. `how` is its kind. */
void ter_slide_update(const struct ter_slide_map *map, struct ter_tracer *tracer,
                      const struct ter_kind *how, uintptr_t object, size_t bytes);
