/* SPDX-License-Identifier: MIT */
/*
 * Roots on stacks: which parts of memory hold what a thread's frames refer to.
 *
 * Invariant: nothing is read that the system has not said can be read, but from the pointer up to
 * the base of a stack on which the pointer is known to lie. A thread may stand on a stack that it
 * was not given by the system: that of a coroutine, or one for its signal handlers. Then its own is
 * visited whole, since how far that one went is not known, and the other from the pointer up to
 * where its mapping ends.
 *
 * Reading memory that belongs to somebody else's frames is what a conservative scan is; the one
 * function here that does it is kept out of the sanitizers' sight.
 */
#pragma once

#include "roots/ranges.h"

/*
 * Calls `function` with the callee-saved registers of the caller on the stack, and an address below
 * which there is nothing of the caller's. A collector that scans from there up sees all of the
 * mutator and none of its own frames, in which old references may lie.
 */
typedef void ter_stack_function(void *context, uintptr_t stack_pointer);
void ter_stack_call(ter_stack_function *function, void *context);

/* A thread's stack when it is visited. */
struct ter_stack_extent {
    uintptr_t pointer; /* below all that the thread holds on the stack where it stands */
    uintptr_t base;    /* where the program says that the stack begins; of its own, usually */
    struct ter_os_stack *own; /* `start` comes down when more of it was seen */
    struct ter_root_range
        usual; /* the bounds of its own as the program has them; 0: it said nothing */
    struct ter_root_range
        signal; /* the one for signal handlers that it may stand on; 0: none known */
};

/* Visits all that may hold references; returns its bytes. With the world stopped. */
size_t ter_stack_visit(const struct ter_stack_extent *stack, ter_root_visitor *visitor,
                       void *context);
