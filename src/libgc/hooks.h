/* SPDX-License-Identifier: MIT */
/*
 * What happens in a collection besides marking and sweeping, in the order in which it happens. The
 * heap calls all of this under its lock, in the thread that collects.
 *
 * Invariant: nothing here makes the heap or waits for its lock. What a program need not use adds
 * its step when it is first used, so the files that do that are read after this one.
 */
#pragma once

#include "libgc/state.h"

/* In each step of a collection in this order. */
enum ter_libgc_step_order { TER_STEP_TOGGLES, TER_STEP_DISCLAIM, TER_STEPS };

/* NULL for nothing. */
struct ter_libgc_step {
    void (*before)(void); /* while the other threads run */
    void (*roots)(void);  /* marks more */
    void (*marked)(void); /* sees what was not reached */
    void (*after)(void);  /* when the other threads run again */
};

/* Under the lock; again does nothing. `step` stays. */
void ter_libgc_add_step(enum ter_libgc_step_order order, const struct ter_libgc_step *step);

/* The heap calls what stands here from now on. */
void ter_libgc_connect(struct ter_heap *heap);
