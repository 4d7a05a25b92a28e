/* SPDX-License-Identifier: MIT */
/*
 * Runs that are used once, against a list of runs: who has a word, what can be touched, which
 * addresses come again and when, accounting, mappings, refused calls.
 */
#include "arena.h"

#define RUNS 200u

struct guarded_model {
    struct ter_arena arena;
    struct ter_range range;
    struct ter_guarded_runs runs;
    struct ter_random random;
    uintptr_t start[RUNS];
    size_t bytes[RUNS];
    size_t count;
    size_t used;
    uintptr_t highest; /* end of the highest run that there ever was */
    bool again;        /* addresses come again */
};

static int make_guarded(void **state)
{
    struct guarded_model *model = calloc(1, sizeof *model);

    assert_non_null(model);
    test_arena_init(&model->arena);
    ter_range_init(&model->range, &model->arena, 1, TER_PAGE_RUNS_SIDE | TER_SIDE_SET(VALID_OBJECT),
                   test_add_owner(&model->arena));
    ter_guarded_runs_init(&model->runs, &model->range, &model->arena);
    model->random = test_random();
    *state = model;
    return 0;
}

static int free_guarded(void **state)
{
    struct guarded_model *model = *state;

    ter_guarded_runs_fini(&model->runs);
    ter_arena_fini(&model->arena);
    ter_os_set_most_mappings(0);
    assert_int_equal(ter_os_count_mappings(0), 0);
    free(model);
    return 0;
}

/* Asked of the system: is every page there that can be touched, and no other? */
static bool can_touch(uintptr_t start, size_t bytes)
{
    return ter_os_is_readable(start, start + bytes);
}

static void check_run(const struct guarded_model *model, size_t run)
{
    uintptr_t start = model->start[run], end = start + model->bytes[run];
    enum ter_guarded_state state;

    for (uintptr_t word = start; word < end; word += TER_BYTES_IN_PAGE - 8) {
        assert_int_equal(ter_guarded_runs_find(&model->range, &model->arena, word, &state), start);
        assert_int_equal(state, TER_GUARDED_USED);
    }
    assert_int_equal(ter_guarded_run_bytes(&model->arena, start), model->bytes[run]);
    assert_true(can_touch(start, end - start));
    assert_int_equal(*(uintptr_t *)start, run + 1);
}

/* All runs, in order and no other; their memory, and mappings. */
static void check_runs(const struct guarded_model *model)
{
    uintptr_t end = 0, start;
    enum ter_guarded_state state;
    size_t seen = 0;

    while ((start = ter_guarded_runs_next(&model->runs, end, &state)) != 0) {
        assert_true(start >= end);
        end = start + ter_guarded_run_bytes(&model->arena, start);
        seen += state == TER_GUARDED_USED;
    }
    assert_int_equal(seen, model->count);
    for (size_t run = 0; run < model->count; run++)
        check_run(model, run);
    assert_int_equal(model->runs.used_pages << TER_LOG_BYTES_IN_PAGE, model->used);
    assert_int_equal(test_used_bytes(&model->arena), model->used);
    assert_int_equal(ter_accounting_resident(&model->arena.accounting), model->used);
    ter_guarded_runs_check(&model->runs);
}

static ter_status take(struct guarded_model *model, size_t bytes)
{
    size_t run = model->count;
    ter_status status = ter_guarded_runs_take(&model->runs, bytes, &model->start[run]);

    if (status != TER_OK)
        return status;
    model->bytes[run] = ter_guarded_runs_bytes(&model->runs, bytes);
    assert_true(test_reads_zero(model->start[run], model->bytes[run]));
    *(uintptr_t *)model->start[run] = run + 1;
    model->again |= model->start[run] < model->highest;
    model->highest = ter_max(model->highest, model->start[run] + model->bytes[run]);
    model->used += model->bytes[run];
    model->count++;
    return TER_OK;
}

/* The last one of the list takes its place. */
static void leave(struct guarded_model *model, size_t run)
{
    size_t last = --model->count;

    ter_guarded_runs_leave(&model->runs, model->start[run]);
    model->used -= model->bytes[run];
    if (run == last)
        return;
    model->start[run] = model->start[last];
    model->bytes[run] = model->bytes[last];
    *(uintptr_t *)model->start[run] = run + 1;
}

static void do_something(struct guarded_model *model)
{
    if (model->count < RUNS && (model->count == 0 || test_below(&model->random, 5) < 3)) {
        size_t most = test_below(&model->random, 50) == 0 ? TER_MIB(3) : TER_KIB(20);

        assert_int_equal(take(model, 1 + test_below(&model->random, most)), TER_OK);
        return;
    }
    for (size_t some = 1 + test_below(&model->random, 20); some > 0 && model->count > 0; some--)
        leave(model, test_below(&model->random, model->count));
    ter_guarded_runs_close(&model->runs);
}

static void do_much(struct guarded_model *model, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        do_something(model);
        if (i % 50 == 0)
            check_runs(model);
    }
    check_runs(model);
}

/* As long as there are others no address comes again, and then the lowest. */
static void agrees_with_a_list(void **state)
{
    struct guarded_model *model = *state;

    while (model->highest < model->range.start + model->range.extent_bytes / 2)
        do_something(model);
    check_runs(model);
    assert_false(model->again);
    ter_log_set_level(TER_LOG_SILENT);
    do_much(model, test_iterations(3000));
    ter_log_set_level(TER_LOG_WARNING);
    assert_true(model->again);
}

static void what_is_given_up_cannot_be_touched(void **state)
{
    struct guarded_model *model = *state;
    size_t unit = model->runs.unit_bytes;
    enum ter_guarded_state what;
    uintptr_t start[3];

    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(take(model, 100), TER_OK);
        start[i] = model->start[i];
        assert_true(i == 0 || start[i] == start[i - 1] + 2 * unit);
        assert_false(can_touch(start[i] + unit, unit));
    }
    assert_int_equal(model->runs.mappings, 6);
    leave(model, 2);
    leave(model, 1);
    ter_guarded_runs_close(&model->runs);
    check_runs(model);
    for (unsigned i = 1; i < 3; i++) {
        assert_false(can_touch(start[i], unit));
        assert_int_equal(
            ter_guarded_runs_find(&model->range, &model->arena, start[i] + unit - 1, &what),
            start[i]);
        assert_int_equal(what, TER_GUARDED_GONE);
    }
    assert_int_equal(ter_guarded_runs_find(&model->range, &model->arena, start[2] + unit, &what),
                     0);
}

/* Of what can be closed with few mappings, much is; the rest has no memory. */
static void few_mappings_are_enough(void **state)
{
    struct guarded_model *model = *state;

    ter_log_set_level(TER_LOG_SILENT);
    ter_os_set_most_mappings(100);
    do_much(model, test_iterations(1000));
    assert_in_range(model->runs.mappings, 0, 100);
    ter_os_set_most_mappings(0);
    do_much(model, test_iterations(300));
    ter_log_set_level(TER_LOG_WARNING);
}

/* Whatever the system refuses, all is as before, or is closed later. */
static void refusals_do_no_harm(void **state)
{
    struct guarded_model *model = *state;
    const unsigned calls = TEST_CALL(PROTECT) | TEST_CALL(COMMIT);

    ter_log_set_level(TER_LOG_SILENT);
    test_fail_calls(calls, 0, TEST_FOR_EVER);
    assert_int_not_equal(take(model, 100), TER_OK);
    test_stop_failing(NULL);
    check_runs(model);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(take(model, 100), TER_OK);
    test_fail_calls(calls, 0, TEST_FOR_EVER);
    assert_int_not_equal(take(model, 100), TER_OK);
    for (unsigned i = 0; i < 50; i++)
        leave(model, test_below(&model->random, model->count));
    ter_guarded_runs_close(&model->runs);
    test_stop_failing(NULL);
    check_runs(model);
    do_much(model, 100);
    ter_log_set_level(TER_LOG_WARNING);
}

/* Pages of the system may be larger than ours. */
static void large_pages(void **state)
{
    struct guarded_model *model = *state;

    ter_log_set_level(TER_LOG_SILENT);
    ter_os_set_page_size(TER_KIB(16));
    ter_guarded_runs_init(&model->runs, &model->range, &model->arena);
    do_much(model, test_iterations(300));
    ter_log_set_level(TER_LOG_WARNING);
    ter_os_set_page_size(0);
}

static void what_is_too_large_is_refused(void **state)
{
    struct guarded_model *model = *state;
    size_t extent = model->range.extent_bytes;

    assert_int_equal(take(model, 0), TER_ERROR_NO_ADDRESS_SPACE);
    assert_int_equal(take(model, extent), TER_ERROR_NO_ADDRESS_SPACE);
    assert_int_equal(take(model, SIZE_MAX), TER_ERROR_NO_ADDRESS_SPACE);
    assert_int_equal(take(model, extent - model->runs.unit_bytes), TER_OK);
    assert_int_equal(take(model, 1), TER_ERROR_NO_ADDRESS_SPACE);
    check_runs(model);
}

#define GUARDED_TEST(test) cmocka_unit_test_setup_teardown(test, make_guarded, free_guarded)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GUARDED_TEST(agrees_with_a_list),
        GUARDED_TEST(what_is_given_up_cannot_be_touched),
        GUARDED_TEST(few_mappings_are_enough),
        GUARDED_TEST(refusals_do_no_harm),
        GUARDED_TEST(large_pages),
        GUARDED_TEST(what_is_too_large_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
