/* SPDX-License-Identifier: MIT */
/* When to collect, and how far the limit grows. */
#include "cycle/cycle.h"
#include "support.h"

/* What little there is to scan, and how often the program wants it to be: a collection costs
 * something. */
static void smallest_intervals(void **state)
{
    struct ter_trigger trigger = {.free_space_divisor = 3};

    (void)state;
    assert_int_equal(ter_trigger_interval(&trigger), TER_KIB(128));
    trigger.live.scanned_bytes = TER_KIB(192);
    assert_int_equal(ter_trigger_interval(&trigger), TER_KIB(128));
    trigger.live.scanned_bytes = TER_KIB(195);
    assert_int_equal(ter_trigger_interval(&trigger), TER_KIB(130));
    trigger.live.scanned_bytes = 0;
    trigger.free_space_divisor = 6;
    assert_int_equal(ter_trigger_interval(&trigger), TER_KIB(64));
    trigger.free_space_divisor = 1000000;
    assert_int_equal(ter_trigger_interval(&trigger), TER_KIB(16));
}

static void intervals(void **state)
{
    struct ter_trigger trigger = {.free_space_divisor = 3};

    (void)state;
    trigger.live.scanned_bytes = 3000000;
    assert_int_equal(ter_trigger_interval(&trigger), 2000000);
    trigger.live.atomic_bytes = 1200000;
    assert_int_equal(ter_trigger_interval(&trigger), 2100000);
    trigger.root_bytes = 300000;
    assert_int_equal(ter_trigger_interval(&trigger), 2200000);
    /* What takes room counts too, though it need not be scanned. */
    trigger.used_bytes = TER_MIB(15);
    assert_int_equal(ter_trigger_interval(&trigger), 2200000);
    trigger.used_bytes = TER_MIB(16);
    assert_int_equal(ter_trigger_interval(&trigger), (TER_MIB(16) + TER_MIB(16) / 3) / 3);
    trigger.used_bytes = TER_MIB(120); /* most of it holes */
    assert_int_equal(ter_trigger_interval(&trigger), (TER_MIB(16) + TER_MIB(16) / 3) / 3);
    trigger.live.atomic_bytes = TER_MIB(90) - 3000000;
    assert_int_equal(ter_trigger_interval(&trigger), TER_MIB(40));
    trigger.used_bytes = TER_MIB(18);
    trigger.live.scanned_bytes = TER_MIB(12);
    trigger.live.atomic_bytes = trigger.root_bytes = 0;
    assert_int_equal(ter_trigger_interval(&trigger), TER_MIB(32) / 3);
}

static void due(void **state)
{
    struct ter_trigger trigger = {.free_space_divisor = 1, .root_bytes = 1000000};
    static struct ter_allocator allocator;

    (void)state;
    assert_false(ter_trigger_is_due(&trigger, &allocator, false));
    allocator.allocated_since_collection = 999999;
    assert_false(ter_trigger_is_due(&trigger, &allocator, false));
    allocator.allocated_since_collection = 1000000;
    assert_true(ter_trigger_is_due(&trigger, &allocator, false));
    trigger.disabled = 1;
    assert_false(ter_trigger_is_due(&trigger, &allocator, false));
    trigger.disabled = 0;
    /* What was freed by hand counts less, but in the end it counts. */
    allocator.freed_since_collection = 1;
    assert_false(ter_trigger_is_due(&trigger, &allocator, false));
    allocator.freed_since_collection = 1000000000;
    assert_false(ter_trigger_is_due(&trigger, &allocator, false));
    allocator.allocated_since_collection = 8000000;
    assert_true(ter_trigger_is_due(&trigger, &allocator, false));
}

/* Some allocation is needed, but not the whole interval. */
static void due_for_other_reasons(void **state)
{
    struct ter_trigger trigger = {.free_space_divisor = 1, .root_bytes = 1000000};
    static struct ter_allocator allocator;

    (void)state;
    allocator.allocated_since_collection = TER_KIB(64) - 1;
    assert_false(ter_trigger_is_due(&trigger, &allocator, true));
    trigger.never_grow_before_collecting = true;
    assert_false(ter_trigger_is_due(&trigger, &allocator, false));
    allocator.allocated_since_collection = TER_KIB(64);
    assert_true(ter_trigger_is_due(&trigger, &allocator, false));
    trigger.never_grow_before_collecting = false;
    assert_false(ter_trigger_is_due(&trigger, &allocator, false));
    assert_true(ter_trigger_is_due(&trigger, &allocator, true));
    /* Not later than the allocation alone would. */
    allocator.allocated_since_collection = TER_KIB(16);
    trigger.free_space_divisor = 1000;
    assert_true(ter_trigger_is_due(&trigger, &allocator, true));
    trigger.disabled = 1;
    assert_false(ter_trigger_is_due(&trigger, &allocator, true));
}

static void missing_at_the_maximum(void **state)
{
    struct ter_trigger trigger = {.free_space_divisor = 1, .root_bytes = 1000000};
    static struct ter_allocator allocator;

    (void)state;
    assert_int_equal(ter_trigger_missing(&trigger, &allocator), 500000);
    allocator.allocated_since_collection = 400000;
    assert_int_equal(ter_trigger_missing(&trigger, &allocator), 100000);
    allocator.allocated_since_collection = 500000;
    assert_int_equal(ter_trigger_missing(&trigger, &allocator), 0);
    allocator.freed_since_collection = 1000;
    assert_int_equal(ter_trigger_missing(&trigger, &allocator), 1000);
    trigger.root_bytes = 0;
    assert_int_equal(ter_trigger_missing(&trigger, &allocator), 0);
    allocator.allocated_since_collection = allocator.freed_since_collection = 0;
    assert_int_equal(ter_trigger_missing(&trigger, &allocator), TER_KIB(192));
    trigger.free_space_divisor = 3;
    assert_int_equal(ter_trigger_missing(&trigger, &allocator), TER_KIB(128));
}

static void growth_makes_room(void **state)
{
    struct ter_random random = test_random();
    static struct ter_allocator allocator;

    (void)state;
    for (unsigned i = 0; i < test_iterations(20000); i++) {
        struct ter_trigger trigger = {.free_space_divisor = 1 + test_below(&random, 10)};
        struct ter_accounting accounting = {.used_bytes = test_below(&random, TER_MIB(300))};
        size_t bytes = test_below(&random, TER_MIB(100));
        size_t before;
        bool grown;

        accounting.limit_bytes = test_below(&random, TER_MIB(400));
        allocator.allocated_since_collection = test_below(&random, TER_MIB(100));
        before = accounting.limit_bytes;
        if (i % 2 == 0)
            trigger.max_bytes = 1 + test_below(&random, TER_MIB(500));
        grown = ter_trigger_grow(&trigger, &allocator, &accounting, bytes);
        if (grown) {
            assert_true(ter_accounting_has_room(&accounting, bytes));
            assert_true(trigger.max_bytes == 0 || accounting.limit_bytes <= trigger.max_bytes);
        } else {
            assert_int_equal(accounting.limit_bytes, before);
            assert_true(trigger.max_bytes != 0 &&
                        accounting.used_bytes + bytes > trigger.max_bytes);
        }
    }
}

static size_t grown_by(size_t allocated)
{
    struct ter_trigger trigger = {.free_space_divisor = 1, .root_bytes = TER_MIB(2)};
    struct ter_accounting accounting = {.used_bytes = TER_MIB(4), .limit_bytes = TER_MIB(4)};
    static struct ter_allocator allocator;

    allocator.allocated_since_collection = allocated;
    assert_true(ter_trigger_grow(&trigger, &allocator, &accounting, 0));
    return accounting.limit_bytes - TER_MIB(4);
}

/* The interval is 2 MiB, a step of this heap 4 MiB, a quarter of it 1 MiB. */
static void growth_follows_the_interval(void **state)
{
    (void)state;
    assert_int_equal(grown_by(0), TER_MIB(3));
    assert_int_equal(grown_by(TER_MIB(1)), TER_MIB(2));
    assert_int_equal(grown_by(TER_MIB(2) - TER_KIB(16)), TER_MIB(1) + TER_KIB(16));
    assert_int_equal(grown_by(TER_MIB(9)), TER_MIB(1));
}

static void growth_does_not_wrap(void **state)
{
    struct ter_trigger trigger = {.free_space_divisor = 3};
    struct ter_accounting accounting = {.used_bytes = TER_MIB(1), .limit_bytes = TER_MIB(1)};
    static struct ter_allocator allocator;

    (void)state;
    assert_false(ter_trigger_grow(&trigger, &allocator, &accounting, SIZE_MAX));
    assert_false(ter_trigger_grow(&trigger, &allocator, &accounting, SIZE_MAX / 2 + 1));
    assert_int_equal(accounting.limit_bytes, TER_MIB(1));
    assert_true(ter_trigger_grow(&trigger, &allocator, &accounting, SIZE_MAX / 4));
    assert_true(ter_accounting_has_room(&accounting, SIZE_MAX / 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smallest_intervals),
        cmocka_unit_test(intervals),
        cmocka_unit_test(due),
        cmocka_unit_test(due_for_other_reasons),
        cmocka_unit_test(missing_at_the_maximum),
        cmocka_unit_test(growth_makes_room),
        cmocka_unit_test(growth_follows_the_interval),
        cmocka_unit_test(growth_does_not_wrap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
