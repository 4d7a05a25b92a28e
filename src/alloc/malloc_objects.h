/* SPDX-License-Identifier: MIT */
/*
 * Allocation of objects in malloc's memory.
 *
 * Invariant: malloc is called without the heap lock. What was admitted for it is in use meanwhile,
 * as the mutator's `reserved_bytes`, so that the limit holds for all threads together.
 */
#pragma once

#include "alloc/mutator.h"

/*
 * An object of `bytes` bytes, a multiple of a granule; *object is NULL when memory is out. False:
 * malloc puts it into a chunk of another space, so take memory of the heap's own.
 */
bool ter_mutator_allocate_from_malloc(struct ter_mutator *mutator, unsigned kind, size_t bytes,
                                      void **object);

/* What was admitted for malloc is free for all again. */
void ter_mutator_give_up_reserve(struct ter_mutator *mutator);
