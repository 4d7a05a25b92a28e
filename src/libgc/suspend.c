/* SPDX-License-Identifier: MIT */
/*
 * Threads that the program suspends by name, the world that it stops itself, and the signals.
 *
 * Invariant: who suspends or resumes holds the heap lock, so no suspended thread does.
 */
#include "libgc/init.h"

static struct ter_mutator *find_mutator(pthread_t id)
{
    return ter_heap_mutator_of(ter_libgc.heap, (uintptr_t)id);
}

static void *suspend_self(void *data)
{
    (void)data;
    ter_os_suspend_self();
    return NULL;
}

void GC_suspend_thread(pthread_t id)
{
    struct ter_mutator *mutator;
    bool is_self;

    ter_libgc_lock();
    mutator = find_mutator(id);
    /* Guests are outside the heap and as good as not known. */
    if (mutator != NULL && ter_mutator_is_guest(mutator))
        mutator = NULL;
    is_self = mutator != NULL && mutator == ter_libgc_mutator;
    if (mutator != NULL && !ter_mutator_suspend(mutator))
        ter_log(TER_LOG_WARNING, "GC_suspend_thread: the thread cannot be suspended");
    ter_libgc_unlock();
    if (is_self)
        GC_do_blocking(suspend_self, NULL);
}

void GC_resume_thread(pthread_t id)
{
    struct ter_mutator *mutator;

    ter_libgc_lock();
    mutator = find_mutator(id);
    if (mutator != NULL)
        ter_mutator_resume(mutator);
    ter_libgc_unlock();
}

int GC_is_thread_suspended(pthread_t id)
{
    const struct ter_mutator *mutator;
    bool suspended;

    ter_libgc_lock();
    mutator = find_mutator(id);
    suspended = mutator != NULL && ter_mutator_is_suspended(mutator);
    ter_libgc_unlock();
    return suspended;
}

/* ---- The whole world ---- */

/* The lock is held until the world goes on, so nothing is collected or allocated meanwhile. */
void GC_stop_world_external(void)
{
    ter_libgc_lock();
    if (ter_heap_stop_threads(ter_libgc.heap) != TER_OK)
        ter_fatal("GC_stop_world_external: the other threads cannot be stopped");
}

void GC_start_world_external(void)
{
    ter_libgc_ready();
    ter_heap_resume_threads(ter_libgc.heap);
    ter_libgc_unlock();
}

/* ---- Signals ---- */

int GC_get_suspend_signal(void)
{
    return ter_os_stop_signal();
}

/* Stopped threads need no signal to go on; this one suspends single ones. */
int GC_get_thr_restart_signal(void)
{
    return ter_os_suspend_signal();
}

void GC_set_suspend_signal(int number)
{
    if (ter_libgc.heap == NULL)
        ter_os_set_stop_signal(number);
}

void GC_set_thr_restart_signal(int number)
{
    if (ter_libgc.heap == NULL)
        ter_os_set_suspend_signal(number);
}
