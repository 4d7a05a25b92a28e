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
/*
 * The same for at most so long, when nobody gathers: NULL, or one that has not come. Either way
 * they are to be let go.
 */
const struct ter_mutator *ter_safepoints_gather_briefly(struct ter_allocator *allocator,
                                                        unsigned milliseconds);
/* Lets them go; they may come in when the lock is free. */
void ter_safepoints_disperse(struct ter_allocator *allocator);
