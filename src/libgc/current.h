/* SPDX-License-Identifier: MIT */
/*
 * The calling thread in the heap.
 *
 * Invariant: `ter_libgc_mutator` is what the thread allocates with: NULL before its first call, and
 * in a guest but for its calls.
 */
#pragma once

#include "libgc/state.h"

extern _Thread_local struct ter_mutator *ter_libgc_mutator;

/* That of a thread that nobody registered, in its calls and between them (guests.h). */
extern _Thread_local struct ter_mutator *ter_libgc_own_guest;

/* True when the calling thread may use its mutator. */
TER_INLINE bool ter_libgc_is_inside(void)
{
    return TER_LIKELY(ter_libgc_mutator != NULL);
}

/* The mutator goes, as its thread ends: in the thread, or in one that collects. Under the lock. */
void ter_libgc_thread_ended(struct ter_heap *heap, const struct ter_mutator *mutator);
