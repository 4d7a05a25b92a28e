/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"

void ter_workers_init(struct ter_workers *workers)
{
    *workers = (struct ter_workers){.count = 0};
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->wake, NULL);
    pthread_cond_init(&workers->over, NULL);
}

void ter_workers_forget(struct ter_workers *workers)
{
    ter_workers_init(workers);
}

void ter_workers_fini(struct ter_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    workers->ending = true;
    pthread_cond_broadcast(&workers->wake);
    pthread_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->count; i++)
        ter_os_worker_join(&workers->threads[i]);
    pthread_cond_destroy(&workers->over);
    pthread_cond_destroy(&workers->wake);
    pthread_mutex_destroy(&workers->lock);
}

/* Its number, and the round after which it was started, are what a helper is told. */
struct helper_start {
    struct ter_workers *workers;
    unsigned member;
    unsigned round;
    bool taken;
};

/* Waits for a round after `seen`; false when there will be none. Under the lock. */
static bool wait_for_round(struct ter_workers *workers, unsigned seen)
{
    while (workers->round == seen && !workers->ending)
        pthread_cond_wait(&workers->wake, &workers->lock);
    return !workers->ending;
}

static void *help(void *argument)
{
    struct helper_start *start = argument;
    struct ter_workers *workers = start->workers;
    unsigned member = start->member, seen = start->round;

    ter_lock_work_for_holder();
    ter_valgrind_errors_off(); /* what it reads may be anything */
    pthread_mutex_lock(&workers->lock);
    start->taken = true;
    pthread_cond_signal(&workers->over);
    while (wait_for_round(workers, seen)) {
        seen = workers->round;
        pthread_mutex_unlock(&workers->lock);
        workers->function(workers->context, member);
        pthread_mutex_lock(&workers->lock);
        if (--workers->running == 0)
            pthread_cond_signal(&workers->over);
    }
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

unsigned ter_workers_start(struct ter_workers *workers, unsigned wanted)
{
    while (workers->count < ter_min(wanted, TER_MAX_HELPERS)) {
        struct helper_start start = {workers, workers->count + 1, workers->round, false};

        if (ter_os_worker_start(&workers->threads[workers->count], help, &start) != TER_OK)
            break;
        workers->count++;
        pthread_mutex_lock(&workers->lock);
        while (!start.taken)
            pthread_cond_wait(&workers->over, &workers->lock);
        pthread_mutex_unlock(&workers->lock);
    }
    return workers->count;
}

void ter_workers_run(struct ter_workers *workers, ter_round *function, void *context)
{
    pthread_mutex_lock(&workers->lock);
    workers->function = function;
    workers->context = context;
    workers->running = workers->count;
    workers->round++;
    pthread_cond_broadcast(&workers->wake);
    pthread_mutex_unlock(&workers->lock);
    function(context, 0);
    pthread_mutex_lock(&workers->lock);
    while (workers->running > 0)
        pthread_cond_wait(&workers->over, &workers->lock);
    pthread_mutex_unlock(&workers->lock);
}
