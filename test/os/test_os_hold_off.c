/* SPDX-License-Identifier: MIT */
/*
 * A thread that holds stops off is never found in the middle, neither by a stop nor by a
 * suspension, and answers both soon after.
 */
#include "support.h"

#include <errno.h>

struct worker {
    struct ter_os_thread *_Atomic thread;
    atomic_bool end;
    _Atomic size_t begun, done;
    size_t errno_changes;
};

/* Some tools deliver signals only in calls of the C library; this is one. */
static TER_NOINLINE void linger(void)
{
    volatile char text[64];

    for (unsigned i = 0; i < 8; i++)
        memset((char *)text, (int)i, sizeof text);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct ter_os_thread *self;

    assert_int_equal(ter_os_thread_begin(&self), TER_OK);
    assert_ptr_equal(ter_os_thread_self(), self);
    atomic_store(&worker->thread, self);
    errno = 99;
    while (!atomic_load_explicit(&worker->end, memory_order_relaxed)) {
        ter_os_hold_off_begin(self);
        atomic_fetch_add_explicit(&worker->begun, 1, memory_order_relaxed);
        linger();
        atomic_fetch_add_explicit(&worker->done, 1, memory_order_relaxed);
        ter_os_hold_off_end(self);
        linger();
        worker->errno_changes += errno != 99;
    }
    return NULL;
}

static void begin_worker(struct worker *worker, pthread_t *thread)
{
    *worker = (struct worker){.thread = NULL};
    assert_int_equal(pthread_create(thread, NULL, work, worker), 0);
    while (atomic_load(&worker->done) == 0)
        continue;
}

static void end_worker(struct worker *worker, pthread_t thread)
{
    atomic_store(&worker->end, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(worker->errno_changes, 0);
}

/* It stands, and not in the middle. */
static void check_stands(struct worker *worker)
{
    size_t done = atomic_load(&worker->done);

    assert_int_equal(atomic_load(&worker->begun), done);
    linger();
    assert_int_equal(atomic_load(&worker->begun), done);
}

static void stop_once(struct worker *worker)
{
    assert_int_equal(ter_os_stop_begin(), TER_OK);
    assert_true(ter_os_stop_thread(worker->thread));
    while (!ter_os_stop_wait())
        assert_int_not_equal(ter_os_stop_again(worker->thread), TER_OS_GONE);
    check_stands(worker);
    ter_os_stop_resume();
}

static void never_in_the_middle(void **state)
{
    struct worker worker;
    pthread_t thread;
    size_t before;

    (void)state;
    begin_worker(&worker, &thread);
    for (uint64_t i = test_count(3000, 60000); i > 0; i--) {
        if (i % 3 != 0) {
            stop_once(&worker);
        } else {
            assert_true(ter_os_suspend(worker.thread));
            check_stands(&worker);
            /* ThreadSanitizer keeps signals from a thread that waits in a handler. */
            if (!TER_HAS_TSAN)
                stop_once(&worker);
            ter_os_resume(worker.thread);
        }
    }
    /* It goes on. */
    before = atomic_load(&worker.done);
    while (atomic_load(&worker.done) == before)
        continue;
    end_worker(&worker, thread);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(never_in_the_middle)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
