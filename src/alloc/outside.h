/* SPDX-License-Identifier: MIT */
/*
 * Leaving the heap for a while, and coming back.
 *
 * Invariant: while `blocked_at` is set the mutator's thread touches nothing of the heap, and a
 * collector waits for no answer of it.
 */
#pragma once

#include "alloc/mutator.h"

/* The two changes themselves, under the lock: others may collect after the one, until the other. */
void ter_mutator_note_outside(struct ter_mutator *mutator, uintptr_t stack_pointer);
void ter_mutator_note_inside(struct ter_mutator *mutator);

/*
 * The calling thread leaves the heap: it allocates and changes nothing until it returns, and its
 * stack is scanned from `stack_pointer` up. Returning waits for a collection to end, and while the
 * thread is suspended.
 */
void ter_mutator_go_out(struct ter_mutator *mutator, uintptr_t stack_pointer);
void ter_mutator_come_in(struct ter_mutator *mutator);

/*
 * The same for a caller that returns to the program: what its frames hold below `end`, the stack
 * pointer of the program's function, is saved from `stack_pointer` up.
 */
void ter_mutator_go_out_and_return(struct ter_mutator *mutator, uintptr_t stack_pointer,
                                   uintptr_t end);

/*
 * Likewise, and the mutator is no thread's any more. A stack of the program's that it is on is
 * scanned as it is; its thread's own is no more.
 */
void ter_mutator_part(struct ter_mutator *mutator, uintptr_t stack_pointer, uintptr_t end);
