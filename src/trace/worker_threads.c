/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"

void ter_worker_threads_init(struct ter_worker_threads *threads)
{
    *threads = (struct ter_worker_threads){.count = 0};
    ter_mutex_init(&threads->lock);
    ter_condition_init(&threads->wake);
    ter_condition_init(&threads->over);
}

void ter_worker_threads_forget(struct ter_worker_threads *threads)
{
    ter_worker_threads_init(threads);
}

void ter_worker_threads_fini(struct ter_worker_threads *threads)
{
    ter_mutex_acquire(&threads->lock);
    threads->ending = true;
    ter_condition_broadcast(&threads->wake);
    ter_mutex_release(&threads->lock);
    for (unsigned i = 0; i < threads->count; i++)
        ter_os_worker_join(&threads->of[i]);
    ter_condition_fini(&threads->over);
    ter_condition_fini(&threads->wake);
    ter_mutex_fini(&threads->lock);
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
        ter_condition_wait(&threads->wake, &threads->lock);
    return !threads->ending;
}

static void *help(void *argument)
{
    struct helper_start *start = argument;
    struct ter_worker_threads *threads = start->threads;
    unsigned worker = start->worker, seen = start->phase;

    ter_lock_work_for_holder();
    ter_valgrind_errors_off(); /* what it reads may be anything */
    ter_mutex_acquire(&threads->lock);
    start->taken = true;
    ter_condition_signal(&threads->over);
    while (wait_for_phase(threads, seen)) {
        seen = threads->phase;
        ter_mutex_release(&threads->lock);
        threads->function(threads->context, worker);
        ter_mutex_acquire(&threads->lock);
        if (--threads->running == 0)
            ter_condition_signal(&threads->over);
    }
    ter_mutex_release(&threads->lock);
    return NULL;
}

unsigned ter_worker_threads_start(struct ter_worker_threads *threads, unsigned wanted)
{
    while (threads->count < ter_min(wanted, TER_MAX_HELPERS)) {
        struct helper_start start = {threads, threads->count + 1, threads->phase, false};

        if (ter_os_worker_start(&threads->of[threads->count], "terrier-mark", help, &start) !=
            TER_OK)
            break;
        threads->count++;
        ter_mutex_acquire(&threads->lock);
        while (!start.taken)
            ter_condition_wait(&threads->over, &threads->lock);
        ter_mutex_release(&threads->lock);
    }
    return threads->count;
}

void ter_worker_threads_run(struct ter_worker_threads *threads, ter_worker_function *function,
                            void *context)
{
    ter_mutex_acquire(&threads->lock);
    threads->function = function;
    threads->context = context;
    threads->running = threads->count;
    threads->phase++;
    ter_condition_broadcast(&threads->wake);
    ter_mutex_release(&threads->lock);
    function(context, 0);
    ter_mutex_acquire(&threads->lock);
    while (threads->running > 0)
        ter_condition_wait(&threads->over, &threads->lock);
    ter_mutex_release(&threads->lock);
}
