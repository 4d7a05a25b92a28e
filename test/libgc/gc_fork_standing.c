/* SPDX-License-Identifier: MIT */
/*
 * A program stops the world and forks, as one does that has a child look at a heap that nobody
 * changes. In the child nobody stands: it lets the world go on, collects and starts threads. The
 * stock library waits for its own lock there.
 */
#define GC_THREADS
#include "check.h"

#include <gc/javaxfc.h>

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 3 };

static atomic_bool over;

static void *allocate(void *argument)
{
    char *volatile kept = memset(GC_malloc_atomic(100), 3, 100);

    for (unsigned i = 0; i < 5000; i++)
        memset(GC_malloc_atomic(64), 255, 64);
    GC_gcollect();
    EXPECT(is_filled(kept, 3, 100), "an object on the stack was lost");
    return argument;
}

static void *allocate_until_over(void *argument)
{
    while (!atomic_load(&over))
        allocate(NULL);
    return argument;
}

static void in_child(void)
{
    pthread_t threads[THREADS];

    alarm(60);
    GC_start_world_external();
    allocate(NULL);
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, allocate, NULL) == 0, "no thread");
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0, "not joined");
    GC_stop_world_external();
    GC_start_world_external();
    allocate(NULL);
    _exit(check_end());
}

static void fork_standing(void)
{
    int status = -1;
    pid_t child;

    GC_stop_world_external();
    child = fork();
    if (child == 0)
        in_child();
    GC_start_world_external();
    EXPECT(child > 0 && waitpid(child, &status, 0) == child && status == 0, "the child: %#x",
           (unsigned)status);
}

extern void __tsan_init(void) __attribute__((weak));

/* fork(2) waits for malloc's locks, and threads that stand may hold them. */
static bool objects_are_of_malloc(void)
{
    const char *options = getenv("TERRIER_OPTIONS");

    return options != NULL && strstr(options, "objects=malloc") != NULL;
}

int main(void)
{
    pthread_t threads[THREADS];

    if (objects_are_of_malloc()) {
        puts("SKIP: fork waits for a lock of malloc's that a standing thread may hold");
        return 77;
    }
    /* ThreadSanitizer takes locks of its own in a fork, which threads may hold that stand. */
    if (!is_drop_in() || __tsan_init != NULL)
        return check_end();
    GC_INIT();
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], NULL, allocate_until_over, NULL) == 0, "no thread");
    for (int i = 0; i < 5; i++)
        fork_standing();
    atomic_store(&over, true);
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0, "not joined");
    GC_gcollect();
    return check_end();
}
