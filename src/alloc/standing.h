/* SPDX-License-Identifier: MIT */
/*
 * Coming to stand at a safepoint.
 *
 * Invariant: who stands is outside the heap, as by ter_mutator_go_out, with its registers on its
 * stack.
 */
#pragma once

#include "alloc/mutator.h"

/* The calling thread's mutator stands if it is wanted. Without the lock. */
void ter_mutator_poll(struct ter_mutator *mutator);
/* The same before an allocation takes the lock, unless that is to be no safepoint. */
TER_INLINE void ter_mutator_poll_before(struct ter_mutator *mutator)
{
    if (TER_UNLIKELY(__atomic_load_n(&mutator->head.poll, __ATOMIC_RELAXED) != 0) &&
        !mutator->no_collect)
        ter_mutator_poll(mutator);
}

/* The calling thread, whichever mutator it has, stands while another gathers. Under the lock. */
void ter_mutator_stand_aside(struct ter_allocator *allocator);
