/* SPDX-License-Identifier: MIT */
/*
 * Small objects of spaces whose policy fills runs (space/policy.h): objects of all sizes of a kind
 * come from one block of the mutator's, some cells of a size at a time, so that what was allocated
 * together lies together.
 *
 * Invariant: a run is filled by the mutator's thread while that holds off stops; a fresh block is
 * taken under the heap lock, after the gate admitted it.
 */
#pragma once

#include "alloc/mutator.h"

/* NULL when memory is out. */
void *ter_mutator_allocate_from_runs(struct ter_mutator *mutator, struct ter_space *space,
                                     unsigned kind, unsigned size_class);
/* In a collection, before anything is reached: no more runs come from the blocks of before. */
void ter_mutator_leave_blocks(struct ter_mutator *mutator);
