/* SPDX-License-Identifier: MIT */
/*
 * Freeing by hand, and cells that were freed.
 *
 * A small object is freed, and a freed cell taken, without the heap lock. Invariants:
 *
 * - A list of freed cells belongs to one mutator. It is changed by the mutator's own thread while
 *   that holds off stops, or by a collector while that thread stands or is outside the heap. So a
 *   collector finds each freeing and each taking done or not begun: no cell is in two minds between
 *   the list and the bits when a sweep looks at them, and lists that it drops are not written back.
 * - A mutator is `alone` while its heap never had two at once. It alone changes valid bits then,
 * but for collectors, and those do so while its thread stands outside a hold; so it needs no atomic
 *   instruction. The second mutator ends that for good (ter_world_share), outside a hold of the
 *   first. Whether a mutator is alone is asked in each hold, after its begin.
 * - Questions from other threads and from signal handlers are answered at any time: words of bits
 *   are read and written whole, with acquire and release.
 *
 * In the child of a fork a thread that was lost in the middle has lost at most the cell it was at,
 * until the next sweep. A signal handler must not free: it may have come into the middle of it.
 */
#pragma once

#include "alloc/mutator.h"

/*
 * Frees the small object at `object`, which the map says is of `space`, with cells;
 * false, and nothing is done, when no object begins there. By the mutator's thread.
 */
bool ter_mutator_free_small(struct ter_mutator *mutator, const struct ter_sft *space,
                            uintptr_t object);

/* Frees an object, which is exactly `object` and lies in `space`. */
void ter_mutator_release(struct ter_mutator *mutator, const struct ter_sft *space,
                         uintptr_t object);
/* The same under the heap lock, by the mutator's thread; counted as freed at once. */
void ter_mutator_release_locked(struct ter_mutator *mutator, const struct ter_sft *space,
                                uintptr_t object);

/* A freed cell, cleared if the kind wants that, which is an object again; 0 when there is none. */
uintptr_t ter_mutator_take_freed(struct ter_mutator *mutator, unsigned kind, unsigned size_class);
/* For a thread that a signal stopped, or that is outside the heap. */
void ter_mutator_drop_freed(struct ter_mutator *mutator);

/* Does nobody else change valid bits? While stops are held off, or under the heap lock. */
TER_INLINE bool ter_mutator_is_alone(const struct ter_mutator *mutator)
{
    return __atomic_load_n(&mutator->alone, __ATOMIC_RELAXED);
}

/* Do objects of the space lie in cells, which are freed without the lock? */
TER_INLINE bool ter_is_in_cells(const struct ter_sft *space)
{
    return ter_space_of(space)->policy->cells;
}
