/* SPDX-License-Identifier: MIT */
/*
 * What all mutators of a heap share: the spaces that hand out memory, and the gate through which
 * the collector decides whether a space may take more.
 *
 * Invariant: everything here changes only under the heap lock. What is atomic is read by anyone.
 */
#pragma once

#include <terrier/mutator.h>

#include <terrier/heap.h>

#include "alloc/stacks.h"
#include "alloc/watch.h"
#include "roots/roots.h"
#include "space/space.h"

enum ter_admission {
    TER_ADMITTED, /* take the memory */
    TER_RETRY,    /* there was a collection: look again before taking more */
    TER_CROWDED,  /* no more memory, but look for larger cells before asking for a collection */
    TER_REFUSED   /* out of memory */
};

enum {
    TER_PRESSED_BY_MEMORY = 1, /* memory elsewhere, or many weak things: a collection */
    TER_PRESSED_BY_SIGNAL = 2, /* somebody asked from outside: see ter_gate.asked */
    TER_PRESSED_BY_CALL = 4    /* likewise: see ter_gate.called */
};

struct ter_mutator;
struct ter_sampling;
struct ter_barrier_check;
struct ter_store_chunk;

/* What barriers have logged: stores.h. */
struct ter_stores {
    struct ter_mutex mutex;
    struct ter_store_chunk *full;  /* that mutators handed over */
    struct ter_store_chunk *taken; /* by the collection that runs */
    struct ter_store_chunk *spare; /* empty ones */
    unsigned spare_count;
    _Atomic bool lost; /* there was no memory for some of it */
};
struct ter_checking;

/* Implemented by the floor that collects; called under the heap lock. */
struct ter_gate {
    enum ter_admission (*admit)(void *context, size_t bytes);
    /* The system refused what was admitted: make room or give up. */
    enum ter_admission (*refused)(void *context, size_t bytes);
    /* Stress mode: a collection now. */
    void (*stress)(void *context);
    /* Cells of blocks that are there are taken, where there are young objects: are there enough of
     * these for a collection of theirs? */
    void (*aged)(void *context);
    /* A collection for the sake of memory elsewhere. */
    void (*pressed)(void *context);
    /* What a signal asked for. A safepoint; it may let the lock go meanwhile. May be NULL. */
    void (*asked)(void *context);
    /* Likewise, what was asked for over a socket: heap/answerer.h. */
    void (*called)(void *context);
    /* A mutator goes since its thread has ended, or is about to; with the lock. May be NULL. */
    void (*ended)(void *context, const struct ter_mutator *mutator);
    /* After an allocation during which `notify` was set; without the lock. May be NULL. */
    void (*notified)(void *context);
    void *context;
};

/*
 * The heap lock is left out (`locking` false) only if the embedder wants that, and then only while
 * the process never had a second thread. Invariant: it is used from the first time on that it is
 * taken after that, and never switched on between a lock and its unlock. Who has it is not
 * cancelled but where it calls what waits, reads or writes; what does that forbids it.
 */
struct ter_allocator {
    struct ter_lock lock; /* the heap lock */
    _Atomic bool locking;
    _Atomic unsigned alone_depth; /* locks without an unlock while it is left out */
    uintptr_t alone_thread;       /* whose they are */
    int cancel_type;              /* of the thread that has the lock, before */
    bool safepoints;              /* no thread is stopped by a signal: see safepoints.h */
    bool exact_stacks;            /* no stack and no thread-local data are scanned */
    bool gathering;               /* a thread waits until all stand, or they do */
    _Atomic uint32_t arrivals;    /* at safepoints, while that is so */
    _Atomic uint32_t dispersals;  /* the ends of such times */
    bool is_stopping;             /* there are threads that stand, or are to */
    bool shared;                  /* there were two mutators at once: none is alone any more */
    bool standing;                /* all mutators stand still: see world.h */
    bool visiting;                /* the program is shown all objects: none of them may go */
    bool is_courteous;            /* a stop of the world fails rather than wait long: courtesy.h */
    const struct ter_mutator *silent; /* for whom it failed */
    /* Where objects come from, as the plan has it: */
    /* Up to TER_SMALL_MAX_BYTES; [1]: of uncollectable kinds; [2]: of others that never move. */
    struct ter_space *small[3];
    struct ter_space *large;
    struct ter_malloc_space *malloc_space; /* asked first; NULL: it is not */
    struct ter_mutator_head head;          /* what is said of barriers in those of new mutators */
    bool by_policy; /* small objects come from elsewhere than cells: see alloc/by_policy.h */
    bool logs;      /* there are old objects, and stores into them are logged */
    struct ter_stores stores;
    struct ter_barrier_check *barrier_check; /* NULL: stores are not checked */
    struct ter_checking *checking;  /* NULL: neither is anything else; of the floor above */
    bool is_checked;                /* one of the two */
    const struct ter_watch *watch;  /* NULL: nobody. Set before there are mutators */
    struct ter_sampling *sampling;  /* likewise: sampler.h */
    const struct ter_kind *visited; /* whose visitor a check calls now; NULL: no one's */
    struct ter_kind kinds[TER_MAX_KINDS];
    struct ter_kind_details details[TER_MAX_KINDS];
    unsigned kind_count;
    bool no_collect; /* whoever has the lock now wants no memory rather than a collection */
    /* Asked when memory is out; NULL: nobody. */
    ter_out_of_memory_function *out_of_memory;
    void *out_of_memory_context;
    struct ter_gate gate;
    struct ter_mutator *mutators;
    struct ter_mutator *retired; /* memory of some that ended */
    struct ter_stacks stacks;    /* that the program declares */
    /* Runs that all threads take cells of, under the lock, while they allocate little; no thread's.
       NULL as long as the heap had one mutator at a time. */
    struct ter_mutator *common;
    /* May change where the stack of a thread ends, before that is scanned; NULL: nobody. */
    void (*correct_stack)(void **stack_pointer, void *thread);
    _Atomic bool notify; /* something waits for a moment without the lock: finalizers */
    /* What wants the next slow allocation to come to where the lock is held; a sum of these. */
    _Atomic unsigned pressed;
    _Atomic size_t external_bytes; /* that hang on objects and lie elsewhere */
    _Atomic size_t external_limit; /* when it is reached, a collection is wanted */
    size_t cell_run_bytes;         /* most that a mutator takes of a block at once */
    size_t make_do_bytes;          /* what larger cells serve before the gate is asked again */
    size_t stress_interval;        /* a collection at every so many allocations; 0: never */
    size_t stress_count;
    size_t stress_polls; /* a collection at every so many polls; 0: never */
    size_t poll_count;
    /* Bytes of runs taken and large objects, but for what mutators have not counted yet; see there.
       Less than nothing, modulo the word, while they have runs from before the collection. */
    _Atomic size_t allocated_since_collection;
    size_t beside_since_collection; /* bytes that count as allocated beside those (own_pages) */
    size_t held_at_collection; /* bytes of runs that mutators kept through the last collection */
    _Atomic size_t freed_since_collection; /* bytes that the program freed itself; likewise */
    uint64_t allocated_total;
    _Atomic size_t
        allocated_before; /* in all, modulo the word, without those since the collection */
};

/* An allocation that took the lock is about to return, by whichever way; under the lock. */
TER_INLINE void ter_allocator_tell_slow(const struct ter_allocator *allocator, unsigned kind,
                                        size_t bytes, uint64_t start_ns)
{
    (void)kind;
    TER_PROBE3(allocate__slow, allocator, kind, bytes);
    ter_watch_allocated(allocator->watch, bytes, start_ns);
}

/* Objects of such a kind do not move, so that they are found again: cycle/young.c. */
TER_INLINE bool ter_allocator_fixes(const struct ter_allocator *allocator, bool remembered)
{
    return allocator->logs && remembered;
}

/* The lock is used from now on, unless this thread is in the middle of what it does without. */
void ter_allocator_share(struct ter_allocator *allocator);

/* False: the lock is left out. Waits for the end of what another thread does without it. */
TER_COLD bool ter_allocator_begin_locking(struct ter_allocator *allocator);

/* Where small objects of `kind` lie. */
TER_INLINE struct ter_space *ter_allocator_small_space(const struct ter_allocator *allocator,
                                                       unsigned kind)
{
    const struct ter_kind *how = &allocator->kinds[kind];

    return allocator->small[how->uncollectable ? 1 : how->never_moves ? 2 : 0];
}

TER_INLINE bool ter_allocator_is_locking(const struct ter_allocator *allocator)
{
    return TER_LIKELY(atomic_load_explicit(&allocator->locking, memory_order_acquire));
}

/* Is the calling thread between a lock and its unlock? */
TER_INLINE bool ter_allocator_is_locked_by_me(const struct ter_allocator *allocator)
{
    if (ter_allocator_is_locking(allocator))
        return ter_lock_is_own(&allocator->lock);
    return atomic_load_explicit(&allocator->alone_depth, memory_order_relaxed) != 0;
}

/* `call` is named to a program that must not have called it where it did. */
TER_INLINE void ter_allocator_lock_for(struct ter_allocator *allocator, const char *call)
{
    if (ter_allocator_is_locking(allocator) || ter_allocator_begin_locking(allocator)) {
        int before = ter_os_cancel_defer();

        ter_lock_acquire_for(&allocator->lock, call);
        allocator->cancel_type = before;
    } else {
        unsigned depth = atomic_load_explicit(&allocator->alone_depth, memory_order_relaxed);

        TER_REQUIRE(!allocator->standing,
                    "%s: not to be called from a callback while a collection marks or sweeps",
                    call);
        atomic_store_explicit(&allocator->alone_depth, depth + 1, memory_order_relaxed);
    }
}

#define ter_allocator_lock(allocator) ter_allocator_lock_for(allocator, __func__)

/*
 * Takes the lock if it is free, for a thread that holds none and is not the only one of the
 * process. Never waits.
 */
bool ter_allocator_try_lock(struct ter_allocator *allocator);

TER_INLINE void ter_allocator_unlock(struct ter_allocator *allocator)
{
    if (ter_allocator_is_locking(allocator)) {
        int before = allocator->cancel_type;

        ter_lock_release(&allocator->lock);
        ter_os_cancel_as_before(before);
    } else {
        unsigned depth = atomic_load_explicit(&allocator->alone_depth, memory_order_relaxed);

        atomic_store_explicit(&allocator->alone_depth, depth - 1, memory_order_release);
    }
}

/* Something waits for a moment without the lock, in whichever thread has one first. */
TER_INLINE void ter_allocator_notify(struct ter_allocator *allocator)
{
    atomic_store_explicit(&allocator->notify, true, memory_order_relaxed);
}

/* Releases the lock and lets what waited for that happen. */
TER_INLINE void ter_allocator_unlock_and_notify(struct ter_allocator *allocator)
{
    bool notify = atomic_load_explicit(&allocator->notify, memory_order_relaxed);

    if (TER_UNLIKELY(notify))
        atomic_store_explicit(&allocator->notify, false, memory_order_relaxed);
    ter_allocator_unlock(allocator);
    if (TER_UNLIKELY(notify) && allocator->gate.notified != NULL)
        allocator->gate.notified(allocator->gate.context);
}

/* Does every allocation have to come to where the lock is held? Stress mode, or see `pressed`. */
TER_INLINE bool ter_allocator_is_hurried(const struct ter_allocator *allocator)
{
    return allocator->stress_interval != 0 ||
           atomic_load_explicit(&allocator->pressed, memory_order_relaxed) != 0;
}

/* What the word `poll` of a mutator is while nobody waits for it. */
TER_INLINE uintptr_t ter_allocator_idle_poll(const struct ter_allocator *allocator)
{
    return allocator->stress_polls != 0;
}

/* Collections that do not wait until the heap is full. */
TER_COLD void ter_allocator_hurry(struct ter_allocator *allocator);

/* Once for every allocation that came to where the lock is held. */
TER_INLINE void ter_allocator_poll_stress(struct ter_allocator *allocator)
{
    if (TER_UNLIKELY(ter_allocator_is_hurried(allocator)))
        ter_allocator_hurry(allocator);
}

TER_INLINE void ter_allocator_count(struct ter_allocator *allocator, size_t bytes)
{
    size_t since =
        atomic_load_explicit(&allocator->allocated_since_collection, memory_order_relaxed);

    atomic_store_explicit(&allocator->allocated_since_collection, since + bytes,
                          memory_order_relaxed);
    allocator->allocated_total += bytes;
}

/*
 * Could there be an object of so many bytes on this machine? Asks the system: not under the heap
 * lock.
 */
bool ter_allocator_can_hold(size_t bytes);

/* The same, of a plan with cells. */
TER_INLINE struct ter_block_space *ter_allocator_cells_of(const struct ter_allocator *allocator,
                                                          unsigned kind)
{
    return ter_block_space_of(ter_allocator_small_space(allocator, kind));
}
