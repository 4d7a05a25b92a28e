/* SPDX-License-Identifier: MIT */
/*
 * Which stack a mutator is on.
 *
 * Invariant: a mutator is on exactly one stack, its own (`home`) or one declared, which has it as
 * its `user`; that one's frames are in the mutator's head, those of all others in their records. A
 * thread switches by its own stores while it holds off stops, so a collector finds the switch done
 * or not begun.
 */
#pragma once

#include "alloc/mutator.h"

/* By the mutator's thread: it is on `stack`, or on its own (NULL), from now on. */
void ter_mutator_switch(struct ter_mutator *mutator, struct ter_stack *stack);
/* The same when it has no thread any more: it is on none. */
void ter_mutator_put_away(struct ter_mutator *mutator);
