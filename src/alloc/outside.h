/* SPDX-License-Identifier: MIT */
/*
 * Leaving the heap for a while, and coming back.
 *
 * Invariant: while `blocked_at` is set the mutator's thread touches nothing of the heap, and a
 * collector waits for no answer of it.
 */
#pragma once

#include "alloc/mutator.h"

/*
 * The calling thread leaves the heap: it allocates and changes nothing until it returns, and its
 * stack is scanned from `stack_pointer` up. Returning waits for a collection to end, and while the
 * thread is suspended.
 */
void ter_mutator_go_out(struct ter_mutator *mutator, uintptr_t stack_pointer);
void ter_mutator_come_in(struct ter_mutator *mutator);
