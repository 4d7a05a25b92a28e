/* SPDX-License-Identifier: MIT */
/*
 * Invariant: held_ranks has bit r set while this thread holds a lock of rank r. `owner` is written
 * by whoever has the mutex, so a thread finds its own name there exactly when it has it.
 */
#include "base/base.h"

#include <unistd.h>

static _Thread_local unsigned held_ranks;

bool ter_lock_is_held(enum ter_lock_rank rank)
{
    return (held_ranks >> (unsigned)rank) & 1u;
}

void ter_lock_work_for_holder(void)
{
    held_ranks |= 1u << TER_RANK_HEAP;
}

static uintptr_t own_name(void)
{
    return (uintptr_t)pthread_self();
}

bool ter_lock_is_own(const struct ter_lock *lock)
{
    return atomic_load_explicit(&lock->owner, memory_order_relaxed) == own_name();
}

static TER_COLD TER_NORETURN void refuse_order(enum ter_lock_rank rank, const char *call)
{
    TER_REQUIRE(call == NULL,
                "%s: not to be called here: this thread, in a callback or a signal handler, holds "
                "the lock of a heap or a map",
                call);
    ter_fatal("lock order: rank %d taken while ranks %#x are held", (int)rank, held_ranks);
}

static void check_order(const struct ter_lock *lock, const char *call)
{
    unsigned above = held_ranks >> (unsigned)lock->rank;

    if (TER_LIKELY(above == 0))
        return;
    if (above != 1 || lock->rank != TER_RANK_SFT || ter_lock_is_own(lock))
        refuse_order(lock->rank, call);
}

void ter_lock_require_none(const char *call)
{
    if (TER_UNLIKELY(held_ranks != 0))
        refuse_order(TER_RANK_HEAP, call);
}

void ter_lock_init(struct ter_lock *lock, enum ter_lock_rank rank)
{
    TER_CHECK(pthread_mutex_init(&lock->mutex, NULL) == 0);
    atomic_init(&lock->owner, 0);
    lock->rank = rank;
    lock->is_further = false;
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

static void note_acquire(struct ter_lock *lock)
{
    unsigned bit = 1u << (unsigned)lock->rank;

    lock->is_further = (held_ranks & bit) != 0;
    held_ranks |= bit;
    atomic_store_explicit(&lock->owner, own_name(), memory_order_relaxed);
}

static void note_release(struct ter_lock *lock)
{
    atomic_store_explicit(&lock->owner, 0, memory_order_relaxed);
    if (!lock->is_further)
        held_ranks &= ~(1u << (unsigned)lock->rank);
}

void ter_lock_acquire_for(struct ter_lock *lock, const char *call)
{
    check_order(lock, call);
    TER_CHECK(wait_for_mutex(&lock->mutex) == 0);
    note_acquire(lock);
}

void ter_lock_acquire(struct ter_lock *lock)
{
    ter_lock_acquire_for(lock, NULL);
}

bool ter_lock_try(struct ter_lock *lock)
{
    if (held_ranks != 0 || pthread_mutex_trylock(&lock->mutex) != 0)
        return false;
    note_acquire(lock);
    return true;
}

void ter_lock_release(struct ter_lock *lock)
{
    note_release(lock);
    TER_CHECK(pthread_mutex_unlock(&lock->mutex) == 0);
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
    if (lock->held_at_fork)
        ter_lock_release(lock);
    pthread_mutex_init(&lock->mutex, NULL);
}

void ter_lock_restore_after_fork(struct ter_lock *lock)
{
    if (lock->held_at_fork)
        ter_lock_acquire_for(lock, "fork");
    lock->held_at_fork = false;
}
