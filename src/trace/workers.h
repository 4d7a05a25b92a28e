/* SPDX-License-Identifier: MIT */
/*
 * Tracing with several processors: a parallel phase in which the collector's tracer, worker 0, and
 * helpers drain together.
 *
 * A phase costs some tens of microseconds, so small heaps are traced alone. Roots are scanned, and
 * weak things processed, by the collecting thread alone; the phase is for what lies behind the
 * roots.
 *
 * Invariant: between phases all marks are in the heap's table.
 */
#pragma once

#include "trace/packets.h"
#include "trace/pace.h"
#include "trace/tracer.h"
#include "trace/worker_threads.h"

struct ter_workers {
    struct ter_arena *arena;
    struct ter_worker_threads threads;
    struct ter_packets packets;
    unsigned wanted;            /* helpers, as the settings and the machine have it */
    unsigned ready;             /* helpers with a tracer of their own, for this collection */
    struct ter_tracer *tracers; /* of the helpers; NULL before the first phase */
    bool always;                /* the number was asked for: no measuring of what is faster */
    struct ter_pace pace;
    bool timed;      /* somebody wants to know when helpers trace */
    bool has_second; /* a table for the marks that the only helper sets; all clear between phases */
    struct ter_workers_hull {
        uintptr_t start;
        size_t bytes;
    } covered[TER_TRACER_MAX_RANGES]; /* by that table; of the tracer's ranges */
};

/*
 * `arena`: whose memory is marked. `count`: threads that trace, the collecting one included; 0:
 * one a processor. `measured`, and always with 0: no more than one unless that is faster.
 */
ter_status ter_workers_init(struct ter_workers *workers, struct ter_arena *arena, unsigned count,
                            bool measured);
void ter_workers_fini(struct ter_workers *workers);
/* In the child of a fork. */
void ter_workers_forget(struct ter_workers *workers);

/*
 * Before the world stops: starts helpers if a phase will be worth it; SIZE_MAX: it will. `of_all`:
 * what is measured counts, else, of young objects alone, there is too little to learn from.
 */
void ter_workers_prepare(struct ter_workers *workers, const struct ter_tracer *tracer,
                         size_t live_bytes, bool of_all);
/* After the collection: what lies behind the roots was marked in that time. */
void ter_workers_learn(struct ter_workers *workers, uint64_t nanoseconds, size_t live_bytes);

/* Gives memory back that only phases need. Not in a phase. */
void ter_workers_trim(struct ter_workers *workers);

/* Drains `tracer`, with the helpers if there are any ready. */
void ter_workers_drain(struct ter_workers *workers, struct ter_tracer *tracer);
