/* SPDX-License-Identifier: MIT */
/*
 * Ranked locks.
 *
 * Invariant: a thread takes locks only in rising rank; checked builds assert it on every acquire.
 * The ranks, lowest first, are the order of nesting. A thread knows in every build whether it holds a
 * heap's lock: in a callback under it, who asks for that or another heap's is told so, and does not wait
 * for itself or for a thread that it stopped.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

enum ter_lock_rank {
    TER_RANK_HEAP,    /* allocation slow paths, collections, weak tables, mutators of one heap */
    TER_RANK_CHUNKS,  /* chunks of one heap: growth of its spaces */
    TER_RANK_MMAPPER, /* states of chunks of address space */
    TER_RANK_SFT,     /* changes of an SFT map */
    TER_RANK_SHADOW,  /* content check of one table of side metadata */
    TER_RANK_COUNT
};

struct ter_lock {
    pthread_mutex_t mutex;
    enum ter_lock_rank rank;
    bool held_at_fork; /* by the thread that forks, before it did */
};

void ter_lock_init(struct ter_lock *lock, enum ter_lock_rank rank);
void ter_lock_fini(struct ter_lock *lock);
void ter_lock_acquire(struct ter_lock *lock);
/* A heap's, for `call`, the function that is named where it was not to be called. */
void ter_lock_acquire_for(struct ter_lock *lock, const char *call);
/* Takes it if it is free and this thread holds no other heap's. Never waits. */
bool ter_lock_try(struct ter_lock *lock);
void ter_lock_release(struct ter_lock *lock);
/* Does the calling thread have this one, a heap's? */
bool ter_lock_is_own(const struct ter_lock *lock);

/*
 * Around a fork, which takes several of one rank, and may happen in a callback under the lock. The child
 * resets the lock first, does what needs it free, and restores it.
 */
void ter_lock_hold_for_fork(struct ter_lock *lock);
void ter_lock_let_go_after_fork(struct ter_lock *lock);
void ter_lock_reset_after_fork(struct ter_lock *lock);
void ter_lock_restore_after_fork(struct ter_lock *lock);

/* The calling thread works for one that holds a heap's lock, and takes none itself. */
void ter_lock_work_for_holder(void);

/* For checks: this thread holds a lock of that rank. True in builds that do not keep track. */
bool ter_lock_is_held(enum ter_lock_rank rank);
