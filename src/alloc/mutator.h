/* SPDX-License-Identifier: MIT */
/*
 * A mutator: a thread that allocates.
 *
 * Invariant: a run, the block it came from and the list of freed cells are touched by the mutator's
 * own thread only, or by the collector while that thread is stopped. A cell is handed out by moving
 * the cursor; nothing else is written, and no lock is taken. For freed cells see freeing.h.
 *
 * A thread that ends while it is bound is unbound by its end (ter_os_set_thread_end), whichever way
 * it ends; one whose end nobody noticed, by the next stop of the world.
 *
 * A guest is a thread that nobody promised could be stopped. It is outside the heap but for short
 * calls in which it lets signals through. A collector asks it to stand all the same, to see its
 * registers and how far its stack goes; if it refuses, it goes on, and its stack is scanned from
 * where it left.
 */
#pragma once

#include "alloc/allocator.h"

enum ter_service { TER_SERVICE_SMALL, TER_SERVICE_LARGE, TER_SERVICES };

struct ter_mutator_slow {
    uintptr_t block; /* where the run came from; 0 for none */
    uintptr_t freed; /* cells below their blocks' resume points, linked through their first word */
};

struct ter_mutator {
    struct ter_run runs[TER_MAX_KINDS][TER_SIZE_CLASSES];
    ter_size_class_table class_of;
    struct ter_allocator *allocator;
    struct ter_os_thread *thread;
    uintptr_t stack_base;
    struct ter_os_stack own_stack; /* as the system gave it to the thread */
    size_t stack_bytes;            /* that were visited last */
    uintptr_t blocked_at; /* where the stack ended when the thread left the heap; 0: it did not */
    struct ter_root_range thread_data; /* for a C library of which os/ knows no more */
    /* What the thread said of a stack for its signal handlers; 0 when it said nothing. */
    struct ter_root_range usual_stack;
    struct ter_root_range signal_stack;
    size_t
        reserved_bytes; /* admitted for an object that malloc is asked for; under the heap lock */
    size_t uncounted;   /* bytes of runs that the allocator's counts do not have yet; see refill */
    size_t freed_uncounted; /* bytes that it freed, likewise */
    uint8_t barrier;        /* that the plan needs: see barrier/barrier.h */
    bool alone;             /* nobody else changes valid bits: see freeing.h */
    unsigned kind_limit;    /* kinds of objects that it may allocate now: see misuse.h */
    /* Under the heap lock: */
    bool is_guest;
    bool refuses;                  /* a guest that did not come to stand since it was last inside */
    bool is_asked;                 /* to stand, in this stop; it does */
    bool is_gone;                  /* its thread has ended */
    unsigned waited_ms, halted_ms; /* for it to stand, in this stop */
    struct ter_mutator *next;
    struct ter_mutator *next_own; /* of the same thread, which alone may look */
    struct ter_mutator_slow slow[TER_MAX_KINDS][TER_SIZE_CLASSES];
    /* Of policies that place objects themselves, one for each that serves: see space/policy.h. */
    uintptr_t windows[TER_SERVICES][TER_MAX_KINDS];
};

/*
 * A mutator for the calling thread, in memory of its own; stack_base 0 asks the system. The thread
 * lets the signals through that stop it (ter_os_accept_stops).
 */
ter_status ter_mutator_new(struct ter_allocator *allocator, uintptr_t stack_base,
                           struct ter_mutator **mutator);
void ter_mutator_free(struct ter_mutator *mutator);
/* The same under the heap lock, for a thread that has ended and left it behind. */
void ter_mutator_end_locked(struct ter_mutator *mutator);
/* What mutators that ended lie in stays readable until the end of the heap, which is here. */
void ter_mutators_release_retired(struct ter_allocator *allocator);

/*
 * Makes every run and freed cell free for all again. Its thread is the caller, or blocked: not one
 * that a signal stopped, which may be about to move a cursor.
 */
void ter_mutator_flush(struct ter_mutator *mutator);
/* Under the heap lock: bytes of runs that no count has yet, of all mutators. */
size_t ter_mutators_uncounted(const struct ter_allocator *allocator);
/* Likewise: bytes of runs taken and of large objects since the last collection. */
size_t ter_mutators_allocated(const struct ter_allocator *allocator);
/* Likewise: bytes of runs that are still to be handed out; about, while other threads allocate. */
size_t ter_mutators_held(const struct ter_allocator *allocator);
/*
 * Likewise: bytes of objects since the last collection, which tell whether another is worth it.
 * What mutators hold ready does not count: with many threads, kinds and sizes that alone is more
 * than a small heap allocates between two collections.
 */
size_t ter_mutators_handed_out(const struct ter_allocator *allocator);
/* What was admitted for malloc is free for all again. */
void ter_mutator_give_up_reserve(struct ter_mutator *mutator);
/* Sets the mark of every cell that the mutator's runs still hold: they stay its own. */
void ter_mutator_mark_runs(const struct ter_mutator *mutator, const struct ter_side_table *marks);

/*
 * The calling thread leaves the heap: it allocates and changes nothing until it returns, and its
 * stack is scanned from `stack_pointer` up. Returning waits for a collection to end, and while the
 * thread is suspended.
 */
void ter_mutator_leave(struct ter_mutator *mutator, uintptr_t stack_pointer);
void ter_mutator_return(struct ter_mutator *mutator);

/* A cell when the run is used up; NULL when memory is out. `bytes` fit the class. */
TER_NOINLINE void *ter_mutator_allocate_slow(struct ter_mutator *mutator, unsigned kind,
                                             unsigned size_class);
/* An object of more than TER_SMALL_MAX_BYTES. */
TER_NOINLINE void *ter_mutator_allocate_large(struct ter_mutator *mutator, unsigned kind,
                                              size_t bytes);

/* An object of at least `bytes` bytes, aligned to a granule; NULL when memory is out. */
TER_INLINE void *ter_mutator_allocate(struct ter_mutator *mutator, unsigned kind, size_t bytes)
{
    unsigned size_class;
    struct ter_run *run;
    uintptr_t cell;

    if (TER_UNLIKELY(bytes > TER_SMALL_MAX_BYTES))
        return ter_mutator_allocate_large(mutator, kind, bytes);
    size_class = mutator->class_of[(bytes + TER_BYTES_IN_GRANULE - 1) >> TER_LOG_BYTES_IN_GRANULE];
    run = &mutator->runs[kind][size_class];
    cell = run->cursor;
    if (TER_UNLIKELY(cell == run->limit))
        return ter_mutator_allocate_slow(mutator, kind, size_class);
    __atomic_store_n(&run->cursor, cell + ter_size_class_bytes[size_class], __ATOMIC_RELEASE);
    return (void *)cell;
}

/*
 * Objects as from ter_mutator_allocate, linked through their first words, the last with NULL; up to
 * `most` of them, as many as are at hand, at least one. *list is written before the run gives up
 * the cells, so that a collection in between keeps them. False, and *list NULL: memory is out.
 */
bool ter_mutator_allocate_list(struct ter_mutator *mutator, unsigned kind, size_t bytes,
                               size_t most, void **list);
