/* SPDX-License-Identifier: MIT */
/*
 * Threads of the program: registered by hand or by the wrappers (pthreads.c); stopped by signals;
 * outside the heap while they block.
 *
 * Invariant: the heap lock is used from the moment when a second thread may be registered. That
 * moment is in a registered thread, so no allocation without the lock is under way.
 */
#pragma once

#include "libgc/current.h"

/* There may be more than one thread from now on. */
void ter_libgc_share_heap(void);

/* The calling thread is registered; `stack_base` 0: as the system says. GC_DUPLICATE: it was. */
int ter_libgc_bind_thread(uintptr_t stack_base);
