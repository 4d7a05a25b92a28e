/* SPDX-License-Identifier: MIT */
/*
 * Finalizers: a function called once after an object was found unreachable.
 *
 * Invariant: an object has at most one; it is in the table (waiting) or in the queue (ready), from
 * which it is taken in the order in which it was found. The data of every finalizer, and every
 * object in the queue, are reached. Under the heap lock.
 *
 * The orders are those of Boehm's collector: an object whose order is NORMAL is finalized before
 * what it refers to; objects on a cycle of them never.
 */
#pragma once

#include <terrier/finalizers.h>

#include "trace/trace.h"
#include "weak/bound.h"
#include "weak/passes.h"
#include "weak/reach.h"

typedef void ter_finalizer_function(void *object, void *data);

struct ter_finalizer {
    uintptr_t object; /* the key */
    ter_finalizer_function *function;
    void *data;
    enum ter_finalizer_order order;
};

struct ter_finalizers {
    struct ter_weak_table waiting;
    struct ter_weak_bound bound; /* of those */
    size_t waiting_with_data;    /* without any, nobody walks the table to reach it */
    struct ter_finalizer *ready;
    _Atomic size_t ready_first; /* both are read by anyone */
    _Atomic size_t ready_end;
    size_t ready_capacity;
    size_t ready_old; /* of the queue: below it, nothing came since the last collection */
    uint64_t found;   /* ever moved to the queue */
};

void ter_finalizers_init(struct ter_finalizers *finalizers);
void ter_finalizers_fini(struct ter_finalizers *finalizers);

/*
 * Registers `wanted`, or takes the object's finalizer away when its function is NULL. *old is what
 * was registered before (function NULL for nothing).
 */
ter_status ter_finalizers_register(struct ter_finalizers *finalizers,
                                   const struct ter_finalizer *wanted, struct ter_finalizer *old);

/* During a collection, before the process below: reaches data and queued objects. */
void ter_finalizers_reach(struct ter_finalizers *finalizers, const struct ter_reach *reach);
/*
 * Moves what is to be finalized to the queue and keeps it. No memory: it waits for the next time.
 * Knows all others by where they are now.
 */
void ter_finalizers_process(struct ter_finalizers *finalizers, const struct ter_reach *reach);

/* After a collection: nothing that they name is young. */
void ter_finalizers_settle(struct ter_finalizers *finalizers);

/* Where objects move later: all objects and data are where they are now. */
void ter_finalizers_follow(struct ter_finalizers *finalizers, const struct ter_reach *reach);

/* Moves all that wait to the queue, reached or not. Outside collections. */
ter_status ter_finalizers_queue_all(struct ter_finalizers *finalizers);

/* Takes the next one off the queue; false when it is empty. */
bool ter_finalizers_take(struct ter_finalizers *finalizers, struct ter_finalizer *finalizer);

/* Traces data and queued objects as words, for who only looks. */
void ter_finalizers_visit(const struct ter_finalizers *finalizers, struct ter_tracer *tracer);

TER_INLINE size_t ter_finalizers_ready(const struct ter_finalizers *finalizers)
{
    size_t first = atomic_load_explicit(&finalizers->ready_first, memory_order_relaxed);
    size_t end = atomic_load_explicit(&finalizers->ready_end, memory_order_relaxed);

    /* Without the lock the two may be of different moments. */
    return end > first ? end - first : 0;
}
