/* SPDX-License-Identifier: MIT */
/*
 * Floor `barrier`: what a store of a reference into an object must do first, so that a collection
 * need not look at all objects. The contract and its inline part are in terrier/fast.h; here is
 * what is called when there is something to do.
 *
 * A plan's record says which barrier it needs; today all say none. A mutator has the number in its
 * head, so the fast path is one load, one test and no call.
 */
#pragma once

#include "alloc/alloc.h"
#include "barrier/check.h"

enum ter_barrier {
    TER_BARRIER_NONE = 0,   /* stores need nothing */
    TER_BARRIER_CHECKED = 1 /* stores need nothing, but all that come without a barrier are found */
};
