/* SPDX-License-Identifier: MIT */
/*
 * Finds stores into objects that came without a barrier, on any plan.
 *
 * What each slot referred to is written down at the end of each collection, and changed by the
 * barrier of a store: to what it announces, or to "anything" where it does not say. A slot that
 * refers to something else, when the next barrier or the next collection looks at it, was stored to
 * without one; the process stops with a line that says where. An object that is younger than the
 * last collection needs no barrier, and is not looked at.
 *
 * Invariant: what is written down is of objects that are there: who frees one by hand says so.
 * Slots are compared by what they refer to, so that what is no reference may change at will. The
 * lock is taken by mutators; a collection, in which they all stand at safepoints, needs none. What
 * two mutators announce stores to is not looked at until the next collection. Where threads are
 * stopped anywhere, a stop may fall between a barrier and its store: then there is to be one
 * mutator only.
 */
#pragma once

#include "alloc/alloc.h"

struct ter_checked_slot {
    uintptr_t address;
    uintptr_t object;              /* that it refers to; 0: none */
    const struct ter_mutator *who; /* announced that; NULL: nobody yet */
    bool any;                      /* it may have been stored to since */
};

struct ter_checked_object {
    uintptr_t object;
    const struct ter_kind *kind;
    size_t first_slot; /* in the array of slots */
    size_t slots;
    bool in_order; /* the slots, by address: as layouts give them, and most visitors */
    bool any;      /* any store to it was announced */
};

/* An array that grows. */
struct ter_checked_array {
    void *items;
    size_t item_bytes, count, capacity;
};

struct ter_barrier_check {
    struct ter_allocator *allocator;
    struct ter_lock lock;
    struct ter_checked_array objects; /* in no order */
    struct ter_checked_array slots;   /* those of one object side by side */
    size_t *buckets;                  /* 1 + index of an object, by its address; 0: none */
    size_t bucket_count;              /* a power of two, or 0 */
    bool incomplete; /* there was no memory: nothing is known until the next time */
};

void ter_barrier_check_init(struct ter_barrier_check *check, struct ter_allocator *allocator);
void ter_barrier_check_fini(struct ter_barrier_check *check);

/* ---- By mutators ---- */

void ter_barrier_check_write(struct ter_barrier_check *check, const struct ter_mutator *who,
                             uintptr_t object, uintptr_t slot, uintptr_t word);
void ter_barrier_check_range(struct ter_barrier_check *check, const struct ter_mutator *who,
                             uintptr_t object, uintptr_t first, size_t bytes);
void ter_barrier_check_object(struct ter_barrier_check *check, uintptr_t object);
/* The object goes, by hand. `check` may be NULL. */
void ter_barrier_check_forget(struct ter_barrier_check *check, uintptr_t object);

/* ---- With the world stopped ---- */

/* Before anything of the collection: stops at a slot that was stored to without a barrier. */
void ter_barrier_check_compare(const struct ter_barrier_check *check);
/* Afterwards: begins to write down anew. */
void ter_barrier_check_begin(struct ter_barrier_check *check);
/* One object that is there now; stops if its kind says that it is larger than `bytes`. */
void ter_barrier_check_note(struct ter_barrier_check *check, uintptr_t object, size_t bytes,
                            const struct ter_kind *kind);
/* All were noted. */
void ter_barrier_check_end(struct ter_barrier_check *check);
