/* SPDX-License-Identifier: MIT */
/*
 * Guests: threads that nobody registered and that call all the same.
 *
 * Invariant: a guest is outside the heap but for the time of a call, and lets the signals through
 * that stop it during that time. So a collection never waits for one that blocks signals or takes
 * them by sigwait; it asks guests to stand, and scans their stacks as well as it can. A guest ends
 * with its thread.
 *
 * A function of the program's that is called without the lock may never come back: it jumps away,
 * throws or ends the thread. So a guest is outside while it runs.
 */
#pragma once

#include "libgc/current.h"

/* Calls the function with the thread inside, as a guest: it is not registered, and outside. */
void *ter_libgc_as_guest(void *(*function)(void *data), void *data);

/* Calls what the program gave, without the lock; a guest is outside meanwhile, as it may not come
 * back. */
void *ter_libgc_call_program(void *(*function)(void *data), void *data);

/* The guest becomes the mutator of a registered thread, which is inside; NULL if there is none. */
struct ter_mutator *ter_libgc_take_guest(void);
