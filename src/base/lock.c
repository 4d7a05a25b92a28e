/* SPDX-License-Identifier: MIT */
/*
 * Invariant: held_ranks has bit r set while this thread holds a lock of rank r (checked builds).
 * held_heap is the heap's lock that this thread holds, NULL for none; a fork aside, it holds one at most.
 */
#include "base/base.h"

#include <errno.h>
#include <unistd.h>

#if TER_CHECKED_LOCKS

static _Thread_local unsigned held_ranks;

static void note_acquire(enum ter_lock_rank rank)
{
    unsigned above = held_ranks >> (unsigned)rank;

    if (above != 0)
        ter_fatal("lock order: rank %d taken while ranks %#x are held", (int)rank, held_ranks);
    held_ranks |= 1u << (unsigned)rank;
}

static void note_release(enum ter_lock_rank rank)
{
    held_ranks &= ~(1u << (unsigned)rank);
}

bool ter_lock_is_held(enum ter_lock_rank rank)
{
    return (held_ranks >> (unsigned)rank) & 1u;
}

#else

static void note_acquire(enum ter_lock_rank rank)
{
    (void)rank;
}

static void note_release(enum ter_lock_rank rank)
{
    (void)rank;
}

bool ter_lock_is_held(enum ter_lock_rank rank)
{
    (void)rank;
    return true;
}

#endif

static _Thread_local const struct ter_lock *held_heap;

void ter_lock_work_for_holder(void)
{
    static const struct ter_lock of_another_thread;

    held_heap = &of_another_thread;
}

void ter_lock_init(struct ter_lock *lock, enum ter_lock_rank rank)
{
    TER_CHECK(pthread_mutex_init(&lock->mutex, NULL) == 0);
    lock->rank = rank;
    lock->held_at_fork = false;
}

void ter_lock_fini(struct ter_lock *lock)
{
    TER_CHECK(pthread_mutex_destroy(&lock->mutex) == 0);
}

#if TER_HAS_TSAN

/*
 * ThreadSanitizer holds signals back until pthread_mutex_lock returns. One that is to stop this
 * thread while a collector has the lock would never come; to a sleeping thread it does.
 */
static int wait_for_mutex(pthread_mutex_t *mutex)
{
    TER_KEEP_ERRNO;
    int error, cancel_state;

    /* Sleeping is a place where threads are cancelled, taking a lock is not. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    while ((error = pthread_mutex_trylock(mutex)) == EBUSY)
        usleep(20);
    pthread_setcancelstate(cancel_state, NULL);
    return error;
}

#else

static int wait_for_mutex(pthread_mutex_t *mutex)
{
    return pthread_mutex_lock(mutex);
}

#endif

bool ter_lock_is_own(const struct ter_lock *lock)
{
    return held_heap == lock;
}

void ter_lock_acquire(struct ter_lock *lock)
{
    note_acquire(lock->rank);
    TER_CHECK(wait_for_mutex(&lock->mutex) == 0);
}

void ter_lock_acquire_for(struct ter_lock *lock, const char *call)
{
    if (TER_UNLIKELY(held_heap != NULL))
        ter_fatal("%s: not to be called here: this thread, in a callback or a signal handler, "
                  "holds the lock of a heap",
                  call);
    ter_lock_acquire(lock);
    held_heap = lock;
}

bool ter_lock_try(struct ter_lock *lock)
{
    if (held_heap != NULL || pthread_mutex_trylock(&lock->mutex) != 0)
        return false;
    note_acquire(lock->rank);
    held_heap = lock;
    return true;
}

void ter_lock_release(struct ter_lock *lock)
{
    if (held_heap == lock)
        held_heap = NULL;
    TER_CHECK(pthread_mutex_unlock(&lock->mutex) == 0);
    note_release(lock->rank);
}

/* ---- Around a fork ---- */

void ter_lock_hold_for_fork(struct ter_lock *lock)
{
    bool held = ter_lock_is_own(lock);

    if (!held)
        TER_CHECK(wait_for_mutex(&lock->mutex) == 0);
    lock->held_at_fork = held;
}

void ter_lock_let_go_after_fork(struct ter_lock *lock)
{
    if (!lock->held_at_fork)
        TER_CHECK(pthread_mutex_unlock(&lock->mutex) == 0);
}

void ter_lock_reset_after_fork(struct ter_lock *lock)
{
    pthread_mutex_init(&lock->mutex, NULL);
    if (!lock->held_at_fork)
        return;
    held_heap = NULL;
    note_release(lock->rank);
}

void ter_lock_restore_after_fork(struct ter_lock *lock)
{
    if (lock->held_at_fork)
        ter_lock_acquire_for(lock, "fork");
    lock->held_at_fork = false;
}
