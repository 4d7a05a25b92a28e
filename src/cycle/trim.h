/* SPDX-License-Identifier: MIT */
/*
 * When free memory goes back to the system.
 *
 * After a collection, free memory that still has pages of the system behind it is kept as far as
 * the program is likely to use it before the next collection: as much as it allocated in the
 * busiest of the last few intervals, and all that lay idle only since this collection. For a heap
 * is collected when its limit is reached, so what had a use before will have one again, unless the
 * program asks for collections itself or its limit is far. What is beyond that, if it is worth the
 * calls, goes back.
 *
 * Between collections free memory of one space may lie idle while another space grows. The limit of
 * the heap holds for both together: what is beyond it goes back as soon as it is worth the call.
 * Under the heap lock.
 */
#pragma once

#include "space/space.h"

#define TER_TRIM_INTERVALS 6u

struct ter_trim {
    bool enabled;
    size_t allocated[TER_TRIM_INTERVALS]; /* bytes, in the last intervals between collections */
    unsigned next;
    size_t limits[TER_TRIM_INTERVALS]; /* of the heap then, if it goes up and down; else 0 */
    unsigned next_limit;
    size_t idle_before; /* bytes that lay idle when the last collection began */
};

/* A collection begins. */
void ter_trim_begin(struct ter_trim *trim, const struct ter_accounting *accounting);

/* Notes by how much the heap had grown before this collection, of all objects. */
void ter_trim_note(struct ter_trim *trim, size_t grown_bytes);
/* Notes the limit after any collection; 0: it only grows. */
void ter_trim_note_limit(struct ter_trim *trim, size_t limit_bytes);
/* Bytes that should go back now; 0 when they are not worth it. `most`: the heap will not grow by
 * more before all is collected; `reserve` is kept free beside that. */
size_t ter_trim_surplus(const struct ter_trim *trim, const struct ter_accounting *accounting,
                        size_t most, size_t reserve);
/* Bytes that should go back between collections, as more has memory behind it than the limit
 * allows. */
size_t ter_trim_excess(const struct ter_trim *trim, const struct ter_accounting *accounting);
