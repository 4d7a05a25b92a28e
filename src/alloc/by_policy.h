/* SPDX-License-Identifier: MIT */
/*
 * Allocation from spaces whose policy makes each object (space/policy.h): large objects, malloc's,
 * and small ones where the plan has neither cells nor runs for them. Their cell runs stay empty, so
 * that the fast path, which knows cell runs alone, leads here by itself.
 *
 * Invariant: a window belongs to one mutator; its own thread changes it, or whoever ends it.
 */
#pragma once

#include "alloc/mutator.h"

/*
 * A small object of that class, for which `bytes` were asked; *object is NULL when memory is out.
 * False: there are cells for it.
 */
bool ter_mutator_allocate_small_by_policy(struct ter_mutator *mutator, unsigned kind,
                                          unsigned size_class, size_t bytes, void **object);
/* A large one that the machine can hold. NULL when memory is out. */
void *ter_mutator_allocate_large_by_policy(struct ter_mutator *mutator, unsigned kind,
                                           size_t bytes);
/*
 * The same of a multiple of a granule, never from malloc: at the beginning of a page, however small
 * it is; or, where objects have pages of their own, at a multiple of whatever its size is one of.
 */
void *ter_mutator_allocate_pages(struct ter_mutator *mutator, unsigned kind, size_t bytes);
/* Under the heap lock, when a mutator ends. */
void ter_mutator_give_up_windows(struct ter_mutator *mutator);
