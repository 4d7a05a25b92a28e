/* SPDX-License-Identifier: MIT */
/*
 * A thread becomes a mutator of a heap, and no longer is.
 *
 * Invariant: a thread has at most one mutator in each heap, and those it has are listed in its
 * record (next_own). A thread that ends while it is bound is unbound by its end
 * (ter_os_set_thread_end), whichever way it ends; one whose end nobody noticed, by the next stop of
 * the world.
 */
#pragma once

#include "alloc/mutator.h"

/*
 * A mutator for the calling thread, in memory of its own; stack_base 0 asks the system. The thread
 * lets the signals through that stop it (ter_os_accept_stops).
 */
ter_status ter_mutator_new(struct ter_allocator *allocator, uintptr_t stack_base,
                           struct ter_mutator **mutator);
void ter_mutator_free(struct ter_mutator *mutator);

/* No thread has the mutator any more, see ter_mutator_part; or the calling one has it, whose frames
   lie from `end` up. TER_ERROR_INVALID: some thread has it, or the caller has another of the heap.
 */
void ter_mutator_detach_here(struct ter_mutator *mutator, uintptr_t stack_pointer, uintptr_t end);
ter_status ter_mutator_attach_here(struct ter_mutator *mutator, uintptr_t end);

/* Whoever calls is its thread from now on. TER_ERROR_INVALID: others are bound, or may be
 * stopped. */
ter_status ter_mutator_let_roam(struct ter_mutator *mutator);
