/* SPDX-License-Identifier: MIT */
/*
 * Ranked locks.
 *
 * Invariant: a thread takes locks only in rising rank; checked builds assert it on every acquire.
 * The ranks, lowest first, are the order of nesting.
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
};

void ter_lock_init(struct ter_lock *lock, enum ter_lock_rank rank);
void ter_lock_fini(struct ter_lock *lock);
void ter_lock_acquire(struct ter_lock *lock);
void ter_lock_release(struct ter_lock *lock);
/* Past the check, for a fork, which takes several of one rank; released by pthread_mutex_unlock. */
void ter_lock_acquire_unranked(struct ter_lock *lock);

/* For checks: this thread holds a lock of that rank. True in builds that do not keep track. */
bool ter_lock_is_held(enum ter_lock_rank rank);
