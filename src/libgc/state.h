/* SPDX-License-Identifier: MIT */
/* What this floor knows besides what programs see: the one heap and what programs said of it. */
#pragma once

#include "heap/client.h"
#include "libgc/abi.h"

struct ter_libgc {
    struct ter_heap *heap;            /* NULL until the first call */
    struct ter_mutator *main_mutator; /* whose stack GC_stackbottom is about */
    bool threads_allowed;             /* the program said that it may have more than one */
    size_t extra_bytes; /* 1 when a pointer one past the end keeps an object: all interior */
    GC_warn_proc warn;
    GC_start_callback_proc start_callback;
    GC_stop_func stop; /* asked before collections that nobody asked for by name; NULL: go on */
    GC_await_finalize_proc await_finalizer; /* told of each that enters the queue */
    unsigned markers;                       /* that the program asked for; 0: it did not */
    int force_unmap;                        /* GC_gcollect gives memory back */
    int automatic_off; /* no collections because the heap is full, unless there is no memory */
    GC_word bytes_per_finalizer; /* fewer allocated for each make a collection due */
    size_t least_allocated;      /* between two collections */
    _Atomic size_t reclaimed;    /* by the last collection, about; and by those before it */
    _Atomic size_t reclaimed_before;
    bool dump_regularly; /* after every collection */
    bool loop_on_abort;  /* a program that would stop waits for a debugger instead */
    bool measuring;
    uint64_t measured_ns;
};

extern struct ter_libgc ter_libgc;

TER_INLINE void ter_libgc_unlock(void)
{
    ter_heap_unlock(ter_libgc.heap);
}

/*
 * For functions that the stock library lets callbacks call: there is a heap. True: unlock it after.
 */
bool ter_libgc_lock_if_not_held(void);
void ter_libgc_unlock_if(bool locked);
