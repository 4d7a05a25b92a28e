/* SPDX-License-Identifier: MIT */
#include "base/base.h"
#include "support.h"

static void test_chance(void **state)
{
    (void)state;
    assert_true(ter_exponential_chance(0) == 0);
    assert_true(ter_exponential_chance(1000) == 1);
    for (double time = 1e-12; time < 100; time *= 1.01) {
        double chance = ter_exponential_chance(time);

        /* exp(-t) is what a chance of none in each of two halves is, squared. */
        assert_true(chance > 0 && chance <= 1);
        if (time < 10) {
            double half = 1 - ter_exponential_chance(time / 2);

            assert_true((1 - chance) / (half * half) < 1 + 1e-6);
            assert_true((1 - chance) / (half * half) > 1 - 1e-6);
        }
        if (time < 1e-3)
            assert_true(chance / time > 1 - time && chance <= time);
    }
    assert_true(ter_exponential_chance(1) > 0.6321205588 &&
                ter_exponential_chance(1) < 0.6321205589);
}

/* Mean and spread are 1, and a part of 1/e waits longer than that. */
static void test_waiting(void **state)
{
    struct ter_random random = test_random();
    double sum = 0, squares = 0;
    unsigned count = 1000000, longer = 0;

    (void)state;
    for (unsigned i = 0; i < count; i++) {
        double time = ter_exponential(&random);

        assert_true(time >= 0 && time < 37);
        sum += time;
        squares += time * time;
        longer += time > 1;
    }
    assert_true(sum / count > 0.99 && sum / count < 1.01);
    assert_true(squares / count > 1.95 && squares / count < 2.05);
    assert_true(longer / (double)count > 0.3628 && longer / (double)count < 0.3730);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_chance),
                                       cmocka_unit_test(test_waiting)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
