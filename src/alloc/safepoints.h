/* SPDX-License-Identifier: MIT */
/*
 * Safepoints: mutators that come to stand by themselves.
 *
 * Invariant: in a heap with safepoints a mutator that stands is outside the heap (`blocked_at`), so
 * one whose thread is no signal's concern. While `gathering`, which changes under the heap lock,
 * nobody comes back in and nobody joins; `poll` of each that is in the heap is set. Who gathers
 * waits without the lock, so that others can finish what they do under it; when all stand it has
 * the lock, and keeps it until it lets them go. So it is decided here, before a collection has
 * begun, and a call that only takes the lock is no safepoint.
 */
#pragma once

#include "alloc/mutator.h"

/*
 * Waits until all mutators but the caller's stand. False: another thread gathered, the caller stood
 * for it, and what was true before need not be now. Under the lock, which is let go meanwhile.
 */
bool ter_safepoints_gather(struct ter_allocator *allocator);
/* Lets them go; they may come in when the lock is free. */
void ter_safepoints_disperse(struct ter_allocator *allocator);

/* A mutator has just gone outside, or ended. */
void ter_safepoints_arrived(struct ter_allocator *allocator);
/* Waits for the end of a gathering, if there is one. Under the lock, which is let go meanwhile. */
void ter_safepoints_await_end(struct ter_allocator *allocator);

/* The calling thread's mutator stands if it is wanted. Without the lock. */
void ter_mutator_poll(struct ter_mutator *mutator);

/* Before an allocation takes the lock. */
TER_INLINE void ter_mutator_poll_before(struct ter_mutator *mutator)
{
    if (TER_UNLIKELY(__atomic_load_n(&mutator->head.poll, __ATOMIC_RELAXED) != 0))
        ter_mutator_poll(mutator);
}
