/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"

void ter_worker_threads_init(struct ter_worker_threads *threads)
{
    *threads = (struct ter_worker_threads){.count = 0};
    pthread_mutex_init(&threads->lock, NULL);
    pthread_cond_init(&threads->wake, NULL);
    pthread_cond_init(&threads->over, NULL);
}

void ter_worker_threads_forget(struct ter_worker_threads *threads)
{
    ter_worker_threads_init(threads);
}

void ter_worker_threads_fini(struct ter_worker_threads *threads)
{
    pthread_mutex_lock(&threads->lock);
    threads->ending = true;
    pthread_cond_broadcast(&threads->wake);
    pthread_mutex_unlock(&threads->lock);
    for (unsigned i = 0; i < threads->count; i++)
        ter_os_worker_join(&threads->of[i]);
    pthread_cond_destroy(&threads->over);
    pthread_cond_destroy(&threads->wake);
    pthread_mutex_destroy(&threads->lock);
}

/* Its number, and the phase after which it was started, are what a helper is told. */
struct helper_start {
    struct ter_worker_threads *threads;
    unsigned worker;
    unsigned phase;
    bool taken;
};

/* Waits for a phase after `seen`; false when there will be none. Under the lock. */
static bool wait_for_phase(struct ter_worker_threads *threads, unsigned seen)
{
    while (threads->phase == seen && !threads->ending)
        pthread_cond_wait(&threads->wake, &threads->lock);
    return !threads->ending;
}

static void *help(void *argument)
{
    struct helper_start *start = argument;
    struct ter_worker_threads *threads = start->threads;
    unsigned worker = start->worker, seen = start->phase;

    ter_lock_work_for_holder();
    ter_valgrind_errors_off(); /* what it reads may be anything */
    pthread_mutex_lock(&threads->lock);
    start->taken = true;
    pthread_cond_signal(&threads->over);
    while (wait_for_phase(threads, seen)) {
        seen = threads->phase;
        pthread_mutex_unlock(&threads->lock);
        threads->function(threads->context, worker);
        pthread_mutex_lock(&threads->lock);
        if (--threads->running == 0)
            pthread_cond_signal(&threads->over);
    }
    pthread_mutex_unlock(&threads->lock);
    return NULL;
}

unsigned ter_worker_threads_start(struct ter_worker_threads *threads, unsigned wanted)
{
    while (threads->count < ter_min(wanted, TER_MAX_HELPERS)) {
        struct helper_start start = {threads, threads->count + 1, threads->phase, false};

        if (ter_os_worker_start(&threads->of[threads->count], help, &start) != TER_OK)
            break;
        threads->count++;
        pthread_mutex_lock(&threads->lock);
        while (!start.taken)
            pthread_cond_wait(&threads->over, &threads->lock);
        pthread_mutex_unlock(&threads->lock);
    }
    return threads->count;
}

void ter_worker_threads_run(struct ter_worker_threads *threads, ter_worker_function *function,
                            void *context)
{
    pthread_mutex_lock(&threads->lock);
    threads->function = function;
    threads->context = context;
    threads->running = threads->count;
    threads->phase++;
    pthread_cond_broadcast(&threads->wake);
    pthread_mutex_unlock(&threads->lock);
    function(context, 0);
    pthread_mutex_lock(&threads->lock);
    while (threads->running > 0)
        pthread_cond_wait(&threads->over, &threads->lock);
    pthread_mutex_unlock(&threads->lock);
}
