/* SPDX-License-Identifier: MIT */
/*
 * Guardians: queues to which an object comes back that was found unreachable, or something else in
 * its place.
 *
 * Invariant: an object is registered as often as it was added and did not come back yet; in the
 * queue there is room for all that is registered, so a collection needs no memory. What stands for
 * an object is reached; the object, unless it stands for itself, is not. All that a collection
 * finds comes back, whatever order it hangs together in. What is ready was reached by a collection,
 * so nothing of it is young. Under the heap lock.
 */
#pragma once

#include "trace/trace.h"
#include "weak/bound.h"
#include "weak/list.h"
#include "weak/reach.h"

struct ter_guardian {
    struct ter_guardian *next; /* of the heap */
    struct ter_weak_list waiting;
    struct ter_weak_bound bound; /* of those */
    size_t old;                  /* of those: below it, none came since the last collection */
    struct ter_weak_list ready;  /* what stands for objects */
    size_t first;                /* of those: below it they were taken */
    size_t kept;                 /* of them, that are reached already */
};

struct ter_guardians {
    struct ter_guardian *first;
};

ter_status ter_guardian_make(struct ter_guardians *guardians, struct ter_guardian **guardian);
void ter_guardian_end(struct ter_guardians *guardians, struct ter_guardian *guardian);
void ter_guardians_fini(struct ter_guardians *guardians);

ter_status ter_guardian_register(struct ter_guardian *guardian, uintptr_t object,
                                 uintptr_t stands_for_it);
/* Takes the next one off the queue; 0: it is empty. */
uintptr_t ter_guardian_take(struct ter_guardian *guardian);

/* After a collection. */
void ter_guardians_renew_bounds(struct ter_guardians *guardians);

/* During a collection, before the process: what is ready, and what stands for another object. */
void ter_guardians_reach(struct ter_guardians *guardians, const struct ter_reach *reach);
/* Moves what was not reached to the queues, and keeps it. */
void ter_guardians_process(struct ter_guardians *guardians, const struct ter_reach *reach);
/* At the end: objects that wait are where they are now, and none is young. */
void ter_guardians_follow(struct ter_guardians *guardians, const struct ter_reach *reach);
/* Where objects move later: the same, and what they keep. */
void ter_guardians_follow_all(struct ter_guardians *guardians, const struct ter_reach *reach);

/* Traces what they keep, for who only looks. */
void ter_guardians_visit(const struct ter_guardians *guardians, struct ter_tracer *tracer);
