/* SPDX-License-Identifier: MIT */
/*
 * Floor `barrier`: what a store of a reference into an object must do first, so that a collection
 * need not look at all objects. A plan's record says which barrier it needs; today all say none.
 *
 * The contract: the mutator's own thread calls one of the three forms before the store, and no
 * safepoint lies between the two. A barrier does not store into the object. `object` is the object
 * that holds the slots; it is alive, and so is what the new value refers to.
 *
 *   ter_write          one slot, with the reference that it will have
 *   ter_write_range    slots side by side, about to be filled in any way
 *   ter_write_object   any slots of the object; this one may also stand after the stores, as long
 *                      as no safepoint lies between
 *
 * The fast path is one load, one test and no call. Under a plan that needs none that is all.
 */
#pragma once

#include "alloc/alloc.h"

enum ter_barrier {
    TER_BARRIER_NONE = 0 /* stores need nothing */
};

/* For a barrier that this library does not have: stops with a line. */
TER_COLD TER_NORETURN void ter_barrier_missing(const struct ter_mutator *mutator);

TER_INLINE void ter_write(struct ter_mutator *mutator, ter_object object, ter_slot slot,
                          ter_object value)
{
    (void)object, (void)slot, (void)value;
    if (TER_UNLIKELY(mutator->head.barrier != TER_BARRIER_NONE))
        ter_barrier_missing(mutator);
}

TER_INLINE void ter_write_range(struct ter_mutator *mutator, ter_object object, ter_slot first,
                                size_t slots)
{
    (void)object, (void)first, (void)slots;
    if (TER_UNLIKELY(mutator->head.barrier != TER_BARRIER_NONE))
        ter_barrier_missing(mutator);
}

TER_INLINE void ter_write_object(struct ter_mutator *mutator, ter_object object)
{
    (void)object;
    if (TER_UNLIKELY(mutator->head.barrier != TER_BARRIER_NONE))
        ter_barrier_missing(mutator);
}
