/* SPDX-License-Identifier: MIT */
/* Claims and releases, in maps of every form: ranges, conflicts, misuse. */
#include "maps.h"

#define TOP UINTPTR_MAX

static const struct ter_sft one_more = {.kind = TER_SPACE_OTHER, .name = "one more"};

/* A space may own regions before it has any memory there; it grows into them later. */
static void claim_before_any_growth(struct map_test *test)
{
    bool was_mapped = test_is_mapped(MAP_BASE, 1); /* where programs begin there */

    map_test_owners(test, "0000");
    assert_int_equal(map_test_claim(test, test->first, MAP_BASE, 4 * test->region), TER_OK);
    map_test_owners(test, "11110");
    assert_int_equal(map_test_claim(test, test->first, MAP_BASE + test->region, test->region),
                     TER_OK);
    assert_int_equal(
        map_test_claim(test, test->first, MAP_BASE + 3 * test->region, 2 * test->region), TER_OK);
    map_test_owners(test, "111110");
    assert_int_equal(test_is_mapped(MAP_BASE, 1), was_mapped);
}

static void unaligned_ranges(struct map_test *test)
{
    uintptr_t region = test->region;

    assert_int_equal(map_test_claim(test, test->first, MAP_BASE + region - 1, 2), TER_OK);
    map_test_owners(test, "1100");
    assert_int_equal(map_test_claim(test, test->second, MAP_BASE + 3 * region - 1, 1), TER_OK);
    map_test_owners(test, "11200");
    assert_int_equal(map_test_claim(test, test->second, MAP_BASE + 3 * region, 1), TER_OK);
    map_test_owners(test, "11220");
    assert_int_equal(map_test_claim(test, test->first, MAP_BASE + 5 * region + 5, 2 * region),
                     TER_OK);
    map_test_owners(test, "112201110");
    assert_int_equal(map_test_release(test, test->first, MAP_BASE + 6 * region + 7, 1), TER_OK);
    map_test_owners(test, "112201010");
    assert_int_equal(map_test_release(test, test->second, MAP_BASE + 3 * region - 1, 2), TER_OK);
    map_test_owners(test, "110001010");
    assert_int_equal(map_test_claim(test, test->second, MAP_BASE + MAP_REGIONS * region - 1, 1),
                     TER_OK);
    map_test_owners(test, "1100010100000002");
}

static void ranges_that_are_none(struct map_test *test)
{
    uintptr_t first = test->map.start, end = test->map.last + 1;
    const struct {
        uintptr_t start, bytes;
    } rows[] = {
        {MAP_BASE, 0},
        {first - 1, 0},
        {end, 0},
        {0, 0},
        {TOP, 0},
        {end, 1},
        {end - 1, 2},
        {first - 1, 1},
        {first - 1, 2},
        {MAP_BASE, end - MAP_BASE + 1},
        {MAP_BASE, 0 - MAP_BASE},
        {MAP_BASE, 0 - MAP_BASE + 1},
        {MAP_BASE, 0 - MAP_BASE + test->region},
        {MAP_BASE + 1, TOP},
        {MAP_BASE, TOP},
        {TOP, 1},
        {TOP, 2},
        {TOP, TOP},
        {end + MAP_CHUNK, 1},
        {TOP - MAP_CHUNK, MAP_CHUNK},
    };
    struct ter_sft_conflict conflict = {NULL, NULL, 5};

    assert_int_equal(map_test_claim(test, test->first, MAP_BASE + test->region, 1), TER_OK);
    for (size_t i = 0; i < TER_ARRAY_LENGTH(rows); i++) {
        uintptr_t start = rows[i].start, bytes = rows[i].bytes;

        assert_int_equal(ter_sft_map_claim(&test->map, test->first, start, bytes, &conflict),
                         TER_ERROR_OUT_OF_RANGE);
        assert_int_equal(ter_sft_map_release(&test->map, test->first, start, bytes, &conflict),
                         TER_ERROR_OUT_OF_RANGE);
        map_test_owners(test, "0100");
    }
    assert_true(conflict.claimant == NULL && conflict.owner == NULL && conflict.start == 5);
    /* The whole of it is a range. */
    assert_int_equal(map_test_claim(test, test->first, first, end - first), TER_OK);
    assert_int_equal(map_ask(&test->map, first), 1);
    assert_int_equal(map_ask(&test->map, end - 1), 1);
    assert_int_equal(map_test_release(test, test->first, first, end - first), TER_OK);
    map_test_owners(test, "0000");
}

/* A line that tells who was in the way, whatever part of it fits. */
static void check_conflict_text(const struct ter_sft_conflict *conflict)
{
    char whole[200], text[200], address[32];
    size_t length = ter_sft_conflict_print(conflict, whole, sizeof whole);

    assert_int_equal(length, strlen(whole));
    snprintf(address, sizeof address, "%#zx", (size_t)conflict->start);
    assert_non_null(strstr(whole, address));
    assert_non_null(strstr(whole, conflict->owner->name));
    assert_non_null(strstr(whole, conflict->claimant->name));
    assert_int_equal(ter_sft_conflict_print(conflict, NULL, 0), length);
    for (size_t size = 1; size <= length + 1; size++) {
        memset(text, 'x', sizeof text);
        assert_int_equal(ter_sft_conflict_print(conflict, text, size), length);
        assert_int_equal(strlen(text), size - 1);
        assert_memory_equal(text, whole, size - 1);
        assert_int_equal(text[size], 'x');
    }
}

static void a_claim_over_another(struct map_test *test)
{
    struct ter_sft_conflict conflict;

    assert_int_equal(map_test_claim(test, test->first, MAP_BASE + 2 * test->region, 1), TER_OK);
    assert_int_equal(map_test_claim(test, test->second, MAP_BASE + 4 * test->region, 1), TER_OK);
    assert_int_equal(
        ter_sft_map_claim(&test->map, test->second, MAP_BASE, 6 * test->region, &conflict),
        TER_ERROR_OWNED);
    map_test_owners(test, "0010200");
    assert_ptr_equal(conflict.claimant, test->second);
    assert_ptr_equal(conflict.owner, test->first);
    assert_int_equal(conflict.start, MAP_BASE + 2 * test->region);
    check_conflict_text(&conflict);
    assert_int_equal(
        ter_sft_map_claim(&test->map, test->first, MAP_BASE + 5 * test->region - 1, 9, &conflict),
        TER_ERROR_OWNED);
    assert_ptr_equal(conflict.claimant, test->first);
    assert_ptr_equal(conflict.owner, test->second);
    assert_int_equal(conflict.start, MAP_BASE + 4 * test->region);
    assert_int_equal(map_test_claim(test, test->second, MAP_BASE + 2 * test->region, 1),
                     TER_ERROR_OWNED);
    map_test_owners(test, "0010200");
    assert_non_null(strstr(ter_status_message(TER_ERROR_OWNED), "another"));
}

static void releases(struct map_test *test)
{
    struct ter_sft_conflict conflict;

    assert_int_equal(map_test_release(test, test->first, MAP_BASE, 8 * test->region), TER_OK);
    assert_int_equal(map_test_claim(test, test->first, MAP_BASE, 3 * test->region), TER_OK);
    assert_int_equal(map_test_claim(test, test->second, MAP_BASE + 3 * test->region, 1), TER_OK);
    assert_int_equal(
        ter_sft_map_release(&test->map, test->first, MAP_BASE, 4 * test->region, &conflict),
        TER_ERROR_OWNED);
    map_test_owners(test, "11120");
    assert_ptr_equal(conflict.claimant, test->first);
    assert_ptr_equal(conflict.owner, test->second);
    assert_int_equal(conflict.start, MAP_BASE + 3 * test->region);
    check_conflict_text(&conflict);
    assert_int_equal(map_test_release(test, test->second, MAP_BASE, 1), TER_ERROR_OWNED);
    /* Not counted: claimed twice, gone at once; and gone twice. */
    assert_int_equal(map_test_claim(test, test->first, MAP_BASE + test->region, 1), TER_OK);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(map_test_release(test, test->first, MAP_BASE + test->region, 1), TER_OK);
        map_test_owners(test, "10120");
    }
    assert_int_equal(map_test_claim(test, test->second, MAP_BASE + test->region, 1), TER_OK);
    map_test_owners(test, "12120");
}

static void claims_before_growth(void **state)
{
    (void)state;
    map_test_each_form(claim_before_any_growth);
}

static void unaligned_ranges_cover_what_they_touch(void **state)
{
    (void)state;
    map_test_each_form(unaligned_ranges);
}

static void ranges_that_wrap_or_leave_or_are_empty(void **state)
{
    (void)state;
    map_test_each_form(ranges_that_are_none);
}

static void a_claim_over_another_changes_nothing(void **state)
{
    (void)state;
    map_test_each_form(a_claim_over_another);
}

static void releases_are_harmless_and_only_the_owners(void **state)
{
    (void)state;
    map_test_each_form(releases);
}

/* ---- Misuse ---- */

struct misuse {
    const struct map_test *test;
    const struct ter_sft *space;
    ter_status (*call)(const struct ter_sft_map *map, const struct ter_sft *space, uintptr_t start,
                       uintptr_t bytes, struct ter_sft_conflict *conflict);
};

static void misuse(void *context)
{
    const struct misuse *wrong = context;

    wrong->call(&wrong->test->map, wrong->space, MAP_BASE + 0x1230, 1, NULL);
}

/* What is no space of the map may neither claim nor release. */
static void strangers(struct map_test *test)
{
    uintptr_t record = (uintptr_t)1 << test->map.log_record_bytes;
    const struct ter_sft *const wrong[] = {
        test->empty,
        &one_more,
        NULL,
        (const struct ter_sft *)((uintptr_t)test->first + 1),
        (const struct ter_sft *)((uintptr_t)test->first + record / 2),
        (const struct ter_sft *)((uintptr_t)test->second + record),
        (const struct ter_sft *)((uintptr_t)test->empty - record),
    };

    for (size_t i = 0; i < TER_ARRAY_LENGTH(wrong); i++) {
        struct misuse row = {test, wrong[i], ter_sft_map_claim};

        test_dies(misuse, &row, "was not added to this map");
        test_dies(misuse, &row, "0x40001230");
        row.call = ter_sft_map_release;
        test_dies(misuse, &row, "was not added to this map");
    }
    map_test_owners(test, "0000");
}

/* Behind the last record lies the table, whose entries are no record, whatever they hold. */
static void behind_the_last_record(struct map_test *test)
{
    struct misuse row = {test, NULL, ter_sft_map_claim};

    for (unsigned i = 3; i <= TER_SFT_MAX_SPACES; i++)
        row.space = map_add_space(&test->map, i);
    assert_int_equal(map_test_claim(test, row.space, test->map.start, 4 * test->region), TER_OK);
    row.space = (const struct ter_sft *)((uintptr_t)row.space +
                                         ((uintptr_t)1 << test->map.log_record_bytes));
    test_dies(misuse, &row, "was not added to this map");
}

static void strangers_are_misuse(void **state)
{
    (void)state;
    map_test_each_form(strangers);
    map_test_each_form(behind_the_last_record);
}

static void change_while_visiting(void *context, const struct ter_sft *space, uintptr_t start,
                                  uintptr_t last)
{
    (void)last;
    ter_sft_map_release(context, space, start, 1, NULL);
}

static void visit_and_change(void *context)
{
    ter_sft_map_for_each_run(context, change_while_visiting, context);
}

static void visit_by_nothing(void *context)
{
    ter_sft_map_for_each_run(context, NULL, NULL);
}

/* Another map is nobody's business. */
static void change_another(void *context, const struct ter_sft *space, uintptr_t start,
                           uintptr_t last)
{
    struct map_test *other = context;

    (void)space, (void)last;
    assert_int_equal(map_test_claim(other, other->first, start, 1), TER_OK);
}

static void visitors_may_change_another(void **state)
{
    struct map_test test, other;

    (void)state;
    map_test_open(&test, &map_forms[0]);
    map_test_open(&other, &map_forms[0]);
    assert_int_equal(map_test_claim(&test, test.first, MAP_BASE, 1), TER_OK);
    ter_sft_map_for_each_run(&test.map, change_another, &other);
    assert_true(ter_sft_map_get(&other.map, MAP_BASE) == other.first);
    ter_sft_map_destroy(&other.map);
    ter_sft_map_destroy(&test.map);
}

static void change_while_tracing(void *context, const struct ter_sft_change *change)
{
    ter_sft_map_release(context, change->space, change->start, change->bytes, NULL);
}

static void trace_and_change(void *context)
{
    const struct ter_sft_map *map = context;

    ter_sft_map_trace(map, change_while_tracing, context);
    ter_sft_map_claim(map, ter_sft_map_get(map, MAP_BASE), MAP_BASE, 1, NULL);
}

/* Changing a map from inside is found, where it would wait for itself. */
static void visitors_may_not_change(void **state)
{
    struct map_test test;

    (void)state;
    map_test_open(&test, &map_forms[0]);
    assert_int_equal(map_test_claim(&test, test.first, MAP_BASE, 1), TER_OK);
    test_dies(visit_and_change, &test.map, "ter_sft_map_release: not to be called here");
    test_dies(visit_by_nothing, &test.map, "ter_sft_map_for_each_run");
    test_dies(trace_and_change, &test.map, "ter_sft_map_release: not to be called here");
    ter_sft_map_destroy(&test.map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_before_growth),
        cmocka_unit_test(unaligned_ranges_cover_what_they_touch),
        cmocka_unit_test(ranges_that_wrap_or_leave_or_are_empty),
        cmocka_unit_test(a_claim_over_another_changes_nothing),
        cmocka_unit_test(releases_are_harmless_and_only_the_owners),
        cmocka_unit_test(strangers_are_misuse),
        cmocka_unit_test(visitors_may_not_change),
        cmocka_unit_test(visitors_may_change_another),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
