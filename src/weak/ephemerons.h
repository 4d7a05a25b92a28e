/* SPDX-License-Identifier: MIT */
/*
 * Ephemerons: objects whose elements have a key, which they do not keep, and values, which they
 * keep as long as the key is reached by other ways.
 *
 * The collector's visitor of such a kind reaches the header of an object and lists the object; what
 * its elements keep is found when all else was reached. Objects that were not reached are in no
 * list, and cost nothing.
 *
 * Invariant: between ter_ephemerons_settle and the next thing that is reached, the values of every
 * listed element with a reached key are reached. Keys stay as they are, also those of objects that
 * moved, until ter_ephemerons_finish.
 *
 * Outside of collections nobody calls the visitor: who only looks goes by the layout (elements.h).
 *
 * Under the heap lock, with the world stopped; the visitor is called by several workers.
 */
#pragma once

#include "weak/ephemeron_state.h"

void ter_ephemerons_init(struct ter_ephemerons *ephemerons);
void ter_ephemerons_fini(struct ter_ephemerons *ephemerons);

/* The row of a kind of such objects, which has a layout, gets its visitor. */
void ter_ephemerons_adopt(struct ter_ephemerons *ephemerons, struct ter_kind *kind, unsigned index);

/* The words [first, end) of an object of such a kind, which was there before. */
struct ter_ephemeron_part {
    uintptr_t object;
    size_t bytes; /* of the object */
    uintptr_t first, end;
};

/* Before anything is reached. */
void ter_ephemerons_begin(struct ter_ephemerons *ephemerons);
/* What the visitor does, for a part of an old object: where something was stored to. */
void ter_ephemerons_reach_part(struct ter_ephemerons *ephemerons, struct ter_tracer *tracer,
                               const struct ter_kind *kind, const struct ter_ephemeron_part *part);
/* Reaches the values whose keys are reached, until there are no more. `tracer` has nothing left. */
void ter_ephemerons_settle(struct ter_ephemerons *ephemerons, struct ter_tracer *tracer,
                           const struct ter_reach *reach);
/* Clears unreached keys of elements without values, that is, of plain weak references. */
void ter_ephemerons_clear_weak(struct ter_ephemerons *ephemerons, const struct ter_reach *reach);
/* At the end: clears elements with unreached keys; other keys are where they are now. */
void ter_ephemerons_finish(struct ter_ephemerons *ephemerons, const struct ter_reach *reach);
