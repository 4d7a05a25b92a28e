/* SPDX-License-Identifier: MIT */
/*
 * Ranked locks.
 *
 * Invariant: a thread takes locks only in rising rank, which every build checks on every acquire.
 * The ranks, lowest first, are the order of nesting. A callback that asks for the lock under which
 * it was called, or for one below it, is told so and does not wait for itself. Maps have nothing to
 * do with each other: of theirs a thread may hold several, each once.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum ter_lock_rank {
    TER_RANK_HEAP,    /* allocation slow paths, collections, weak tables, mutators of one heap */
    TER_RANK_CHUNKS,  /* chunks of one heap: growth of its spaces */
    TER_RANK_MMAPPER, /* states of chunks of address space */
    TER_RANK_SFT,     /* changes of an SFT map */
    TER_RANK_COUNT
};

struct ter_lock {
    pthread_mutex_t mutex;
    _Atomic uintptr_t owner; /* the thread that has it; 0: none */
    enum ter_lock_rank rank;
    bool is_further;   /* its owner had one of that rank already */
    bool held_at_fork; /* by the thread that forks, before it did */
};

void ter_lock_init(struct ter_lock *lock, enum ter_lock_rank rank);
void ter_lock_fini(struct ter_lock *lock);
void ter_lock_acquire(struct ter_lock *lock);
/* The same for `call`, a function that a program may have called where it must not. */
void ter_lock_acquire_for(struct ter_lock *lock, const char *call);
/* Takes it if it is free and this thread holds none. Never waits. */
bool ter_lock_try(struct ter_lock *lock);
void ter_lock_release(struct ter_lock *lock);

/* Does the calling thread have it? */
bool ter_lock_is_own(const struct ter_lock *lock);
/* This thread holds a lock of that rank. */
bool ter_lock_is_held(enum ter_lock_rank rank);
/* For `call`, which takes a heap's lock sooner or later: it may be taken here. */
void ter_lock_require_none(const char *call);

/* The calling thread works for one that holds a heap's lock, and takes none itself. */
void ter_lock_work_for_holder(void);

/*
 * Around a fork, which takes several of one rank, and may happen in a callback under the lock. The
 * child resets the lock first, does what needs it free, and restores it.
 */
void ter_lock_hold_for_fork(struct ter_lock *lock);
void ter_lock_let_go_after_fork(struct ter_lock *lock);
void ter_lock_reset_after_fork(struct ter_lock *lock);
void ter_lock_restore_after_fork(struct ter_lock *lock);
