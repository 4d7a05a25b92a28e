/* SPDX-License-Identifier: MIT */
/* The monotone page resource against an array of pages, with slots and beside another space. */
#include "arena.h"

#define PAGES (TEST_SLOTS * TEST_SLOT_PAGES)

struct model {
    struct ter_arena arena;
    struct ter_range range, other;
    struct ter_monotone monotone;
    struct ter_random random;
    size_t used;
    bool taken[PAGES];
};

static const struct ter_arena_settings forms[] = {
    {.layout = {"slots", TEST_START, TEST_LOG_EXTENT, TEST_SLOTS, true, 0, false, 0}},
    {.layout = {"shared", 0, TEST_LOG_EXTENT, TEST_SLOTS, false, 0, false, 0}},
};

static struct model *make(const struct ter_arena_settings *form)
{
    struct model *model = calloc(1, sizeof *model);

    assert_non_null(model);
    assert_int_equal(ter_arena_init(&model->arena, form), TER_OK);
    ter_range_init(&model->range, &model->arena, 1, TER_SIDE_SET(MARK),
                   test_add_owner(&model->arena));
    ter_range_init(&model->other, &model->arena, 2, TER_SIDE_SET(MARK),
                   test_add_owner(&model->arena));
    ter_monotone_init(&model->monotone, &model->range, &model->arena);
    model->random = test_random();
    return model;
}

static void free_model(struct model *model)
{
    ter_arena_fini(&model->arena);
    free(model);
}

static void check(const struct model *model)
{
    const struct ter_accounting *accounting = &model->arena.accounting;
    size_t chunks = model->range.chunks + model->other.chunks;

    assert_int_equal(test_used_bytes(&model->arena), model->used << TER_LOG_BYTES_IN_PAGE);
    assert_int_equal(atomic_load(&accounting->mapped_bytes), chunks << TER_LOG_BYTES_IN_CHUNK);
    assert_int_equal(atomic_load(&accounting->clean_bytes),
                     (model->range.chunks << TER_LOG_BYTES_IN_CHUNK) -
                         (model->used << TER_LOG_BYTES_IN_PAGE));
}

static bool take(struct model *model, size_t pages)
{
    uintptr_t start;
    size_t first;
    ter_status status = ter_monotone_acquire(&model->monotone, pages, &start);

    if (status != TER_OK) {
        assert_int_equal(status, TER_ERROR_NO_ADDRESS_SPACE);
        return false;
    }
    first = (start - model->arena.layout.heap_start) >> TER_LOG_BYTES_IN_PAGE;
    assert_true(first + pages <= PAGES);
    for (size_t i = first; i < first + pages; i++) {
        uintptr_t page = start + ((i - first) << TER_LOG_BYTES_IN_PAGE);

        assert_false(model->taken[i]);
        assert_true(ter_range_holds(&model->range, &model->arena, page));
        assert_int_equal(*(uintptr_t *)page, 0);
        *(uintptr_t *)page = i;
        model->taken[i] = true;
    }
    model->used += pages;
    return true;
}

static void release_all(struct model *model)
{
    assert_int_equal(ter_monotone_release_all(&model->monotone), TER_OK);
    memset(model->taken, 0, sizeof model->taken);
    model->used = 0;
    assert_int_equal(model->range.chunks, 0);
    check(model);
}

static void take_and_release(const struct ter_arena_settings *form)
{
    struct model *model = make(form);
    unsigned steps = test_iterations(3000);
    uintptr_t start;

    for (unsigned i = 0; i < steps; i++) {
        size_t what = test_below(&model->random, 60);

        if (what == 0)
            release_all(model);
        else if (what == 1)
            (void)ter_range_grow(&model->other, &model->arena, 1, &start);
        else if (!take(model, 1 + test_below(&model->random, what == 2 ? 2500 : 40)))
            release_all(model);
        check(model);
    }
    assert_int_equal(ter_monotone_acquire(&model->monotone, 0, &start), TER_ERROR_NO_ADDRESS_SPACE);
    assert_int_equal(ter_monotone_acquire(&model->monotone, SIZE_MAX >> 12, &start),
                     TER_ERROR_NO_ADDRESS_SPACE);
    free_model(model);
}

static void in_every_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(forms); i++)
        take_and_release(&forms[i]);
}

/* With nobody between, chunks join and no page is skipped. */
static void nothing_is_skipped_alone(void **state)
{
    struct model *model = make(&forms[0]);
    size_t pages = TER_PAGES_IN_CHUNK - 24;

    (void)state;
    for (size_t taken = 0; taken + pages <= TEST_SLOT_PAGES; taken += pages)
        assert_true(take(model, pages));
    assert_int_equal(model->range.chunks, TEST_SLOT_PAGES / TER_PAGES_IN_CHUNK);
    free_model(model);
}

static void what_the_system_keeps_is_tried_again(void **state)
{
    struct model *model = make(&forms[0]);

    (void)state;
    assert_true(take(model, 3000));
    test_fail_calls(TEST_CALL(DECOMMIT), 0, 1);
    assert_int_not_equal(ter_monotone_release_all(&model->monotone), TER_OK);
    test_stop_failing(NULL);
    memset(model->taken, 0, sizeof model->taken);
    model->used = 0;
    assert_int_not_equal(model->range.chunks, 0);
    check(model);
    assert_true(take(model, 10));
    release_all(model);
    free_model(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_every_form),
        cmocka_unit_test(nothing_is_skipped_alone),
        cmocka_unit_test(what_the_system_keeps_is_tried_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
