/* SPDX-License-Identifier: MIT */
/*
 * Threads that end while they are bound, whichever way: their heaps unbind them, in all heaps at
 * once, and collections go on. Ones whose end cannot be noticed are found. One that cannot be
 * stopped ends the process with a line.
 */
#include <terrier/terrier.h>

#include "alloc/alloc.h"
#include "heap/heap.h"
#include "support.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum { HEAPS = 2 };

struct test {
    struct ter_heap *heaps[HEAPS];
    struct ter_mutator *own[HEAPS];
    _Atomic unsigned ready;
};

static int make_heaps(void **state)
{
    struct test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    for (int i = 0; i < HEAPS; i++) {
        assert_int_equal(ter_heap_new(NULL, &test->heaps[i]), TER_OK);
        assert_int_equal(ter_mutator_bind(test->heaps[i], &test->own[i]), TER_OK);
    }
    *state = test;
    return 0;
}

static int free_heaps(void **state)
{
    struct test *test = *state;

    for (int i = 0; i < HEAPS; i++) {
        ter_mutator_unbind(test->own[i]);
        ter_heap_free(test->heaps[i]);
    }
    free(test);
    return 0;
}

static size_t count_mutators(const struct test *test, int heap)
{
    size_t count = 0;

    for (const struct ter_mutator *m = test->heaps[heap]->collector.allocator.mutators; m != NULL;
         m = m->next)
        count++;
    return count;
}

static struct ter_mutator *bind_and_allocate(struct test *test)
{
    struct ter_mutator *mutator = NULL;

    for (int i = 0; i < HEAPS; i++) {
        assert_int_equal(ter_mutator_bind(test->heaps[i], &mutator), TER_OK);
        for (int k = 0; k < 100; k++)
            memset(ter_allocate(mutator, TER_KIND_NORMAL, 64), 1, 64);
        ter_free(mutator, ter_allocate(mutator, TER_KIND_NORMAL, 64));
    }
    atomic_fetch_add(&test->ready, 1);
    return mutator;
}

/* ---- Ways to end ---- */

static void *wait_for_cancel(void *data)
{
    for (;;)
        pause();
    return data;
}

static void *exit_at_once(void *data)
{
    pthread_exit(data);
}

static void *return_bound(void *data)
{
    bind_and_allocate(data);
    return NULL;
}

static void *exit_bound(void *data)
{
    bind_and_allocate(data);
    pthread_exit(NULL);
}

static void *wait_bound(void *data)
{
    bind_and_allocate(data);
    return wait_for_cancel(NULL);
}

static void *exit_outside(void *data)
{
    return ter_mutator_outside(bind_and_allocate(data), exit_at_once, NULL);
}

static void *wait_outside(void *data)
{
    return ter_mutator_outside(bind_and_allocate(data), wait_for_cancel, NULL);
}

static void collect_all(struct test *test)
{
    for (int i = 0; i < HEAPS; i++) {
        ter_collect(test->own[i]);
        assert_int_equal(count_mutators(test, i), 1);
    }
}

static void the_end_of_a_thread_unbinds_it(void **state)
{
    static const struct {
        void *(*function)(void *);
        bool unwinds, is_cancelled;
    } ways[] = {{return_bound, false, false},
                {exit_bound, true, false},
                {exit_outside, true, false},
                {wait_bound, true, true},
                {wait_outside, true, true}};
    struct test *test = *state;

    for (size_t i = 0; i < TER_ARRAY_LENGTH(ways); i++) {
        pthread_t thread;

        /*
         * AddressSanitizer keeps what it noted of frames that are left so; ThreadSanitizer takes a
         * thread that is cancelled in a call for one that stays in it.
         */
        if (TER_HAS_SANITIZER && ways[i].unwinds)
            continue;
        atomic_store(&test->ready, 0);
        assert_int_equal(pthread_create(&thread, NULL, ways[i].function, test), 0);
        while (atomic_load(&test->ready) == 0)
            usleep(100);
        if (ways[i].is_cancelled) {
            assert_int_equal(count_mutators(test, 0), 2);
            pthread_cancel(thread);
        }
        assert_int_equal(pthread_join(thread, NULL), 0);
        collect_all(test);
    }
}

/* ---- An end that nobody notices ---- */

static pthread_key_t late_key;
static _Thread_local int late_rounds;

/* In the very last round: there is no other in which the end could be noticed. */
static void bind_late(void *data)
{
    if (++late_rounds < _POSIX_THREAD_DESTRUCTOR_ITERATIONS)
        pthread_setspecific(late_key, data);
    else
        bind_and_allocate(data);
}

static void *set_late_key(void *data)
{
    assert_int_equal(pthread_setspecific(late_key, data), 0);
    return NULL;
}

static void a_thread_that_is_gone_is_found(void **state)
{
    struct test *test = *state;
    pthread_t thread;

    if (TER_HAS_SANITIZER)
        skip();
    assert_int_equal(pthread_key_create(&late_key, bind_late), 0);
    assert_int_equal(pthread_create(&thread, NULL, set_late_key, test), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    ter_log_set_level(TER_LOG_SILENT);
    for (int i = 0; i < HEAPS; i++)
        assert_int_equal(count_mutators(test, i), 2);
    collect_all(test);
    ter_log_set_level(TER_LOG_WARNING);
    pthread_key_delete(late_key);
}

/* ---- One that does not answer ---- */

static void *block_all(void *data)
{
    sigset_t all;

    bind_and_allocate(data);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    atomic_fetch_add(&((struct test *)data)->ready, 1);
    return wait_for_cancel(NULL);
}

static void collect_beside_deaf(void *context)
{
    struct test test = {.ready = 0};
    pthread_t thread;

    (void)context;
    for (int i = 0; i < HEAPS; i++) {
        assert_int_equal(ter_heap_new(NULL, &test.heaps[i]), TER_OK);
        assert_int_equal(ter_mutator_bind(test.heaps[i], &test.own[i]), TER_OK);
    }
    assert_int_equal(pthread_create(&thread, NULL, block_all, &test), 0);
    while (atomic_load(&test.ready) < 2)
        usleep(100);
    ter_collect(test.own[0]);
}

static void who_blocks_the_signal_is_named(void **state)
{
    (void)state;
    /* ThreadSanitizer delivers nothing to it either, but calls it otherwise. */
    if (TER_HAS_TSAN)
        skip();
    test_dies(collect_beside_deaf, NULL, "Signals delivery fails constantly: thread ");
}

/* Bound, a thread lets the signal through, whatever it blocked before. */
static void *bind_with_all_blocked(void *data)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    bind_and_allocate(data);
    while (atomic_load(&((struct test *)data)->ready) < 2)
        usleep(100);
    return NULL;
}

static void binding_opens_the_signal(void **state)
{
    struct test *test = *state;
    pthread_t thread;

    atomic_store(&test->ready, 0);
    assert_int_equal(pthread_create(&thread, NULL, bind_with_all_blocked, test), 0);
    while (atomic_load(&test->ready) == 0)
        usleep(100);
    ter_collect(test->own[0]);
    atomic_fetch_add(&test->ready, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    collect_all(test);
}

/* ---- Signals from elsewhere ---- */

static void stray_signals_do_nothing(void **state)
{
    struct test *test = *state;

    for (int i = 0; i < 100; i++) {
        assert_int_equal(raise(SIGPWR), 0);
        memset(ter_allocate(test->own[0], TER_KIND_NORMAL, 64), 1, 64);
    }
    ter_collect(test->own[0]);
    assert_int_equal(raise(SIGPWR), 0);
}

#define THREAD_TEST(name) cmocka_unit_test_setup_teardown(name, make_heaps, free_heaps)

int main(void)
{
    const struct CMUnitTest tests[] = {
        THREAD_TEST(the_end_of_a_thread_unbinds_it),
        THREAD_TEST(a_thread_that_is_gone_is_found),
        THREAD_TEST(binding_opens_the_signal),
        THREAD_TEST(stray_signals_do_nothing),
        cmocka_unit_test(who_blocks_the_signal_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
