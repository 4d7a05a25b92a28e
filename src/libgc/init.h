/* SPDX-License-Identifier: MIT */
/*
 * There is a heap. Invariant: who calls anything of the heap has called one of these before, or is
 * called by what did: so what stands below this file in the order of reading makes no heap.
 */
#pragma once

#include "libgc/current.h"

/* For functions that threads may call which are not registered. */
TER_INLINE void ter_libgc_ready(void)
{
    if (TER_UNLIKELY(ter_libgc.heap == NULL))
        GC_init();
}

/* The same, and its lock is held; `call` is named where it must not be. */
TER_INLINE void ter_libgc_lock_for(const char *call)
{
    ter_libgc_ready();
    ter_heap_lock_for(ter_libgc.heap, call);
}

#define ter_libgc_lock() ter_libgc_lock_for(__func__)

/*
 * Calls the function with the thread inside: a thread that is not registered is a guest for the
 * time of the call.
 */
TER_COLD void *ter_libgc_inside(void *(*function)(void *data), void *data);

/* The mutator of the calling thread, inside or outside; that of a guest, if it is none else. */
struct ter_mutator *ter_libgc_own_mutator(void);
