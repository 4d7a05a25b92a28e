/* SPDX-License-Identifier: MIT */
/*
 * What all spaces of a heap stand on: the layout, the state and the owner of each chunk, side
 * metadata, the SFT map, the accounting, and the lock under which any space grows or shrinks.
 */
#pragma once

#include "metadata/metadata.h"
#include "mmapper/mmapper.h"
#include "pages/accounting.h"
#include "pages/chunk_table.h"
#include "pages/foreign.h"
#include "pages/object_kinds.h"
#include "sft/sft.h"

struct ter_arena {
    struct ter_layout layout;   /* with the start that the kernel gave */
    struct ter_mmapper mmapper; /* of the heap's range */
    uintptr_t stake; /* by need: a page that nobody can have who wants the same placement */
    struct ter_side_metadata side;
    ter_side_set side_of_all; /* that all spaces have, beside their own */
    /* The next collection is of all objects, and comes when the heap is full: until then new ones
     * may lie among old ones. */
    bool fills_up;
    struct ter_sft_map map;
    struct ter_chunk_table chunks;
    struct ter_foreign foreign; /* chunks anywhere else; without a table when there are none */
    struct ter_object_kinds kinds;
    bool populates;     /* memory is asked for ahead (ahead.h); the system has not refused */
    size_t lowest_free; /* of chunks that spaces share: none below it is free */
    struct ter_accounting accounting;
    struct ter_lock lock; /* growth of any space */
};

struct ter_arena_settings {
    struct ter_layout layout;
    bool foreign; /* spaces will own memory outside of the layout's range too */
    ter_side_set side_of_all;
    bool choose_map; /* take `map` where its form can serve, not what follows from the layout */
    enum ter_sft_map_kind map;
    bool huge_pages;     /* for the memory of objects */
    bool populate;       /* and it is asked for ahead */
    bool log_map;        /* every change of the map is logged */
    bool log_whole_map;  /* and the map after it */
    size_t record_bytes; /* of the largest space */
};

/* Bytes of addresses that a layout by need is about, side metadata included: a multiple of a slot.
 */
size_t ter_arena_by_need_bytes(const struct ter_layout *layout);

/*
 * Reserves the range of the layout and its side metadata; the layout's start is a hint. Falls back
 * to smaller layouts when the system refuses and says so in the log. TER_ERROR_INVALID: the form of
 * map that was chosen cannot serve.
 *
 * A layout by need lies where it says. TER_ERROR_OWNED: somebody else has the placement.
 */
ter_status ter_arena_init(struct ter_arena *arena, const struct ter_arena_settings *settings);
void ter_arena_fini(struct ter_arena *arena);
