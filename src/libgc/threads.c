/* SPDX-License-Identifier: MIT */
/*
 * Threads of the program: registered by hand or started through the wrappers; stopped by signals;
 * outside the heap while they block.
 *
 * Invariant: the heap lock is used (allocator.locking) from the moment when a second thread may be
 * registered. That moment is in a registered thread, so no allocation without the lock is under way.
 */
#include "libgc/libgc.h"

#include <errno.h>
#include <signal.h>

#define RESTART_SIGNAL SIGXCPU /* reported to programs that must not block it; not needed here */

static void share_heap(void)
{
    ter_libgc_self()->allocator->locking = true;
}

/* ---- Registration ---- */

void GC_allow_register_threads(void)
{
    share_heap();
}

static int bind_thread(uintptr_t stack_base)
{
    ter_status status;

    if (ter_libgc_mutator != NULL)
        return GC_DUPLICATE;
    status = ter_mutator_new(&ter_libgc.plan->allocator, stack_base, &ter_libgc_mutator);
    if (status != TER_OK)
        ter_fatal("a thread cannot be registered: %s", ter_status_message(status));
    return GC_SUCCESS;
}

int GC_register_my_thread(const struct GC_stack_base *base)
{
    TER_REQUIRE(ter_libgc.heap != NULL && ter_libgc.plan->allocator.locking,
                "GC_register_my_thread before GC_allow_register_threads");
    return bind_thread((uintptr_t)base->mem_base);
}

int GC_unregister_my_thread(void)
{
    struct ter_mutator *mutator = ter_libgc_mutator;

    TER_REQUIRE(mutator != NULL, "GC_unregister_my_thread in a thread that is not registered");
    ter_libgc_mutator = NULL;
    if (ter_libgc.main_mutator == mutator)
        ter_libgc.main_mutator = NULL;
    ter_mutator_unbind(mutator);
    return GC_SUCCESS;
}

int GC_thread_is_registered(void)
{
    return ter_libgc_mutator != NULL;
}

/* ---- Stacks ---- */

int GC_get_stack_base(struct GC_stack_base *base)
{
    base->mem_base = (void *)ter_os_stack_base();
    return base->mem_base == NULL ? GC_UNIMPLEMENTED : GC_SUCCESS;
}

void *GC_call_with_stack_base(GC_stack_base_func function, void *argument)
{
    struct GC_stack_base base = {.mem_base = (void *)TER_FRAME_ADDRESS()};
    void *result = function(&base, argument);

    /* The frame stays until the function is done. */
    __asm__ volatile("" ::"r"(&base) : "memory");
    return result;
}

void *GC_do_blocking(GC_fn_type function, void *data)
{
    struct ter_mutator *mutator = ter_libgc_self();

    /* A region inside a region is part of the outer one. */
    if (mutator->blocked_at != 0)
        return function(data);
    return ter_mutator_outside(mutator, function, data);
}

/* Back in the heap for one call; the whole stack is scanned then, the outer part too. */
void *GC_call_with_gc_active(GC_fn_type function, void *data)
{
    struct ter_mutator *mutator = ter_libgc_self();
    uintptr_t blocked_at = mutator->blocked_at;
    void *result;

    if (blocked_at == 0)
        return function(data);
    ter_mutator_return(mutator);
    result = function(data);
    ter_mutator_leave(mutator, blocked_at);
    return result;
}

void *GC_call_with_alloc_lock(GC_fn_type function, void *data)
{
    struct ter_allocator *allocator = ter_libgc_self()->allocator;
    void *result;

    ter_allocator_lock(allocator);
    result = function(data);
    ter_allocator_unlock(allocator);
    return result;
}

/* ---- Signals ---- */

int GC_get_suspend_signal(void)
{
    return ter_os_stop_signal();
}

int GC_get_thr_restart_signal(void)
{
    return RESTART_SIGNAL;
}

/* A thread that blocks the signal that stops it would stop the program. */
int GC_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t allowed;

    if (set != NULL && (how == SIG_BLOCK || how == SIG_SETMASK)) {
        allowed = *set;
        sigdelset(&allowed, ter_os_stop_signal());
        set = &allowed;
    }
    return pthread_sigmask(how, set, old);
}

/* ---- Wrappers ---- */

/* Uncollectable, so that the argument is kept until the thread is registered. */
struct start {
    void *(*function)(void *);
    void *argument;
};

static void end_thread(void *unused)
{
    (void)unused;
    if (ter_libgc_mutator != NULL)
        GC_unregister_my_thread();
}

static void *run_thread(void *argument)
{
    struct start *record = argument;
    struct start start;
    void *result;

    bind_thread(0);
    start = *record;
    GC_free(record);
    pthread_cleanup_push(end_thread, NULL);
    result = start.function(start.argument);
    pthread_cleanup_pop(1);
    return result;
}

int GC_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                      void *(*function)(void *), void *argument)
{
    struct start *start;
    int error;

    share_heap();
    start = GC_malloc_uncollectable(sizeof *start);
    if (start == NULL)
        return EAGAIN;
    *start = (struct start){function, argument};
    error = pthread_create(thread, attributes, run_thread, start);
    if (error != 0)
        GC_free(start);
    return error;
}

int GC_pthread_join(pthread_t thread, void **result)
{
    return pthread_join(thread, result);
}

int GC_pthread_detach(pthread_t thread)
{
    return pthread_detach(thread);
}

void GC_pthread_exit(void *result)
{
    pthread_exit(result);
}
