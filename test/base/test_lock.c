/* SPDX-License-Identifier: MIT */
/* Ranked locks: mutual exclusion, the order, owners. */
#include "support.h"

#include <pthread.h>

static struct ter_lock locks[TER_RANK_COUNT];

static int init_locks(void **state)
{
    (void)state;
    for (int rank = 0; rank < TER_RANK_COUNT; rank++)
        ter_lock_init(&locks[rank], (enum ter_lock_rank)rank);
    return 0;
}

static int fini_locks(void **state)
{
    (void)state;
    for (int rank = 0; rank < TER_RANK_COUNT; rank++)
        ter_lock_fini(&locks[rank]);
    return 0;
}

static unsigned counter;

static void *count_up(void *argument)
{
    for (unsigned i = 0; i < 20000; i++) {
        ter_lock_acquire(argument);
        counter++;
        ter_lock_release(argument);
    }
    return NULL;
}

static void one_at_a_time(void **state)
{
    pthread_t threads[3];

    (void)state;
    counter = 0;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, &locks[0]), 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(counter, 60000);
}

static void rising_ranks(void **state)
{
    (void)state;
    for (unsigned set = 0; set < 1u << TER_RANK_COUNT; set++) {
        for (unsigned rank = 0; rank < TER_RANK_COUNT; rank++)
            if ((set >> rank & 1) != 0)
                ter_lock_acquire(&locks[rank]);
        for (unsigned rank = 0; rank < TER_RANK_COUNT; rank++)
            assert_int_equal(ter_lock_is_held((enum ter_lock_rank)rank), set >> rank & 1);
        for (unsigned rank = 0; rank < TER_RANK_COUNT; rank++)
            if ((set >> rank & 1) != 0)
                ter_lock_release(&locks[rank]);
    }
}

static void take_in_order(void *context)
{
    const int *ranks = context;

    ter_lock_acquire(&locks[ranks[0]]);
    ter_lock_acquire(&locks[ranks[1]]);
}

static void falling_ranks_stop(void **state)
{
    (void)state;
    for (int high = 0; high < TER_RANK_COUNT; high++)
        for (int low = 0; low <= high; low++) {
            int ranks[2] = {high, low};

            test_dies(take_in_order, ranks, "lock order");
        }
}

static void take_twice(void *context)
{
    (void)context;
    ter_lock_acquire_for(&locks[TER_RANK_HEAP], "first");
    ter_lock_acquire_for(&locks[TER_RANK_HEAP], "second");
}

static void take_as_helper(void *context)
{
    (void)context;
    ter_lock_work_for_holder();
    ter_lock_acquire(&locks[TER_RANK_SFT]);
    ter_lock_release(&locks[TER_RANK_SFT]);
    ter_lock_acquire_for(&locks[TER_RANK_HEAP], "helping");
}

static void need_none(void *context)
{
    (void)context;
    ter_lock_acquire(&locks[TER_RANK_SFT]);
    ter_lock_require_none("needing");
}

static void *try_to_take(void *lock)
{
    return ter_lock_try(lock) ? lock : NULL;
}

/* Who has it is known, and nobody waits for himself. */
static void owners(void **state)
{
    struct ter_lock *lock = &locks[TER_RANK_HEAP];
    pthread_t thread;
    void *taken = lock;

    (void)state;
    test_dies(take_twice, NULL, "second: not to be called here");
    test_dies(take_as_helper, NULL, "helping: not to be called here");
    test_dies(need_none, NULL, "needing: not to be called here");
    assert_false(ter_lock_is_own(lock));
    assert_true(ter_lock_try(lock));
    assert_true(ter_lock_is_own(lock));
    assert_false(ter_lock_try(lock));
    assert_false(ter_lock_try(&locks[TER_RANK_SFT]));
    assert_int_equal(pthread_create(&thread, NULL, try_to_take, lock), 0);
    assert_int_equal(pthread_join(thread, &taken), 0);
    assert_null(taken);
    ter_lock_release(lock);
    assert_false(ter_lock_is_own(lock));
    ter_lock_require_none("nothing");
}

static void init_over_again(void *context)
{
    (void)context;
    ter_lock_acquire(&locks[TER_RANK_HEAP]);
    ter_lock_release(&locks[TER_RANK_HEAP]);
    ter_lock_acquire(&locks[TER_RANK_CHUNKS]);
    ter_lock_release(&locks[TER_RANK_CHUNKS]);
}

/* A lock that was taken and released leaves no trace. */
static void released_is_released(void **state)
{
    struct test_end end;

    (void)state;
    init_over_again(NULL);
    test_in_child(init_over_again, NULL, &end);
    assert_int_equal(end.signal, 0);
    assert_string_equal(end.text, "");
}

#define LOCK_TEST(test) cmocka_unit_test_setup_teardown(test, init_locks, fini_locks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOCK_TEST(one_at_a_time), LOCK_TEST(rising_ranks),         LOCK_TEST(falling_ranks_stop),
        LOCK_TEST(owners),        LOCK_TEST(released_is_released),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
