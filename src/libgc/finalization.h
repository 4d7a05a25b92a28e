/* SPDX-License-Identifier: MIT */
/*
 * The queue of objects that wait for their finalizers: telling the program, or running them.
 *
 * Invariant: a finalizer is taken from the queue under the lock and runs without it, in one thread.
 */
#pragma once

#include "libgc/state.h"

/* Calls the program's function for what entered the queue since it had `found` in all. Under the
 * lock. */
void ter_libgc_await_finalizers(uint64_t found);

/* Runs finalizers or tells the program that there are some. Without the lock. */
void ter_libgc_finalizers_ready(void);
