/* SPDX-License-Identifier: MIT */
/*
 * Allocation of objects in malloc's memory, or in that of functions of the program's.
 *
 * Invariant: malloc is called without the heap lock. What was admitted for it is in use meanwhile,
 * as the mutator's `reserved_bytes`, so that the limit holds for all threads together. Functions of
 * the program's are called with the lock, and what was admitted for them is not more than the limit
 * has room for: the space's `admitted` bytes, of which nothing is in use.
 */
#pragma once

#include "alloc/mutator.h"

/*
 * An object of `bytes` bytes, as the program asked for; of malloc, `rounded` are asked for, as many
 * as in a space of the heap's own. *object is NULL when memory is out. False: malloc puts it into a
 * chunk of another space, so take memory of the heap's own.
 */
bool ter_mutator_allocate_from_malloc(struct ter_mutator *mutator, unsigned kind, size_t bytes,
                                      size_t rounded, void **object);

enum ter_resizing {
    TER_RESIZED,
    TER_RESIZE_REFUSED,  /* memory is out; the object is as it was */
    TER_RESIZE_OTHERWISE /* the program has no function that serves this */
};

/*
 * The object, in `space`, gets another size by the function that the program has for that. *object
 * is where it lies then, and a root meanwhile, as a collection may come first.
 */
enum ter_resizing ter_mutator_resize_in_malloc(struct ter_mutator *mutator,
                                               const struct ter_sft *space, size_t bytes,
                                               void **object);

/* What was admitted for malloc is free for all again. */
void ter_mutator_give_up_reserve(struct ter_mutator *mutator);
