/* SPDX-License-Identifier: MIT */
/*
 * How mutators end, and what they lie in.
 *
 * Invariant: memory of a mutator stays readable until its heap ends; between two mutators it is
 * clean. Under the heap lock.
 */
#pragma once

#include "alloc/mutator.h"

/* Clean memory, from one that ended if there is any. The lock is taken here. */
ter_status ter_mutator_take_memory(struct ter_allocator *allocator, struct ter_mutator **mutator);
/* Puts it back; its runs are empty. */
void ter_mutator_retire(struct ter_allocator *allocator, struct ter_mutator *mutator);
/* Makes the common runs of the heap, if there is memory. Under the lock. */
void ter_mutators_make_common(struct ter_allocator *allocator);
/* The mutator leaves its heap. */
void ter_mutator_end(struct ter_mutator *mutator);
/* The same for a thread that has ended, or is about to, and left it behind. */
void ter_mutator_end_unasked(struct ter_mutator *mutator);
/* Its thread has ended, and could not unbind it any more. */
void ter_mutator_say_gone(const struct ter_mutator *mutator);
/* What mutators that ended lie in stays readable until the end of the heap, which is here. */
void ter_mutators_release_retired(struct ter_allocator *allocator);
