/* SPDX-License-Identifier: MIT */
/*
 * A mutator: a thread that allocates.
 *
 * Invariant: a cell run, the block it came from and the list of freed cells are touched by the
 * mutator's own thread only, or by the collector while that thread is stopped. A cell is handed out
 * by moving the cursor; nothing else is written, and no lock is taken. For freed cells see
 * freeing.h.
 *
 * A run, and what stands beside it in `slow`, is all zero until its bit in `used` is set, which is
 * before anything is taken for the kind and class. So who goes through all of a mutator's reads the
 * few pages that it ever wrote to.
 *
 * A guest is a thread that nobody promised could be stopped. It is outside the heap but for short
 * calls in which it lets signals through. A collector asks it to stand all the same, to see its
 * registers and how far its stack goes; if it refuses, it goes on, and its stack is scanned from
 * where it left.
 */
#pragma once

#include <terrier/mutator.h>

#include "alloc/allocator.h"

enum ter_service { TER_SERVICE_SMALL, TER_SERVICE_LARGE, TER_SERVICES };

struct ter_sampler;

struct ter_mutator_slow {
    uintptr_t block; /* where the cell run came from; 0 for none */
    uintptr_t freed; /* cells below their blocks' resume points, linked through their first word */
    size_t common;   /* bytes of cells of the common runs, before a block of its own: allocate.c */
};

struct ter_mutator {
    struct ter_mutator_head head; /* first: inline code of the program reads it */
    struct ter_cell_run cell_runs[TER_MAX_KINDS][TER_SIZE_CLASSES];
    ter_size_class_table class_of;
    struct ter_allocator *allocator;
    struct ter_os_thread *thread; /* NULL: detached; changes under the heap lock */
    uintptr_t stack_base;
    struct ter_os_stack own_stack; /* as the system gave it to the thread */
    size_t stack_bytes;            /* that were visited last */
    uintptr_t blocked_at; /* where the stack ended when the thread left the heap; 0: it did not */
    struct ter_root_range thread_data; /* for a C library of which os/ knows no more */
    struct ter_store_chunk *stores;    /* what its barriers logged last; NULL: nothing */
    struct ter_stack *stack;           /* that it is on */
    struct ter_stack home;             /* its own */
    struct ter_roots_visitor visitor;  /* of what its thread keeps */
    /* What the thread said of a stack for its signal handlers; 0 when it said nothing. */
    struct ter_root_range usual_stack;
    struct ter_root_range signal_stack;
    size_t
        reserved_bytes; /* admitted for an object that malloc is asked for; under the heap lock */
    size_t uncounted;   /* bytes of runs that the allocator's counts do not have yet; see refill */
    size_t freed_uncounted; /* bytes that it freed, likewise */
    bool no_collect;        /* what it allocates now is refused rather than collecting */
    bool alone;             /* nobody else changes valid bits: see freeing.h */
    bool roams;             /* whoever calls is its thread; then `thread` is the record below */
    struct ter_os_thread nobody;
    struct ter_sampler *sampler; /* NULL: nobody samples what it allocates */
    /* For checks and samples: the program's stack pointer in its last call; 0: unknown. */
    uintptr_t called_at;
    unsigned kind_limit;          /* kinds of objects that it may allocate now: see misuse.h */
    uint64_t used[TER_MAX_KINDS]; /* a bit for each size class that was ever asked for */
    /* Under the heap lock: */
    bool is_guest;
    bool refuses;                  /* a guest that did not come to stand since it was last inside */
    bool is_asked;                 /* to stand, in this stop; it does */
    bool is_gone;                  /* its thread has ended */
    unsigned waited_ms, halted_ms; /* for it to stand, in this stop */
    struct ter_mutator *next;
    struct ter_mutator *next_own; /* of the same thread, which alone may look */
    struct ter_mutator_slow slow[TER_MAX_KINDS][TER_SIZE_CLASSES];
    /* Of policies that have no cells, one for each that serves: see space/policy.h. */
    uintptr_t windows[TER_SERVICES][TER_MAX_KINDS];
};

_Static_assert(TER_SIZE_CLASSES <= 64, "a bit each, in one word");

/* By its own thread, or for the common ones under the heap lock. */
TER_INLINE void ter_mutator_use(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    uint64_t used = mutator->used[kind] | UINT64_C(1) << size_class;

    __atomic_store_n(&mutator->used[kind], used, __ATOMIC_RELAXED);
}

/* The classes of a kind that are in use, a bit each. Under the heap lock. */
TER_INLINE uint64_t ter_mutator_used(const struct ter_mutator *mutator, unsigned kind)
{
    return __atomic_load_n(&mutator->used[kind], __ATOMIC_RELAXED);
}

/* The number of the lowest class of some that are not none, and takes it out of them. */
TER_INLINE unsigned ter_size_class_take(uint64_t *classes)
{
    unsigned size_class = ter_count_trailing_zeros(*classes);

    *classes &= *classes - 1;
    return size_class;
}

/* Is it the calling thread's? */
TER_INLINE bool ter_mutator_is_own(const struct ter_mutator *mutator)
{
    return mutator->roams || (mutator->thread != NULL && mutator->thread == ter_os_thread_self());
}
