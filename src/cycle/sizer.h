/* SPDX-License-Identifier: MIT */
/*
 * A heap's size after each collection: what its rates were, its limit by the square root rule if it
 * is sized so, and its word to the other heaps of the process. The arithmetic is in sizing.h.
 *
 * Invariant: the clock is asked where a collection asks it anyway. All under the heap lock;
 * ter_sizer_resize while threads may be stopped, the others while they run.
 */
#pragma once

#include "cycle/collector.h"

/* A heap sized by the square root rule, or fixed, begins with another limit than heap_initial. */
void ter_sizer_init(struct ter_collector *collector, enum ter_sizing sizing);

/* A collection begins; its start is known. */
void ter_sizer_begin(struct ter_collector *collector);
/* Its figures are known, but for the limit, which may change here. */
void ter_sizer_resize(struct ter_collector *collector, struct ter_collection *collection);
/* It is over; or it did not take place. */
void ter_sizer_end(struct ter_collector *collector, bool took_place);

/* Idle memory beyond the heap's share of the soft limit goes back. */
void ter_sizer_keep_to_share(struct ter_collector *collector);
