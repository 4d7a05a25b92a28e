/* SPDX-License-Identifier: MIT */
/*
 * Threads that the program suspends by name, the world that it stops itself, and the signals.
 *
 * Invariant: who suspends or resumes holds the heap lock, so no suspended thread does.
 */
#include "libgc/libgc.h"

static struct ter_mutator *find_mutator(pthread_t id)
{
    struct ter_mutator *mutator = ter_libgc.collector->allocator.mutators;

    while (mutator != NULL && mutator->thread->identity != (uintptr_t)id)
        mutator = mutator->next;
    return mutator;
}

static void *suspend_self(void *data)
{
    (void)data;
    ter_os_suspend_self();
    return NULL;
}

void GC_suspend_thread(pthread_t id)
{
    struct ter_allocator *allocator = ter_libgc_lock();
    struct ter_mutator *mutator = find_mutator(id);
    bool is_self;

    /* Guests are outside the heap and as good as not known. */
    if (mutator != NULL && mutator->is_guest)
        mutator = NULL;
    is_self = mutator != NULL && mutator == ter_libgc_mutator;
    /* One outside the heap may take its signals or block them: it stands when it comes back. */
    if (mutator != NULL && (is_self || mutator->blocked_at != 0))
        ter_os_suspend_begin(mutator->thread);
    else if (mutator != NULL && !ter_os_suspend(mutator->thread))
        ter_log(TER_LOG_WARNING, "GC_suspend_thread: the thread cannot be suspended");
    ter_allocator_unlock(allocator);
    if (is_self)
        GC_do_blocking(suspend_self, NULL);
}

void GC_resume_thread(pthread_t id)
{
    struct ter_allocator *allocator = ter_libgc_lock();
    struct ter_mutator *mutator = find_mutator(id);

    if (mutator != NULL)
        ter_os_resume(mutator->thread);
    ter_allocator_unlock(allocator);
}

int GC_is_thread_suspended(pthread_t id)
{
    struct ter_allocator *allocator = ter_libgc_lock();
    const struct ter_mutator *mutator = find_mutator(id);
    bool suspended = mutator != NULL && ter_os_is_suspended(mutator->thread);

    ter_allocator_unlock(allocator);
    return suspended;
}

/* ---- The whole world ---- */

/* The lock is held until the world goes on, so nothing is collected or allocated meanwhile. */
void GC_stop_world_external(void)
{
    struct ter_allocator *allocator = ter_libgc_lock();

    if (ter_world_stop(allocator) != TER_OK)
        ter_fatal("GC_stop_world_external: the other threads cannot be stopped");
}

void GC_start_world_external(void)
{
    struct ter_allocator *allocator = ter_libgc_ready();

    ter_world_resume(allocator);
    ter_allocator_unlock(allocator);
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
