/* SPDX-License-Identifier: MIT */
/* The mark stack: growth, refused growth, trimming. */
#include "support.h"
#include "trace/trace.h"

static void push_number(struct ter_mark_stack *stack, size_t i)
{
    ter_mark_stack_push(stack, i * 16, (i % 1000 + 1) * 16, (unsigned)(i % TER_MAX_KINDS));
}

static void check_entry(const struct ter_mark_stack *stack, size_t i)
{
    assert_int_equal(stack->entries[i].start, i * 16);
    assert_int_equal(ter_mark_entry_bytes(stack->entries[i]), (i % 1000 + 1) * 16);
    assert_int_equal(ter_mark_entry_kind(stack->entries[i]), i % TER_MAX_KINDS);
}

static void growth_keeps_entries(void **state)
{
    struct ter_mark_stack stack;
    size_t small;

    (void)state;
    assert_int_equal(ter_mark_stack_init(&stack), TER_OK);
    small = stack.capacity;
    assert_true(small > 0 && stack.count == 0 && !stack.overflowed);
    for (size_t i = 0; i < 10 * small; i++)
        push_number(&stack, i);
    assert_int_equal(stack.count, 10 * small);
    assert_true(stack.capacity >= stack.count);
    assert_false(stack.overflowed);
    for (size_t i = 0; i < 10 * small; i++)
        check_entry(&stack, i);
    stack.count = 0;
    ter_mark_stack_trim(&stack);
    assert_int_equal(stack.capacity, small);
    for (size_t i = 0; i < 3 * small; i++)
        push_number(&stack, i);
    for (size_t i = 0; i < 3 * small; i++)
        check_entry(&stack, i);
    ter_mark_stack_fini(&stack);
}

static void refused_growth_drops_the_entry(void **state)
{
    struct ter_mark_stack stack;
    size_t capacity;

    (void)state;
    assert_int_equal(ter_mark_stack_init(&stack), TER_OK);
    capacity = stack.capacity;
    test_fail_calls(TEST_CALL(REALLOCATE), 0, TEST_FOR_EVER);
    for (size_t i = 0; i < capacity + 3; i++) {
        push_number(&stack, i);
        assert_int_equal(stack.overflowed, i >= capacity);
    }
    assert_int_equal(test_stop_failing(NULL), 3);
    assert_int_equal(stack.count, capacity);
    assert_int_equal(stack.capacity, capacity);
    for (size_t i = 0; i < capacity; i++)
        check_entry(&stack, i);
    stack.overflowed = false;
    push_number(&stack, capacity);
    assert_false(stack.overflowed);
    check_entry(&stack, capacity);
    /* A refused trim keeps the larger stack. */
    stack.count = 0;
    test_fail_calls(TEST_CALL(REALLOCATE), 0, TEST_FOR_EVER);
    ter_mark_stack_trim(&stack);
    test_stop_failing(NULL);
    assert_int_equal(stack.capacity, 2 * capacity);
    push_number(&stack, 0);
    check_entry(&stack, 0);
    ter_mark_stack_fini(&stack);
}

static void refused_init(void **state)
{
    struct ter_mark_stack stack;

    (void)state;
    test_fail_calls(TEST_CALL(ALLOCATE), 0, 1);
    assert_int_equal(ter_mark_stack_init(&stack), TER_ERROR_NO_MEMORY);
    test_stop_failing(NULL);
}

static void trim_full(void *context)
{
    ter_mark_stack_trim(context);
}

static void only_an_empty_stack_is_trimmed(void **state)
{
    struct ter_mark_stack stack;

    (void)state;
    assert_int_equal(ter_mark_stack_init(&stack), TER_OK);
    ter_mark_stack_trim(&stack);
    push_number(&stack, 0);
    test_dies(trim_full, &stack, "broken invariant");
    ter_mark_stack_fini(&stack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growth_keeps_entries),
        cmocka_unit_test(refused_growth_drops_the_entry),
        cmocka_unit_test(refused_init),
        cmocka_unit_test(only_an_empty_stack_is_trimmed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
