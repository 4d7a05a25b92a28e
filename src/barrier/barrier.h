/* SPDX-License-Identifier: MIT */
/*
 * Floor `barrier`: what a store of a reference into an object must do first, so that a collection
 * need not look at all objects. The contract and its inline part are in terrier/fast.h; here is
 * what is called when there is something to do.
 *
 * A plan's record says which barrier it needs. A mutator has the number in its head, and where the
 * bits are that say whether a store needs a call; the fast path calls nothing.
 */
#pragma once

#include "alloc/alloc.h"
#include "barrier/check.h"
#include "barrier/log.h"

/* To be added up. */
enum ter_barrier {
    TER_BARRIER_NONE = 0,    /* stores need nothing */
    TER_BARRIER_CHECKED = 1, /* all stores that come without a barrier are found */
    TER_BARRIER_LOGGED = 2   /* stores into old objects are logged */
};

/* What the heads of new mutators say from now on. */
void ter_barrier_set(struct ter_allocator *allocator, unsigned barrier);
/*
 * Whether stores need not be logged until this is called again: the next collection is of all
 * objects, and does not ask. While the world stands. Stores that are checked are so all the same.
 */
void ter_barrier_rest(struct ter_allocator *allocator, bool rests);
