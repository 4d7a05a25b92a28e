/* SPDX-License-Identifier: MIT */
/*
 * Finalizers and the function for memory that is out may jump away (C++ programs throw there). A
 * thread that nobody registered is left as it was then: not registered, its signals blocked as
 * before, and no collection waits for it. The stock library cannot collect in such a thread.
 */
#define GC_THREADS
#define GC_NO_THREAD_REDIRECTS
#include "check.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static jmp_buf place;
static volatile unsigned jumps;
static volatile bool finalizers_jump = true;
static atomic_bool is_quiet, over;

static void GC_CALLBACK jump_from_finalizer(void *object, void *data)
{
    (void)object, (void)data;
    if (finalizers_jump)
        longjmp(place, 1);
}

static void *GC_CALLBACK jump_from_full_heap(size_t bytes)
{
    (void)bytes;
    longjmp(place, 1);
}

static void GC_CALLBACK say_nothing(char *message, GC_word argument)
{
    (void)message, (void)argument;
}

static NOINLINE void drop_objects(void)
{
    for (unsigned i = 0; i < 3; i++)
        GC_register_finalizer(GC_malloc(32), jump_from_finalizer, NULL, NULL, NULL);
}

static void jump_once(void (*act)(void))
{
    if (setjmp(place) == 0) {
        act();
        return;
    }
    jumps++;
    EXPECT(!GC_thread_is_registered(), "jump %u: it is registered", jumps);
}

static void drop_and_collect(void)
{
    drop_objects();
    for (unsigned i = 0; i < 10; i++) {
        clear_stack();
        GC_gcollect();
        (void)GC_malloc(100000);
    }
}

static void ask_too_much(void)
{
    (void)GC_malloc(SIZE_MAX / 2);
}

static void change_too_much(void)
{
    (void)GC_realloc(GC_malloc(10), SIZE_MAX / 2);
}

static void list_too_much(void)
{
    (void)GC_malloc_many(SIZE_MAX / 2);
}

static void *jump_about(void *argument)
{
    sigset_t all, now;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    for (unsigned i = 0; i < 10; i++)
        jump_once(drop_and_collect);
    EXPECT(jumps >= 5, "%u of 10 times a finalizer jumped", jumps);
    finalizers_jump = false;
    jumps = 0;
    jump_once(ask_too_much);
    jump_once(change_too_much);
    jump_once(list_too_much);
    EXPECT(jumps == 3, "%u of 3", jumps);
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    EXPECT(sigismember(&now, SIGPWR) == 1 && sigismember(&now, SIGXCPU) == 1, "the mask changed");
    atomic_store(&is_quiet, true);
    while (!atomic_load(&over))
        usleep(500);
    GC_free(GC_malloc(10));
    return argument;
}

int main(void)
{
    pthread_t thread;

    if (!is_drop_in())
        return check_end();
    GC_INIT();
    GC_set_oom_fn(jump_from_full_heap);
    GC_set_warn_proc(say_nothing);
    EXPECT(pthread_create(&thread, NULL, jump_about, NULL) == 0, "no thread");
    while (!atomic_load(&is_quiet))
        usleep(500);
    for (unsigned i = 0; i < 3; i++)
        GC_gcollect();
    atomic_store(&over, true);
    EXPECT(pthread_join(thread, NULL) == 0, "not joined");
    GC_gcollect();
    return check_end();
}
