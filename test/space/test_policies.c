/* SPDX-License-Identifier: MIT */
/* The records of the policies are complete, and say nothing that contradicts itself. */
#include "space/space.h"

#include "spaces.h"

static const struct ter_policy *const *const policies = ter_policies;

/* Whoever stands above asks these without looking whether they are there. */
static void every_record_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_POLICY_COUNT; i++) {
        const struct ter_policy *policy = policies[i];

        assert_non_null(policy->functions.name);
        assert_non_null(policy->help);
        assert_int_not_equal(policy->functions.kind, TER_SPACE_EMPTY);
        assert_non_null(policy->functions.find_object_from_interior);
        assert_in_range(policy->record_bytes, sizeof(struct ter_space), ter_policy_record_bytes());
        assert_non_null(policy->for_each);
        assert_non_null(policy->used_bytes);
        assert_non_null(policy->used_in_chunk);
        assert_non_null(policy->object_bytes);
        assert_non_null(policy->object_kind);
        assert_non_null(policy->is_marked);
        assert_non_null(policy->set_mark);
        assert_non_null(policy->is_gone);
    }
}

static void every_record_agrees_with_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_POLICY_COUNT; i++) {
        const struct ter_policy *policy = policies[i];

        assert_int_equal(policy->in_layout, (policy->side & TER_SIDE_SET(VALID_OBJECT)) != 0);
        assert_int_equal(policy->free == NULL, policy->cells || policy->owned_by_program);
        assert_int_equal(policy->allocate == NULL && policy->fill_run == NULL,
                         policy->admit_bytes == NULL);
        assert_true(policy->fill_run == NULL || policy->allocate == NULL);
        assert_int_equal(policy->fill_run == NULL, policy->take_fresh == NULL);
        assert_int_equal(policy->fill_run == NULL, policy->return_run == NULL);
        assert_int_equal(policy->fill_run == NULL, policy->keep_run == NULL);
        assert_int_equal(policy->moves, policy->now_at != NULL);
        assert_int_equal(policy->moves, policy->hold != NULL);
        assert_true(policy->give_up == NULL || policy->fill_run != NULL);
        assert_true(policy->allocate == NULL || !policy->cells);
        assert_int_equal(policy->visit_roots == NULL, policy->root_bytes == NULL);
    }
}

static void names_are_different(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_POLICY_COUNT; i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(policies[i]->functions.name, policies[k]->functions.name);
}

/* EMPTY has a policy from the first space on, which tells nobody that anything is there. */
static void nobody_has_a_policy_too(void **state)
{
    struct ter_arena arena;
    const struct ter_kind kinds[TER_MAX_KINDS] = {{.scan = TER_SCAN_NONE}};
    const struct ter_space *space;

    (void)state;
    test_arena_init(&arena);
    test_space_new(&arena, &ter_policy_large, 0, kinds);
    space = ter_space_of(ter_sft_map_get(&arena.map, UINTPTR_MAX));
    assert_non_null(space->policy);
    for (size_t i = 0; i < TER_POLICY_COUNT; i++)
        assert_ptr_not_equal(space->policy, policies[i]);
    assert_false(space->policy->is_gone(space, UINTPTR_MAX));
    assert_false(space->policy->cells);
    ter_arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_is_complete),
        cmocka_unit_test(every_record_agrees_with_itself),
        cmocka_unit_test(names_are_different),
        cmocka_unit_test(nobody_has_a_policy_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
