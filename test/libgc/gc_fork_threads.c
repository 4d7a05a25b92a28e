/* SPDX-License-Identifier: MIT */
/*
 * Threads other than the main one fork while others allocate and collect: registered ones, ones
 * that the collector does not know, and ones that it knows only by a call. The child allocates,
 * collects, registers itself, and starts threads, all on that thread's stack.
 */
#define GC_THREADS
#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

static int start_through_wrapper(pthread_t *thread, void *(*function)(void *), void *argument)
{
    return pthread_create(thread, NULL, function, argument);
}

static int join_through_wrapper(pthread_t thread)
{
    return pthread_join(thread, NULL);
}

#undef pthread_create
#undef pthread_join
#include <pthread.h>
#include <stdatomic.h>

enum { ROUNDS = 6 };

static atomic_bool stop;

static void *allocate(void *argument)
{
    char *volatile own = memset(GC_malloc_atomic(100), 7, 100);

    for (size_t i = 0; i < check_scale(20000); i++)
        memset(GC_malloc_atomic(64), 255, 64);
    GC_gcollect();
    EXPECT(is_filled(own, 7, 100), "an object on the stack was lost");
    return argument;
}

static void check_stack_base(void)
{
    struct GC_stack_base base;
    char here;

    EXPECT(GC_get_stack_base(&base) == GC_SUCCESS, "no base");
    EXPECT((uintptr_t)base.mem_base - (uintptr_t)&here < (uintptr_t)64 << 20, "%p for %p",
           base.mem_base, (void *)&here);
}

/* ThreadSanitizer starts no thread in a child of a process with many. */
extern void __tsan_init(void) __attribute__((weak));

static void use_heap_of_child(bool is_registered)
{
    struct GC_stack_base base;
    pthread_t thread;

    check_stack_base();
    if (!is_registered) {
        GC_get_stack_base(&base);
        EXPECT(GC_register_my_thread(&base) == GC_SUCCESS, "not registered");
    }
    allocate(NULL);
    if (__tsan_init == NULL) {
        EXPECT(start_through_wrapper(&thread, allocate, NULL) == 0, "no thread");
        EXPECT(join_through_wrapper(thread) == 0, "not joined");
    }
    EXPECT(GC_unregister_my_thread() == GC_SUCCESS, "not unregistered");
}

static void fork_once(bool is_registered)
{
    char *volatile before = memset(GC_malloc_uncollectable(100), 6, 100);
    pid_t child = fork();
    int status = -1;

    EXPECT(child >= 0, "no fork");
    if (child == 0) {
        use_heap_of_child(is_registered);
        EXPECT(is_filled(before, 6, 100), "the child lost an object");
        _exit(check_end());
    }
    EXPECT(waitpid(child, &status, 0) == child && status == 0, "the child: %#x", status);
    GC_free(before);
}

static void *fork_registered(void *argument)
{
    for (int i = 0; i < ROUNDS; i++)
        fork_once(true);
    allocate(NULL);
    return argument;
}

/* It called the collector before it forked. */
static void *fork_as_guest(void *argument)
{
    GC_free(GC_malloc_uncollectable(10));
    for (int i = 0; i < ROUNDS; i++)
        fork_once(false);
    return argument;
}

static void *fork_unknown(void *argument)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0) {
        use_heap_of_child(false);
        _exit(check_end());
    }
    EXPECT(waitpid(child, &status, 0) == child && status == 0, "the child: %#x", status);
    return argument;
}

static void *collect_until_stopped(void *argument)
{
    while (!atomic_load(&stop)) {
        memset(GC_malloc_atomic(100), 255, 100);
        GC_gcollect();
        usleep(100);
    }
    return argument;
}

int main(void)
{
    void *(*const ways[])(void *) = {fork_as_guest, fork_unknown};
    pthread_t collector, thread;

    GC_set_handle_fork(1);
    GC_INIT();
    GC_allow_register_threads();
    EXPECT(start_through_wrapper(&thread, fork_registered, NULL) == 0, "no thread");
    EXPECT(join_through_wrapper(thread) == 0, "not joined");
    EXPECT(start_through_wrapper(&collector, collect_until_stopped, NULL) == 0, "no thread");
    EXPECT(start_through_wrapper(&thread, fork_registered, NULL) == 0, "no thread");
    EXPECT(join_through_wrapper(thread) == 0, "not joined");
    for (int i = 0; i < 2; i++) {
        EXPECT(pthread_create(&thread, NULL, ways[i], NULL) == 0, "no thread");
        EXPECT(pthread_join(thread, NULL) == 0, "not joined");
    }
    atomic_store(&stop, true);
    EXPECT(join_through_wrapper(collector) == 0, "not joined");
    return check_end();
}
