/* SPDX-License-Identifier: MIT */
/*
 * What a recording is: a file of fixed size with what happened in one heap, which the library
 * writes to by a mapping and the command `terrier` makes a page of.
 *
 * Invariant: the bytes are the same for 32 and 64 bits. A record is there from the moment its count
 * says so, so the file is good whenever the process ends. Who reads it believes nothing of it.
 */
#pragma once

#include <stdint.h>

#define TER_RECORDING_MAGIC "Terrier1"

#define TER_RECORDED_SAMPLES 2048u
#define TER_RECORDED_COLLECTIONS 1024u
#define TER_RECORDED_SNAPSHOTS 48u
#define TER_RECORDED_PARTS 12u
#define TER_RECORDED_STATISTICS 64u
#define TER_RECORDED_OPTIONS_BYTES 8192u
#define TER_RECORDED_NAME_BYTES 48u
#define TER_RECORDED_KINDS 64u
#define TER_RECORDED_SPACES 16u

/* Pauses are counted by eighths of powers of two of nanoseconds. */
#define TER_RECORDED_PAUSE_STEPS_LOG 3u
#define TER_RECORDED_PAUSES 352u

/* Sizes, at one moment or over a stretch of time. */
struct ter_recorded_sample {
    uint64_t start_ns, end_ns;
    uint64_t used_least, used_most;
    uint64_t limit;
    uint64_t resident; /* the most; 0: not asked for yet */
};

/* A collection, or the longest pause of several and what they did together. */
struct ter_recorded_collection {
    uint64_t count; /* that it stands for */
    uint64_t number;
    uint64_t start_ns;
    uint64_t pause_ns, total_ns;
    uint64_t all_pauses_ns; /* of all that it stands for */
    uint64_t allocated_bytes;
    uint64_t used_before, used_after;
    uint64_t live_bytes, live_objects;
    uint64_t looked_ns; /* what taking a snapshot took, and is in no other figure */
    uint32_t reason, young;
    uint64_t parts_ns[TER_RECORDED_PARTS];
};

/* When a snapshot was taken. */
enum ter_recorded_moment {
    TER_RECORDED_BEFORE, /* a collection */
    TER_RECORDED_AFTER,
    TER_RECORDED_LAST /* at the end of the heap or of the process */
};

#define TER_SNAPSHOT_TILES 2048u
#define TER_SNAPSHOT_STRETCHES 128u
#define TER_SNAPSHOT_ROWS 96u
#define TER_SNAPSHOT_STATES 16u

/* A tile: the state of its parcels, how full they are, and whether something in them is pinned. */
#define TER_TILE_STATE 0x0fu
#define TER_TILE_FULL_SHIFT 4u
#define TER_TILE_FULL_MOST 7u
#define TER_TILE_PINNED 0x80u

/* Tiles of one space without a gap. */
struct ter_recorded_stretch {
    uint64_t start;
    uint32_t space;
    uint32_t tiles;
};

/* Objects of one kind; sizes above half of `most_bytes` up to it, 0: larger ones. */
struct ter_recorded_row {
    uint32_t kind;
    uint32_t most_bytes;
    uint64_t objects, bytes;
};

struct ter_recorded_snapshot {
    uint64_t time_ns;
    uint64_t collection; /* its number; that of the last one */
    uint64_t object_bytes;
    uint32_t moment, gather; /* parcels in a tile */
    uint32_t stretch_count, tile_count, row_count;
    uint32_t pinned;   /* parcels with pinned objects */
    uint32_t left_out; /* parcels for which there was no room */
    uint32_t reserved;
    uint32_t parcels[TER_SNAPSHOT_STATES]; /* by state */
    struct ter_recorded_stretch stretches[TER_SNAPSHOT_STRETCHES];
    struct ter_recorded_row rows[TER_SNAPSHOT_ROWS];
    uint8_t tiles[TER_SNAPSHOT_TILES];
};

/*
 * A list that becomes thinner when it is full: each two records become one. `stride` is how many of
 * the first ones each of its records may stand for. While it is made thinner, `moved` are done, and
 * the rest begins at twice that.
 */
struct ter_recorded_list {
    uint32_t count;
    uint32_t stride;
    uint32_t thinning;
    uint32_t moved;
};

struct ter_recording {
    char magic[8];
    uint64_t bytes; /* of all of it */
    uint32_t process, heap;
    uint64_t started_ns, last_ns; /* by the monotonic clock */
    uint64_t ended;               /* 1: the process or heap came to its end by itself */
    uint64_t looked_ns;           /* what taking all snapshots took */
    char program[TER_RECORDED_NAME_BYTES * 2];
    char plan[TER_RECORDED_NAME_BYTES];
    char layout[TER_RECORDED_NAME_BYTES];
    char kinds[TER_RECORDED_KINDS][TER_RECORDED_NAME_BYTES];
    char spaces[TER_RECORDED_SPACES][TER_RECORDED_NAME_BYTES];
    uint64_t statistic_version, statistic_count;
    uint64_t statistics[TER_RECORDED_STATISTICS]; /* in the order of TER_STATISTICS */
    uint64_t options_bytes;
    uint8_t options[TER_RECORDED_OPTIONS_BYTES]; /* struct ter_options */
    uint32_t pauses[2][TER_RECORDED_PAUSES];     /* of all objects, of young objects alone */
    struct ter_recorded_list sample_list, collection_list, snapshot_list;
    struct ter_recorded_sample samples[TER_RECORDED_SAMPLES];
    struct ter_recorded_collection collections[TER_RECORDED_COLLECTIONS];
    struct ter_recorded_snapshot snapshots[TER_RECORDED_SNAPSHOTS];
};

_Static_assert(sizeof(struct ter_recorded_collection) == 200, "no gaps, whatever the processor");
_Static_assert(sizeof(struct ter_recorded_snapshot) % 8 == 0, "likewise");
_Static_assert(sizeof(struct ter_recording) % 8 == 0, "likewise");
