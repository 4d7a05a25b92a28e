/* SPDX-License-Identifier: MIT */
/* How much is allocated between collections of young objects, without a clock. */
#include "cycle/nursery.h"

#include "support.h"

#define MILLISECOND 1000000u

static struct ter_nursery nursery;

/* So many collections of which each sees the same. */
static void learn(unsigned times, size_t survived_of_256, uint64_t pause_ns)
{
    for (unsigned i = 0; i < times; i++) {
        ter_nursery_learn(&nursery, nursery.bytes, nursery.bytes / 256 * survived_of_256, pause_ns);
        assert_in_range(nursery.bytes, TER_NURSERY_LEAST, TER_NURSERY_MOST);
    }
}

static void what_is_asked_for_stays(void **state)
{
    (void)state;
    ter_nursery_init(&nursery, TER_KIB(32), MILLISECOND);
    ter_nursery_learn(&nursery, TER_KIB(32), TER_KIB(32), 100 * MILLISECOND);
    assert_int_equal(nursery.bytes, TER_KIB(32));
    ter_nursery_init(&nursery, TER_MIB(512), MILLISECOND);
    ter_nursery_learn(&nursery, TER_MIB(512), 0, 0);
    assert_int_equal(nursery.bytes, TER_MIB(512));
}

static void grows_while_much_survives(void **state)
{
    (void)state;
    ter_nursery_init(&nursery, 0, 0);
    assert_int_equal(nursery.bytes, TER_NURSERY_USUAL);
    learn(1, 128, MILLISECOND);
    assert_true(nursery.bytes > TER_NURSERY_USUAL);
    learn(100, 128, MILLISECOND);
    assert_int_equal(nursery.bytes, TER_NURSERY_MOST);
    learn(200, 10, MILLISECOND);
    assert_in_range(nursery.bytes, TER_NURSERY_USUAL, TER_NURSERY_USUAL + TER_KIB(1));
}

static void shrinks_while_pauses_are_long(void **state)
{
    (void)state;
    ter_nursery_init(&nursery, 0, MILLISECOND);
    learn(1, 200, MILLISECOND + 1);
    assert_true(nursery.bytes < TER_NURSERY_USUAL);
    learn(100, 200, MILLISECOND + 1);
    assert_int_equal(nursery.bytes, TER_NURSERY_LEAST);
    learn(200, 10, MILLISECOND / 4);
    assert_in_range(nursery.bytes, TER_NURSERY_USUAL - TER_KIB(1), TER_NURSERY_USUAL);
}

/* Between half of the longest pause and all of it nothing is gained by more. */
static void does_not_grow_into_long_pauses(void **state)
{
    (void)state;
    ter_nursery_init(&nursery, 0, MILLISECOND);
    learn(50, 200, MILLISECOND / 4 * 3);
    assert_int_equal(nursery.bytes, TER_NURSERY_USUAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_for_stays),
        cmocka_unit_test(grows_while_much_survives),
        cmocka_unit_test(shrinks_while_pauses_are_long),
        cmocka_unit_test(does_not_grow_into_long_pauses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
