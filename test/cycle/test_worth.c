/* SPDX-License-Identifier: MIT */
/* Whether collections of young objects are worth it, by what survived and by what there is. */
#include "cycle/worth.h"

#include "support.h"

static struct ter_worth worth;

static const struct ter_worth_case usual = {
    .live = TER_MIB(8), .growth = TER_MIB(4), .room = TER_MIB(16)};
/* There is next to nothing between two collections of all objects. */
static const struct ter_worth_case crowded = {
    .live = TER_MIB(8), .growth = TER_MIB(4), .room = TER_KIB(512)};

static bool learn_sample(const struct ter_worth_case *now, unsigned times,
                         const struct ter_worth_sample *sample)
{
    for (unsigned i = 0; i < times; i++)
        ter_worth_learn(&worth, now, sample);
    return worth.is_there;
}

/* Collections of young objects, after each of which so much of 256 bytes has survived. */
static bool learn(const struct ter_worth_case *now, unsigned times, size_t survived)
{
    return learn_sample(now, times,
                        &(struct ter_worth_sample){TER_MIB(4), TER_KIB(16) * survived, 0});
}

/* Collections of all objects until it is tried again. */
static unsigned until_trial(void)
{
    unsigned count = 0;

    for (; !worth.is_there && count < 1000; count++)
        ter_worth_try_again(&worth);
    return count;
}

static void what_mostly_dies_is_worth_it(void **state)
{
    (void)state;
    ter_worth_init(&worth);
    assert_true(worth.is_there);
    assert_true(learn(&usual, 100, 0));
    assert_true(learn(&usual, 100, 32));
    assert_true(learn(&crowded, 100, 32));
}

static void what_mostly_survives_is_not(void **state)
{
    (void)state;
    ter_worth_init(&worth);
    /* Some collections say little: a program may have been reading its input. */
    assert_true(learn(&usual, 7, 256));
    assert_false(learn(&usual, 1, 256));
    ter_worth_init(&worth);
    assert_true(learn(&usual, 3, 256));
    assert_true(learn(&usual, 5, 0));
    ter_worth_init(&worth);
    assert_false(learn(&usual, 10, 200));
    /* The second time fewer do. */
    assert_int_equal(until_trial(), 2);
    assert_true(learn(&usual, 2, 256));
    assert_false(learn(&usual, 1, 256));
}

static void stores_into_the_old_count(void **state)
{
    const struct ter_worth_sample few = {TER_MIB(4), TER_KIB(256), 1000};
    const struct ter_worth_sample many = {TER_MIB(4), TER_KIB(256), 30000};
    const struct ter_worth_sample countless = {TER_MIB(4), 0, SIZE_MAX};

    (void)state;
    ter_worth_init(&worth);
    assert_true(learn_sample(&usual, 100, &few));
    assert_false(learn_sample(&usual, 100, &many));
    ter_worth_init(&worth);
    /* Who collects all objects all the time is no better off. */
    assert_true(learn_sample(&crowded, 100, &countless));
}

/* The same part survives. */
static void it_depends_on_the_room(void **state)
{
    (void)state;
    ter_worth_init(&worth);
    assert_false(learn(&usual, 10, 100));
    ter_worth_init(&worth);
    assert_true(learn(&crowded, 10, 100));
}

static void it_is_tried_again_less_and_less_often(void **state)
{
    unsigned expected = 2;

    (void)state;
    ter_worth_init(&worth);
    for (unsigned i = 0; i < 8; i++) {
        assert_false(learn(&usual, 10, 256));
        /* Nothing is learnt meanwhile. */
        assert_false(learn(&usual, 10, 0));
        assert_int_equal(until_trial(), expected);
        expected = expected < 64 ? expected * 2 : 64;
    }
    /* After it was worth it for long, soon again. */
    assert_true(learn(&usual, 20, 0));
    assert_false(learn(&usual, 20, 256));
    assert_int_equal(until_trial(), 2);
}

static void nothing_at_all_is_no_fault(void **state)
{
    static const struct ter_worth_case nothing = {0};

    (void)state;
    ter_worth_init(&worth);
    for (unsigned i = 0; i < 20; i++)
        ter_worth_learn(&worth, &nothing, &(struct ter_worth_sample){0});
    assert_true(worth.is_there);
    ter_worth_learn(&worth, &(struct ter_worth_case){SIZE_MAX, SIZE_MAX, 1},
                    &(struct ter_worth_sample){1, SIZE_MAX, SIZE_MAX});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_mostly_dies_is_worth_it),
        cmocka_unit_test(stores_into_the_old_count),
        cmocka_unit_test(what_mostly_survives_is_not),
        cmocka_unit_test(it_depends_on_the_room),
        cmocka_unit_test(it_is_tried_again_less_and_less_often),
        cmocka_unit_test(nothing_at_all_is_no_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
