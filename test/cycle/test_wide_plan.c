/* SPDX-License-Identifier: MIT */
/* A plan may have as many spaces as a collector has room for, beside malloc's and the program's. */
#include "plan/plan.h"

#include "arena.h"

#define SPACES (TER_MOST_SPACES - 2)

static struct ter_collector collector;

static void init_wide(const struct ter_plan *plan, unsigned markers)
{
    const struct ter_collector_settings settings = {
        .plan = plan,
        .arena.layout = {"test", test_start(), TEST_LOG_EXTENT, TER_MOST_SPACES, true, 0, false, 0},
        .initial_bytes = TER_MIB(4),
        .free_space_divisor = 3,
        .stress_interval = 100,
        .markers = markers,
        .malloc_objects = markers == 1,
        .vm_space = true,
    };

    memset(&collector, 0, sizeof collector);
    assert_int_equal(ter_collector_init(&collector, &settings), TER_OK);
    assert_int_equal(collector.space_count, markers == 1 ? TER_MOST_SPACES : TER_MOST_SPACES - 1);
}

static void collect_wide(const struct ter_plan *plan, unsigned markers)
{
    static const struct ter_kind plain = {.scan = TER_SCAN_AMBIGUOUS, .zeroed = true};
    struct ter_mutator *mutator;
    unsigned kind;

    init_wide(plan, markers);
    assert_int_equal(ter_collector_add_kind(&collector, &plain, &kind), TER_OK);
    assert_int_equal(ter_mutator_new(&collector.allocator, 0, &mutator), TER_OK);
    for (size_t i = 0; i < 1000; i++)
        assert_non_null(ter_mutator_allocate(mutator, kind, 1 + i * 13 % 10000));
    ter_allocator_lock(&collector.allocator);
    assert_true(ter_collector_collect(&collector, TER_REASON_REQUEST));
    assert_int_equal(ter_collector_check(&collector), TER_OK);
    ter_allocator_unlock(&collector.allocator);
    ter_mutator_free(mutator);
    ter_collector_fini(&collector);
}

static void every_space_has_its_place(void **state)
{
    struct ter_plan_space spaces[SPACES] = {{&ter_policy_mark_sweep, TER_SERVES_SMALL},
                                            {&ter_policy_immortal, TER_SERVES_UNCOLLECTABLE},
                                            {&ter_policy_large, TER_SERVES_LARGE}};
    const struct ter_plan plan = {
        .spaces = spaces, .space_count = SPACES, .loop = &ter_policy_loop};

    (void)state;
    for (unsigned i = 3; i < SPACES; i++)
        spaces[i].policy = &ter_policy_large;
    for (unsigned markers = 1; markers <= 4; markers++)
        collect_wide(&plan, markers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_space_has_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
