/* SPDX-License-Identifier: MIT */
/*
 * A sink that keeps a recording (recording.h), of which `terrier run --page` makes a page.
 *
 * Invariant: what is kept is in the file at once, without a system call, and has a fixed size. What
 * looks at the heap for it takes at most 25 ms and 3 percent of the time, is told in the
 * collection's looked_ns, and is left out where it would take more. Under the heap lock.
 */
#pragma once

#include "see/event.h"
#include "see/output.h"
#include "see/recording.h"
#include "see/snapshot.h"

/* Heaps of a process that are recorded: the first ones. */
#define TER_MOST_RECORDED 16u

/* What the floor above knows. All under the heap lock. */
struct ter_recording_source {
    const void *heap;
    ter_parcels_function *parcels;
    /* Fills in the heap's name, options and the like, once; and its statistics. */
    void (*describe)(const void *heap, struct ter_recording *recording);
    void (*statistics)(const void *heap, struct ter_recording *recording);
};

struct ter_recording_sink {
    struct ter_sink sink;
    struct ter_recording_source source;
    struct ter_collector *collector;
    struct ter_recording *recording; /* NULL: there is none, now or any more */
    struct ter_census *census;       /* NULL: it was not begun */
    char pattern[TER_OUTPUT_ABSOLUTE_BYTES];
    unsigned heap;
    unsigned process; /* whose recording it is */
    uint32_t in_last_sample, in_last_collection;
    uint64_t resident_ns, resident;        /* when it was asked for last, and what was said */
    uint64_t statistics_ns;                /* when they were written last */
    uint64_t snapshot_at;                  /* the collection of the last snapshot */
    uint64_t looked_at, looked_ns;         /* objects counted in all, and what that took */
    uint64_t looked_in_ns[TER_PART_COUNT]; /* of the collection that runs or ran last */
    bool is_looked_at;                     /* the collection that runs gets snapshots */
};

/* TER_ERROR_SYSTEM: nothing is recorded. Why not is said in the log, but where they are many. */
ter_status ter_recording_sink_init(struct ter_recording_sink *sink, const char *pattern,
                                   struct ter_collector *collector,
                                   const struct ter_recording_source *source);
void ter_recording_sink_fini(struct ter_recording_sink *sink);
