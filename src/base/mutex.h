/* SPDX-License-Identifier: MIT */
/*
 * Plain mutual exclusion, and waiting under it, for what is held for a moment by code that takes
 * nothing else: such mutexes have no place in the order of lock.h, and nobody asks who has one.
 *
 * Conditions may wake without a reason: who waits looks again.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "base/compiler.h"

struct ter_mutex {
    pthread_mutex_t mutex;
};

struct ter_condition {
    pthread_cond_t condition;
};

struct ter_once {
    pthread_once_t once;
};

/* For those of static storage. */
#define TER_MUTEX_INIT                                                                             \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER                                                                  \
    }
#define TER_ONCE_INIT                                                                              \
    {                                                                                              \
        PTHREAD_ONCE_INIT                                                                          \
    }

/* Calls `function` unless that was done; who comes meanwhile waits. A fork meanwhile is no harm. */
TER_INLINE void ter_once_call(struct ter_once *once, void (*function)(void))
{
    (void)pthread_once(&once->once, function);
}

/* Also makes a mutex free again in the child of a fork, whoever had it. */
TER_INLINE void ter_mutex_init(struct ter_mutex *mutex)
{
    (void)pthread_mutex_init(&mutex->mutex, NULL);
}

TER_INLINE void ter_mutex_fini(struct ter_mutex *mutex)
{
    (void)pthread_mutex_destroy(&mutex->mutex);
}

TER_INLINE void ter_mutex_acquire(struct ter_mutex *mutex)
{
    (void)pthread_mutex_lock(&mutex->mutex);
}

/* Takes it if it is free. */
TER_INLINE bool ter_mutex_try(struct ter_mutex *mutex)
{
    return pthread_mutex_trylock(&mutex->mutex) == 0;
}

TER_INLINE void ter_mutex_release(struct ter_mutex *mutex)
{
    (void)pthread_mutex_unlock(&mutex->mutex);
}

TER_INLINE void ter_condition_init(struct ter_condition *condition)
{
    (void)pthread_cond_init(&condition->condition, NULL);
}

TER_INLINE void ter_condition_fini(struct ter_condition *condition)
{
    (void)pthread_cond_destroy(&condition->condition);
}

/* Gives up the mutex while it waits. */
TER_INLINE void ter_condition_wait(struct ter_condition *condition, struct ter_mutex *mutex)
{
    (void)pthread_cond_wait(&condition->condition, &mutex->mutex);
}

/* Wakes one that waits, or all of them. */
TER_INLINE void ter_condition_signal(struct ter_condition *condition)
{
    (void)pthread_cond_signal(&condition->condition);
}

TER_INLINE void ter_condition_broadcast(struct ter_condition *condition)
{
    (void)pthread_cond_broadcast(&condition->condition);
}
