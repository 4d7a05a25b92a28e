/* SPDX-License-Identifier: MIT */
/*
 * How much was allocated and freed.
 *
 * Invariant: a mutator's thread adds to `uncounted` and `freed_uncounted` without a lock; under the
 * heap lock they go to the allocator's counts, and sums of both are right to what threads do
 * meanwhile. All here under the heap lock.
 */
#pragma once

#include "alloc/mutator.h"

/* The mutator's counts go to the allocator's; by its thread, or while that is blocked. */
void ter_mutator_fold_counts(struct ter_mutator *mutator);

/* Bytes of runs that no count has yet, of all mutators. */
size_t ter_mutators_uncounted(const struct ter_allocator *allocator);
/* Bytes of runs taken and of large objects since the last collection. */
size_t ter_mutators_allocated(const struct ter_allocator *allocator);
/* Bytes of runs that are still to be handed out; about, while other threads allocate. */
size_t ter_mutators_held(const struct ter_allocator *allocator);
/*
 * Bytes of objects since the last collection, which tell whether another is worth it.
 * What mutators hold ready does not count: with many threads, kinds and sizes that alone is more
 * than a small heap allocates between two collections.
 */
size_t ter_mutators_handed_out(const struct ter_allocator *allocator);
/* Bytes that the program freed itself since the last collection. */
size_t ter_mutators_freed(const struct ter_allocator *allocator);
/* Of them, those that no count has yet. */
size_t ter_mutators_freed_uncounted(const struct ter_allocator *allocator);
