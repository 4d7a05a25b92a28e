/* SPDX-License-Identifier: MIT */
/*
 * Threads of our own, and what else is asked of the system about threads. Our own answer no signal,
 * so that the program's handlers never run in them.
 */
#define _GNU_SOURCE
#include "os/os.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

unsigned ter_os_processors(void)
{
    TER_KEEP_ERRNO;
    cpu_set_t set;

    /* Its threads take turns. */
    if (ter_on_valgrind())
        return 1;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (unsigned)CPU_COUNT(&set);
    return 1;
}

/* Eight MiB, the usual size, are more addresses than a small program has; some may be locked. */
#define WORKER_STACK_BYTES TER_KIB(256)

/* A program with much thread-local data refuses small stacks. */
static int create(pthread_t *thread, void *(*function)(void *argument), void *argument)
{
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);

    if (error == 0) {
        error = pthread_attr_setstacksize(&attributes, WORKER_STACK_BYTES);
        if (error == 0)
            error = pthread_create(thread, &attributes, function, argument);
        pthread_attr_destroy(&attributes);
    }
    return error == 0 ? 0 : pthread_create(thread, NULL, function, argument);
}

ter_status ter_os_worker_start(struct ter_os_worker *worker, const char *name,
                               void *(*function)(void *argument), void *argument)
{
    TER_KEEP_ERRNO;
    int error = ter_os_injected_error(TER_OS_CALL_THREAD);
    sigset_t all, before;

    if (error == 0) {
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        error = create(&worker->thread, function, argument);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (error != 0)
        return TER_ERROR_SYSTEM;
    (void)pthread_setname_np(worker->thread, name);
    return TER_OK;
}

void ter_os_worker_join(struct ter_os_worker *worker)
{
    struct ter_os_cancel before = ter_os_cancel_off();

    TER_CHECK(pthread_join(worker->thread, NULL) == 0);
    ter_os_cancel_back(before);
}

void ter_os_yield(void)
{
    sched_yield();
}

uintptr_t ter_os_thread_identity(void)
{
    return (uintptr_t)pthread_self();
}

bool ter_os_at_fork(void (*before)(void), void (*parent)(void), void (*child)(void))
{
    return pthread_atfork(before, parent, child) == 0;
}
