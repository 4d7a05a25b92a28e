/* SPDX-License-Identifier: MIT */
/*
 * The recorder: what happens in one heap, as events for any number of sinks.
 *
 * Invariant: it is there only if somebody wants events, is put in place before the heap has
 * mutators, and does all under the heap lock. A collection is told when it has ended; of one that
 * came to nothing, since threads could not be stopped, there are the parts alone.
 */
#pragma once

#include "cycle/cycle.h"
#include "see/event.h"

/* Threads that have a name in the sinks: the last ones. */
#define TER_RECORDER_THREADS 64u

/* Slow allocations since the last counters. */
struct ter_slow_allocations {
    uint64_t count, nanoseconds, bytes;
};

struct ter_recorder {
    struct ter_collector *collector; /* NULL: it was not begun */
    struct ter_callbacks callbacks;
    struct ter_watch watch;
    struct ter_sink *sinks;
    unsigned heap;
    enum ter_part part;
    uint64_t part_ns;                  /* when that began */
    uint64_t parts_ns[TER_PART_COUNT]; /* what each took, of the collection that runs or ran last */
    uint64_t stop_ns;                  /* when the last stop began */
    uint64_t counted_ns;               /* the last counters */
    uint64_t settled_ns;
    struct ter_slow_allocations slow;
    unsigned threads[TER_RECORDER_THREADS];
    unsigned thread_count; /* ever */
};

void ter_recorder_begin(struct ter_recorder *recorder, struct ter_collector *collector);
/* All events from now on go to the sink too. */
void ter_recorder_add(struct ter_recorder *recorder, struct ter_sink *sink);
/* There may be no good moment any more. Of one that was not begun: nothing. */
void ter_recorder_settle_last(struct ter_recorder *recorder);
/* In the child of a fork. Likewise. */
void ter_recorder_forked(struct ter_recorder *recorder);
