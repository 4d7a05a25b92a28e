/* SPDX-License-Identifier: MIT */
/*
 * Whether a mutator may be used where it is used.
 *
 * Invariant: a mutator's `kind_limit` is the number of its heap's kinds while its thread may
 * allocate, and 0 otherwise: when it was unbound, while its thread is outside the heap, and while
 * the mutators of the heap stand still for a collection or a visit, whose callbacks must not
 * allocate. So the one comparison that the number of a kind needs anyway tells all of that. It
 * changes under the heap lock.
 */
#pragma once

#include "alloc/mutator.h"

/* Stops with a line that says why `mutator` does not allocate an object of `kind` in `call`. */
TER_COLD TER_NORETURN void ter_mutator_refuse(const struct ter_mutator *mutator, unsigned kind,
                                              const char *call);

TER_INLINE bool ter_mutator_may_allocate(const struct ter_mutator *mutator, unsigned kind)
{
    return mutator != NULL && kind < __atomic_load_n(&mutator->kind_limit, __ATOMIC_RELAXED);
}

/* For calls that take a kind, or 0 for any. */
TER_INLINE void ter_mutator_require(const struct ter_mutator *mutator, unsigned kind,
                                    const char *call)
{
    if (TER_UNLIKELY(!ter_mutator_may_allocate(mutator, kind)))
        ter_mutator_refuse(mutator, kind, call);
}

/* The calling thread is the one that bound it: in the heap now, or also outside. */
void ter_mutator_require_own(const struct ter_mutator *mutator, const char *call);
void ter_mutator_require_bound(const struct ter_mutator *mutator, const char *call);

/* Under the heap lock: the mutator may allocate from now on, or not. */
void ter_mutator_open(struct ter_mutator *mutator);
void ter_mutator_close(struct ter_mutator *mutator);
/* Likewise, all that are in the heap. */
void ter_mutators_open(const struct ter_allocator *allocator);
void ter_mutators_close(const struct ter_allocator *allocator);
