/* SPDX-License-Identifier: MIT */
/*
 * Single threads suspended by name: they stand, their stacks are scanned, they go on when resumed;
 * and the whole world stopped by the program.
 */
#define GC_THREADS
#include "check.h"

#include <gc/javaxfc.h>

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 20 };

struct cell {
    struct cell *next;
    uintptr_t number;
};

static _Atomic uint64_t steps[THREADS];
static atomic_bool done;

static NOINLINE struct cell *make_list(uintptr_t number)
{
    struct cell *list = NULL;

    for (unsigned i = 0; i < 100; i++) {
        struct cell *cell = GC_malloc(sizeof *cell);

        cell->next = list;
        cell->number = number;
        list = cell;
    }
    return list;
}

static void *run(void *argument)
{
    size_t index = (size_t)(_Atomic uint64_t *)argument;

    index = (index - (size_t)steps) / sizeof steps[0];
    for (uintptr_t i = 0; !atomic_load(&done); i++) {
        struct cell *list = make_list(i);

        atomic_fetch_add(&steps[index], 1);
        for (const struct cell *cell = list; cell != NULL; cell = cell->next)
            EXPECT(cell->number == i, "thread %zu: %zu, not %zu", index, (size_t)cell->number,
                   (size_t)i);
    }
    return NULL;
}

static void wait_for_step(size_t index)
{
    uint64_t before = atomic_load(&steps[index]);

    for (unsigned i = 0; i < 20000 && atomic_load(&steps[index]) == before; i++)
        usleep(1000);
    EXPECT(atomic_load(&steps[index]) != before, "thread %zu does not go on", index);
}

static void test_suspend(pthread_t *threads)
{
    for (unsigned round = 0; round < check_scale(ROUNDS); round++) {
        size_t index = round % THREADS;
        uint64_t before;

        GC_suspend_thread(threads[index]);
        if (round % 3 == 0)
            GC_suspend_thread(threads[index]);
        EXPECT(GC_is_thread_suspended(threads[index]), "thread %zu", index);
        before = atomic_load(&steps[index]);
        GC_gcollect();
        for (unsigned i = 0; i < 1000; i++)
            (void)GC_malloc(100);
        wait_for_step((index + 1) % THREADS);
        GC_gcollect();
        EXPECT(atomic_load(&steps[index]) == before, "thread %zu went on", index);
        GC_resume_thread(threads[index]);
        EXPECT(!GC_is_thread_suspended(threads[index]), "thread %zu", index);
        /* On the heels of the resumption. */
        GC_suspend_thread(threads[index]);
        EXPECT(GC_is_thread_suspended(threads[index]), "thread %zu", index);
        GC_resume_thread(threads[index]);
        wait_for_step(index);
    }
}

/* ---- Itself ---- */

static atomic_bool goes_on;

static void *suspend_itself(void *argument)
{
    struct cell *list = make_list(7);

    GC_suspend_thread(pthread_self());
    for (const struct cell *cell = list; cell != NULL; cell = cell->next)
        EXPECT(cell->number == 7, "%zu", (size_t)cell->number);
    atomic_store(&goes_on, true);
    return argument;
}

static void test_itself(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, suspend_itself, NULL) != 0)
        abort();
    for (unsigned i = 0; i < 20000 && !GC_is_thread_suspended(thread); i++)
        usleep(1000);
    EXPECT(GC_is_thread_suspended(thread), "not suspended");
    for (unsigned i = 0; i < 3; i++)
        GC_gcollect();
    EXPECT(!atomic_load(&goes_on), "it went on");
    GC_resume_thread(thread);
    pthread_join(thread, NULL);
    EXPECT(atomic_load(&goes_on), "it did not go on");
}

static void test_world(void)
{
    uint64_t before[THREADS];

    for (unsigned round = 0; round < 5; round++) {
        GC_stop_world_external();
        for (size_t i = 0; i < THREADS; i++)
            before[i] = atomic_load(&steps[i]);
        usleep(5000);
        for (size_t i = 0; i < THREADS; i++)
            if (atomic_load(&steps[i]) != before[i])
                abort();
        GC_start_world_external();
        for (size_t i = 0; i < THREADS; i++)
            wait_for_step(i);
    }
}

int main(void)
{
    pthread_t threads[THREADS];

    GC_INIT();
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, run, &steps[i]) != 0)
            abort();
    for (size_t i = 0; i < THREADS; i++)
        wait_for_step(i);
    test_suspend(threads);
    test_itself();
    test_world();
    atomic_store(&done, true);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return check_end();
}
