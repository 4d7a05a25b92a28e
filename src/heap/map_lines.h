/* SPDX-License-Identifier: MIT */
/*
 * A map as lines, whatever it is drawn with: parcels become tiles, tiles lines.
 *
 * Invariant: a tile has parcels of one space that lie side by side, `gather` at most, between two
 * multiples of so many; so a line has neighbours only, and its first address names them all.
 * Lines in which nothing is in use, and all alike, are told together. Under the heap lock: then
 * each walk finds the same parcels in the same states, so lines can be counted before they are
 * drawn.
 */
#pragma once

#include "heap/parcels.h"
#include "see/see.h"

struct ter_map_tile {
    size_t object_bytes;
    uint32_t parcels;
    uint32_t pinned;     /* objects */
    uint32_t cell_bytes; /* 0: it has no cells, or of several sizes */
    uint8_t state;       /* of most of the parcels */
};

struct ter_map_lines;

/* What draws them. */
struct ter_map_drawing {
    void (*space)(struct ter_map_lines *lines, const struct ter_space *space);
    void (*line)(struct ter_map_lines *lines); /* `count` tiles from `start` on */
    void (*empty)(struct ter_map_lines *lines, uintptr_t start, size_t parcels,
                  enum ter_parcel_state state);
};

struct ter_map_lines {
    const struct ter_map_drawing *drawing;
    struct ter_writer *writer;
    size_t gather;  /* parcels in a tile at most: a power of two */
    unsigned width; /* tiles in a line at most */
    size_t y;       /* the drawing's own: how far down it is */
    /* The line that is being filled. */
    const struct ter_sft *space;
    uintptr_t start, end;
    unsigned count;
    struct ter_map_tile tiles[TER_MAP_WIDTH_MOST];
    size_t states[TER_PARCEL_STATE_COUNT]; /* of the last tile's parcels */
    /* Empty lines before it that are still to be told. */
    uintptr_t empty;
    size_t empty_parcels;
    enum ter_parcel_state empty_state;
};

/* Draws all parcels of the heap. `lines` has the first four fields filled in, else it is zero. */
void ter_map_lines_draw(struct ter_map_lines *lines, const struct ter_heap *heap);

/* Nothing is in use there. */
TER_INLINE bool ter_map_is_empty(enum ter_parcel_state state)
{
    return state == TER_PARCEL_UNUSED || state == TER_PARCEL_FREE || state == TER_PARCEL_RETURNED;
}
