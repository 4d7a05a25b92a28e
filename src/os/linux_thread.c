/* SPDX-License-Identifier: MIT */
/* Threads of our own. They answer no signal, so that the program's handlers never run in them. */
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

ter_status ter_os_worker_start(struct ter_os_worker *worker, void *(*function)(void *argument),
                               void *argument)
{
    TER_KEEP_ERRNO;
    int error = ter_os_injected_error(TER_OS_CALL_THREAD);
    sigset_t all, before;

    if (error == 0) {
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        error = pthread_create(&worker->thread, NULL, function, argument);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (error != 0)
        return TER_ERROR_SYSTEM;
    (void)pthread_setname_np(worker->thread, "terrier-mark");
    return TER_OK;
}

void ter_os_worker_join(struct ter_os_worker *worker)
{
    TER_CHECK(pthread_join(worker->thread, NULL) == 0);
}
