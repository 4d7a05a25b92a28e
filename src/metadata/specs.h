/* SPDX-License-Identifier: MIT */
/*
 * What a spec is, and the one list of the heap's own. A new spec is a new row.
 *
 * Invariant of a spec: a value takes 1 to 64 bits, a power of two, or is a record of 16 bytes and
 * more, which is only ever used through a pointer; it takes no more bits than its region has.
 */
#pragma once

#include "layout/layout.h"

/* Widest value that the functions of values.h and search.h know: 64 bits. */
#define TER_SIDE_LOG_VALUE_BITS 6u
/* Widest record: 64 bytes. */
#define TER_SIDE_LOG_RECORD_BITS 9u
/* Most specs of one reservation: what a ter_side_set holds. */
#define TER_SIDE_MOST 32u

struct ter_side_spec {
    const char *name;    /* in /proc/self/maps; static storage */
    unsigned log_bits;   /* of a value */
    unsigned log_region; /* log2 of the data bytes that one value describes */
    bool global;         /* mapped for every space, asked for or not */
};

/*
 * X(identifier, name in /proc/self/maps, log2 bits of a value, log2 bytes of a region)
 *
 * VALID_OBJECT  set on the first granule of every object (MMTk's VO bit)
 * MARK          set on what a collection has reached; in spaces of blocks on every granule that
 *               starts no object too (space/block.h), in a bump space, which nothing marks, on the
 *               first granule of what was ever one
 * HELPER_MARK   what the only helper of a collection reached (trace/workers.h); mapped for no
 *               space
 * BLOCK         hot part of what a block is: size class and how to scan (space/block.h)
 * BLOCK_STATE   the rest of it, for allocation and sweeping (space/block.h)
 * BLOCK_LINK    the list that a block is in (pages/blocks.h)
 * PAGE_RUN      page runs, used or free (pages/page_run.h), or used once (pages/guarded_runs.h)
 * CHUNK_RUN     the used run that comes into a chunk from below (pages/page_runs.h), or how many of
 *               its pages can be touched (pages/guarded_runs.h)
 * LARGE         what the object in a run is (space/large.h) or was (space/protect_objects.h)
 * START         set where an object begins or did, and behind the last (space/copy_block.h)
 * PIN           set on the first granule of an object that the program pinned (space/copy_block.h)
 * STAY          likewise, of one that must not move in this collection (space/copy_block.h)
 * SLOT_LOG      set where a store into an old object is to be logged, a bit a slot; bytes, not
 *               words, are what inline code reads (barrier/log.h)
 * OBJECT_LOG    likewise on the first granule of an old object that is to be logged whole
 * LIVE          set on every granule of what moves when all is marked (space/slide.h)
 * SLIDE         where the objects of 64 granules move to (space/slide.h)
 */
#define TER_SIDE_SPECS(X)                                                                          \
    X(VALID_OBJECT, "terrier:side:valid-object", 0, TER_LOG_BYTES_IN_GRANULE)                      \
    X(MARK, "terrier:side:mark", 0, TER_LOG_BYTES_IN_GRANULE)                                      \
    X(HELPER_MARK, "terrier:side:helper-mark", 0, TER_LOG_BYTES_IN_GRANULE)                        \
    X(BLOCK, "terrier:side:block", 7, TER_LOG_BYTES_IN_BLOCK)                                      \
    X(BLOCK_STATE, "terrier:side:block-state", 7, TER_LOG_BYTES_IN_BLOCK)                          \
    X(BLOCK_LINK, "terrier:side:block-link", 5, TER_LOG_BYTES_IN_BLOCK)                            \
    X(PAGE_RUN, "terrier:side:page-run", 7, TER_LOG_BYTES_IN_PAGE)                                 \
    X(CHUNK_RUN, "terrier:side:chunk-run", 5, TER_LOG_BYTES_IN_CHUNK)                              \
    X(LARGE, "terrier:side:large", 7, TER_LOG_BYTES_IN_PAGE)                                       \
    X(START, "terrier:side:start", 0, TER_LOG_BYTES_IN_GRANULE)                                    \
    X(PIN, "terrier:side:pin", 0, TER_LOG_BYTES_IN_GRANULE)                                        \
    X(STAY, "terrier:side:stay", 0, TER_LOG_BYTES_IN_GRANULE)                                      \
    X(SLOT_LOG, "terrier:side:slot-log", 0, TER_LOG_BYTES_IN_SLOT)                                 \
    X(OBJECT_LOG, "terrier:side:object-log", 0, TER_LOG_BYTES_IN_GRANULE)                          \
    X(LIVE, "terrier:side:live", 0, TER_LOG_BYTES_IN_GRANULE)                                      \
    X(SLIDE, "terrier:side:slide", 7, TER_LOG_BYTES_IN_GRANULE + 6)

#define TER_SIDE_ENUM(identifier, name, log_bits, log_region) TER_SIDE_##identifier,
enum ter_side_id { TER_SIDE_SPECS(TER_SIDE_ENUM) TER_SIDE_COUNT };
#undef TER_SIDE_ENUM

/* The figures of a row as constants, for inline arithmetic. */
#define TER_SIDE_CONSTANTS(identifier, name, log_bits, log_region)                                 \
    TER_SIDE_LOG_BITS_##identifier = (log_bits), TER_SIDE_LOG_REGION_##identifier = (log_region),
enum { TER_SIDE_SPECS(TER_SIDE_CONSTANTS) TER_SIDE_CONSTANTS_END };
#undef TER_SIDE_CONSTANTS

/* A set of specs: bit `1 << id` for each. */
typedef unsigned ter_side_set;
#define TER_SIDE_SET(identifier) (1u << TER_SIDE_##identifier)

/* Readable for every chunk of any space, so that who asks need not know the owner. */
#define TER_SIDE_GLOBAL_SET TER_SIDE_SET(VALID_OBJECT)

/* The rows as values. */
extern const struct ter_side_spec ter_side_specs[TER_SIDE_COUNT];
