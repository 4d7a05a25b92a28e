/* SPDX-License-Identifier: MIT */
/*
 * A thread in GC_do_blocking that no signal reaches is suspended: at once for who suspends it, as
 * the lock is held meanwhile, and it does not come back before it is resumed. A child that such a
 * thread forks has nobody to resume it, so it goes on.
 */
#define GC_THREADS
#include "check.h"

#include <gc/javaxfc.h>

#undef pthread_sigmask
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_bool is_outside, leave, is_back, comes_back_by_call;

static void *GC_CALLBACK wait_outside(void *data)
{
    atomic_store(&is_outside, true);
    while (!atomic_load(&leave))
        usleep(500);
    return data;
}

static void *GC_CALLBACK come_back(void *data)
{
    atomic_store(&is_back, true);
    return GC_malloc(10) != NULL ? data : NULL;
}

static void *GC_CALLBACK wait_and_call(void *data)
{
    wait_outside(data);
    return GC_call_with_gc_active(come_back, data);
}

static void *go_outside(void *argument)
{
    char *volatile kept = memset(GC_malloc_atomic(100), 3, 100);
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    GC_do_blocking(atomic_load(&comes_back_by_call) ? wait_and_call : wait_outside, NULL);
    atomic_store(&is_back, true);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    EXPECT(is_filled(kept, 3, 100), "an object on the stack was lost");
    return argument;
}

static void allocate_and_collect(void)
{
    for (unsigned i = 0; i < 1000; i++)
        memset(GC_malloc_atomic(100), 255, 100);
    GC_gcollect();
}

static void suspend_one(bool by_call)
{
    pthread_t thread;

    atomic_store(&is_outside, false);
    atomic_store(&leave, false);
    atomic_store(&is_back, false);
    atomic_store(&comes_back_by_call, by_call);
    EXPECT(pthread_create(&thread, NULL, go_outside, NULL) == 0, "no thread");
    while (!atomic_load(&is_outside))
        usleep(500);
    GC_suspend_thread(thread);
    EXPECT(GC_is_thread_suspended(thread), "not suspended");
    allocate_and_collect();
    atomic_store(&leave, true);
    for (unsigned i = 0; i < 100 && !atomic_load(&is_back); i++)
        usleep(500);
    EXPECT(!atomic_load(&is_back), "it came back while it was suspended");
    allocate_and_collect();
    GC_resume_thread(thread);
    EXPECT(!GC_is_thread_suspended(thread), "still suspended");
    EXPECT(pthread_join(thread, NULL) == 0, "not joined");
    EXPECT(atomic_load(&is_back), "it did not come back");
}

static pid_t child = -1;

static void *GC_CALLBACK fork_outside(void *data)
{
    wait_outside(NULL);
    child = fork();
    return data;
}

static void *fork_suspended(void *argument)
{
    GC_do_blocking(fork_outside, NULL);
    if (child == 0) {
        alarm(30);
        allocate_and_collect();
        _exit(check_end());
    }
    return argument;
}

static void suspend_one_that_forks(void)
{
    pthread_t thread;
    int status = -1;

    atomic_store(&is_outside, false);
    atomic_store(&leave, false);
    EXPECT(pthread_create(&thread, NULL, fork_suspended, NULL) == 0, "no thread");
    while (!atomic_load(&is_outside))
        usleep(500);
    GC_suspend_thread(thread);
    atomic_store(&leave, true);
    usleep(20000);
    GC_resume_thread(thread);
    EXPECT(pthread_join(thread, NULL) == 0, "not joined");
    EXPECT(child > 0 && waitpid(child, &status, 0) == child && status == 0, "the child: %#x",
           (unsigned)status);
}

int main(void)
{
    GC_set_handle_fork(1);
    GC_INIT();
    suspend_one(false);
    suspend_one(true);
    if (is_drop_in())
        suspend_one_that_forks();
    return check_end();
}
