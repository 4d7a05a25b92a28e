/* SPDX-License-Identifier: MIT */
/*
 * Wrappers of the C library's functions for threads, under which threads are registered.
 *
 * Invariant: a thread's record is in the list until it can neither be joined nor go on. The list is
 * under the heap lock.
 */
#include <errno.h>
#include <semaphore.h>
#include <signal.h>

#include "libgc/init.h"
#include "libgc/threads.h"

/* ---- Signals ---- */

/* A thread that blocks the signals that stop it would stop the program. */
int GC_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    sigset_t allowed;

    if (set != NULL && (how == SIG_BLOCK || how == SIG_SETMASK)) {
        allowed = *set;
        sigdelset(&allowed, ter_os_stop_signal());
        sigdelset(&allowed, ter_os_suspend_signal());
        set = &allowed;
    }
    return pthread_sigmask(how, set, old);
}

/* ---- Wrappers ---- */

/*
 * A thread that GC_pthread_create started. Uncollectable: it keeps the argument until the thread is
 * registered, and the result from the end of the thread until another has joined it.
 */
struct thread {
    struct thread *next;
    void *(*function)(void *);
    void *argument;
    void *result;
    sem_t *registered; /* its creator's, which waits for it */
    pthread_t id;
    bool known;    /* to its creator: it is not freed before */
    bool detached; /* nobody joins it */
    bool finished;
};

/* All under the heap lock. */
static struct thread *threads; /* in memory that is no root; the records need none */
static _Thread_local struct thread *own_thread;

static void lock_threads(void)
{
    ter_heap_lock(ter_libgc.heap);
}

static void unlock_threads(void)
{
    ter_libgc_unlock();
}

static void unlink_thread(struct thread *thread)
{
    struct thread **link = &threads;

    while (*link != thread)
        link = &(*link)->next;
    *link = thread->next;
}

/* Takes the thread off the list when nothing can refer to it any more; the caller frees it. */
static bool is_thread_done(struct thread *thread)
{
    if (!thread->known || !thread->detached || !thread->finished)
        return false;
    unlink_thread(thread);
    return true;
}

/* One that can still be joined; NULL for a thread that was started in another way. */
static struct thread *find_thread(pthread_t id)
{
    struct thread *thread = threads;

    while (thread != NULL && (thread->detached || !pthread_equal(thread->id, id)))
        thread = thread->next;
    return thread;
}

static void end_thread(void *argument)
{
    struct thread *thread = argument;
    bool done;

    lock_threads();
    thread->finished = true;
    done = is_thread_done(thread);
    unlock_threads();
    own_thread = NULL;
    if (done)
        GC_free(thread);
    /* Else it stays registered while destructors run, which find their objects alive and may
     * allocate. */
    if (!ter_os_thread_end_is_noticed())
        GC_unregister_my_thread();
}

static void *run_thread(void *argument)
{
    struct thread *thread = argument;
    void *result;

    ter_libgc_bind_thread(0);
    own_thread = thread;
    lock_threads();
    thread->id = pthread_self();
    unlock_threads();
    sem_post(thread->registered);
    pthread_cleanup_push(end_thread, thread);
    result = thread->function(thread->argument);
    thread->result = result;
    pthread_cleanup_pop(1);
    return result;
}

static bool starts_detached(const pthread_attr_t *attributes)
{
    int state = PTHREAD_CREATE_JOINABLE;

    return attributes != NULL && pthread_attr_getdetachstate(attributes, &state) == 0 &&
           state == PTHREAD_CREATE_DETACHED;
}

/*
 * Until the new thread is registered: collections stop it and scan its stack as soon as its creator
 * goes on. It also lets threads begin in the order of their creation, nearly always, as with the
 * stock library; programs came to count on that.
 */
static void wait_until_registered(sem_t *registered)
{
    int cancelling;

    /* Starting a thread is no point where the creator may be cancelled. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelling);
    while (sem_wait(registered) != 0)
        ; /* a signal came, often the one that stops the creator */
    pthread_setcancelstate(cancelling, NULL);
}

int GC_pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*function)(void *),
                      void *argument)
{
    TER_KEEP_ERRNO;
    struct thread *thread;
    sem_t registered;
    bool done;
    int error;

    ter_libgc_share_heap();
    thread = GC_malloc_uncollectable(sizeof *thread);
    if (thread == NULL)
        return EAGAIN;
    sem_init(&registered, 0, 0);
    *thread = (struct thread){.function = function,
                              .argument = argument,
                              .registered = &registered,
                              .detached = starts_detached(attributes)};
    lock_threads();
    thread->next = threads;
    threads = thread;
    unlock_threads();
    error = pthread_create(id, attributes, run_thread, thread);
    if (error == 0)
        wait_until_registered(&registered);
    sem_destroy(&registered);
    lock_threads();
    thread->known = true;
    if (error != 0)
        thread->detached = thread->finished = true;
    else
        thread->id = *id;
    done = is_thread_done(thread);
    unlock_threads();
    if (done)
        GC_free(thread);
    return error;
}

/* Nobody will ask for the thread's result any more. */
static void detach_record(struct thread *thread)
{
    bool done;

    lock_threads();
    thread->detached = true;
    done = is_thread_done(thread);
    unlock_threads();
    if (done)
        GC_free(thread);
}

/* The record is looked up before: afterwards a new thread may have the same number. */
int GC_pthread_join(pthread_t id, void **result)
{
    struct thread *thread;
    int error;

    GC_init();
    lock_threads();
    thread = find_thread(id);
    unlock_threads();
    error = pthread_join(id, result);
    if (error == 0 && thread != NULL)
        detach_record(thread);
    return error;
}

int GC_pthread_detach(pthread_t id)
{
    struct thread *thread;
    int error;

    GC_init();
    lock_threads();
    thread = find_thread(id);
    error = pthread_detach(id);
    unlock_threads();
    if (error == 0 && thread != NULL)
        detach_record(thread);
    return error;
}

int GC_pthread_cancel(pthread_t id)
{
    return pthread_cancel(id);
}

void GC_pthread_exit(void *result)
{
    if (own_thread != NULL)
        own_thread->result = result;
    pthread_exit(result);
}
