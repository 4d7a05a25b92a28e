/* SPDX-License-Identifier: MIT */
/*
 * Chunks of a heap and the order in which they come to a space.
 *
 * Invariant ("seen means readable"): under one lock, memory is mapped, then its side metadata, then
 * the SFT map's entry is claimed, then the space's mapped extent grows, with release. Whoever reads
 * the entry and the extent (with acquire) may read the memory and its metadata.
 *
 * Today every space owns one slot and takes its chunks from the bottom up.
 */
#pragma once

#include <stdatomic.h>

#include "metadata/metadata.h"
#include "mmapper/mmapper.h"
#include "pages/accounting.h"
#include "sft/sft.h"

struct ter_ground {
    struct ter_layout layout;   /* with the start that the kernel gave */
    struct ter_mmapper mmapper; /* of the heap's range */
    struct ter_side_metadata side;
    struct ter_sft_map map;
    struct ter_accounting accounting;
    struct ter_lock lock; /* growth of any space */
};

/* The addresses of one space. */
struct ter_range {
    uintptr_t start;
    size_t extent_bytes;         /* the slot */
    _Atomic size_t mapped_bytes; /* [start, start + mapped_bytes) has memory and metadata */
    ter_side_set side;           /* which metadata the space needs */
    const struct ter_sft *owner;
};

struct ter_ground_settings {
    struct ter_layout layout;
    bool outside;    /* spaces will own memory outside of the layout's range too */
    bool choose_map; /* take `map` where its form can serve, not what follows from the layout */
    enum ter_sft_map_kind map;
    bool log_map;        /* every change of the map is logged */
    size_t record_bytes; /* of the largest space */
};

/*
 * Reserves the range of the layout and its side metadata; the layout's start is a hint. Falls back to
 * smaller layouts when the system refuses and says so in the log. TER_ERROR_INVALID: the form of map
 * that was chosen cannot serve.
 */
ter_status ter_ground_init(struct ter_ground *ground, const struct ter_ground_settings *settings);
void ter_ground_fini(struct ter_ground *ground);

/* Gives slot `slot` to a space that has no memory yet. */
void ter_range_init(struct ter_range *range, const struct ter_ground *ground, unsigned slot,
                    ter_side_set side, const struct ter_sft *owner);

/* Adds `chunks` chunks at the end of the mapped part. TER_ERROR_NO_ADDRESS_SPACE: slot full. */
ter_status ter_range_grow(struct ter_range *range, struct ter_ground *ground, size_t chunks);

/*
 * Gives the last `chunks` mapped chunks back: entries become EMPTY, then memory and metadata go. No
 * reader may be left that looked up an address there before; a collector that has stopped the world
 * knows. After a failure the chunks are still mapped.
 */
ter_status ter_range_shrink(struct ter_range *range, struct ter_ground *ground, size_t chunks);

/* Does the word lie in the part that has memory and metadata? */
TER_INLINE bool ter_range_holds(const struct ter_range *range, uintptr_t word)
{
    return word - range->start < atomic_load_explicit(&range->mapped_bytes, memory_order_acquire);
}
