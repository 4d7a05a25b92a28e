/* SPDX-License-Identifier: MIT */
/* Root ranges against a map of bytes: adding, removing, clearing, excluding; data segments. */
#include "roots/roots.h"
#include "support.h"

#define BYTES 600u
#define EXCLUDED_BYTES 4096u

/* Static data of the program, to cut holes into. */
static uintptr_t program_data[EXCLUDED_BYTES / sizeof(uintptr_t)];

struct ranges_test {
    struct ter_roots roots;
    bool added[BYTES];
    bool seen[BYTES];
    size_t visited;
};

/* Visits look whether there is such memory. */
static char area[BYTES];
#define base ((uintptr_t)area)

static int make_roots(void **state)
{
    struct ranges_test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    ter_roots_init(&test->roots, false, false);
    *state = test;
    return 0;
}

static int free_roots(void **state)
{
    struct ranges_test *test = *state;

    ter_roots_fini(&test->roots);
    free(test);
    return 0;
}

static void see(void *context, uintptr_t start, uintptr_t end)
{
    struct ranges_test *test = context;

    assert_true(base <= start && start < end && end <= base + BYTES);
    for (uintptr_t at = start; at < end; at++)
        test->seen[at - base] = true;
    test->visited += end - start;
}

static void check_added(struct ranges_test *test)
{
    memset(test->seen, 0, sizeof test->seen);
    test->visited = 0;
    ter_roots_visit(&test->roots, see, test);
    assert_int_equal(ter_roots_bytes(&test->roots), test->visited);
    for (size_t i = 0; i < BYTES; i++)
        assert_int_equal(test->seen[i], test->added[i]);
}

static void random_ranges(void **state)
{
    struct ranges_test *test = *state;
    struct ter_random random = test_random();
    unsigned steps = test_iterations(20000);

    for (unsigned i = 0; i < steps; i++) {
        size_t from = test_below(&random, BYTES + 1);
        size_t to = from + test_below(&random, BYTES + 1 - from);
        bool add = test_below(&random, 5) < 2;

        if (test_below(&random, 3) == 0)
            to = ter_min(to, from + 8);
        assert_int_equal(
            (add ? ter_roots_add : ter_roots_remove)(&test->roots, base + from, base + to), TER_OK);
        for (size_t n = from; n < to; n++)
            test->added[n] = add;
        if (test_below(&random, 500) == 0) {
            ter_roots_clear(&test->roots);
            memset(test->added, 0, sizeof test->added);
        }
        check_added(test);
    }
}

static void many_ranges(void **state)
{
    struct ranges_test *test = *state;
    size_t bytes = 0;

    for (uintptr_t i = 0; i < 5000; i++) {
        assert_int_equal(ter_roots_add(&test->roots, i * 64 + 64, i * 64 + 80), TER_OK);
        assert_int_equal(ter_roots_add(&test->roots, i * 64 + 64, i * 64 + 80), TER_OK);
        bytes += 16;
    }
    assert_int_equal(ter_roots_bytes(&test->roots), bytes);
    assert_int_equal(ter_roots_remove(&test->roots, 0, UINTPTR_MAX), TER_OK);
    assert_int_equal(ter_roots_bytes(&test->roots), 0);
}

/* Taking out of the middle may need memory: refused, it leaves all as it was. */
static void refused_removal(void **state)
{
    struct ranges_test *test = *state;
    uint64_t failed = 0;

    while (failed == 0) {
        size_t i = test->roots.added.count;
        ter_status status;

        assert_true(i < 10000);
        test_fail_calls(TEST_ALL_CALLS, 0, TEST_FOR_EVER);
        status = ter_roots_add(&test->roots, 64 + i * 64, 128 + i * 64 - 8);
        test_stop_failing(&failed);
        assert_int_equal(status, failed == 0 ? TER_OK : TER_ERROR_NO_MEMORY);
        assert_int_equal(test->roots.added.count, i + (failed == 0));
        if (failed != 0 && i == 0) {
            /* Make the first page, then fill it. */
            assert_int_equal(ter_roots_add(&test->roots, 64, 120), TER_OK);
            failed = 0;
        }
    }
    test_fail_calls(TEST_ALL_CALLS, 0, TEST_FOR_EVER);
    assert_int_equal(ter_roots_remove(&test->roots, 80, 88), TER_ERROR_NO_MEMORY);
    test_stop_failing(NULL);
    assert_int_equal(ter_roots_bytes(&test->roots), test->roots.added.count * 56);
    assert_int_equal(ter_roots_remove(&test->roots, 80, 88), TER_OK);
    assert_int_equal(ter_roots_bytes(&test->roots), (test->roots.added.count - 1) * 56 - 8);
}

/* ---- Data segments ---- */

static void see_data(void *context, uintptr_t start, uintptr_t end)
{
    bool *seen = context;

    for (size_t i = 0; i < TER_ARRAY_LENGTH(program_data); i++)
        if (start <= (uintptr_t)&program_data[i] && (uintptr_t)&program_data[i] < end) {
            assert_false(seen[i]);
            seen[i] = true;
        }
}

/* Which words of the program's data are visited? */
static void visit_data(struct ter_roots *roots, bool *seen)
{
    memset(seen, 0, TER_ARRAY_LENGTH(program_data) * sizeof *seen);
    assert_int_equal(ter_roots_refresh(roots), TER_OK);
    ter_roots_visit(roots, see_data, seen);
}

static void excluded_data(void **state)
{
    struct ter_random random = test_random();
    bool seen[TER_ARRAY_LENGTH(program_data)], excluded[TER_ARRAY_LENGTH(program_data)];

    (void)state;
    for (unsigned round = 0; round < 30; round++) {
        struct ter_roots roots;

        ter_roots_init(&roots, true, round % 2 == 0);
        memset(excluded, 0, sizeof excluded);
        visit_data(&roots, seen);
        for (size_t i = 0; i < TER_ARRAY_LENGTH(program_data); i++)
            assert_true(seen[i]);
        for (unsigned n = 0; n < 12; n++) {
            size_t from = test_below(&random, TER_ARRAY_LENGTH(program_data));
            size_t to = from + test_below(&random, 60);

            to = ter_min(to, TER_ARRAY_LENGTH(program_data));
            assert_int_equal(ter_roots_exclude(&roots, (uintptr_t)&program_data[from],
                                               (uintptr_t)(program_data + to)),
                             TER_OK);
            for (size_t i = from; i < to; i++)
                excluded[i] = true;
            visit_data(&roots, seen);
            for (size_t i = 0; i < TER_ARRAY_LENGTH(program_data); i++)
                assert_int_equal(seen[i], !excluded[i]);
        }
        /* What the embedder adds is visited all the same. */
        assert_int_equal(
            ter_roots_add(&roots, (uintptr_t)program_data, (uintptr_t)program_data + 8), TER_OK);
        ter_roots_clear(&roots);
        visit_data(&roots, seen);
        for (size_t i = 0; i < TER_ARRAY_LENGTH(program_data); i++)
            assert_false(seen[i]);
        ter_roots_fini(&roots);
    }
}

static size_t programs_asked, libraries_asked;

static int refuse_the_program(const char *library, void *start, size_t bytes)
{
    assert_true(start != NULL && bytes > 0);
    if (library[0] == '\0')
        programs_asked++;
    else
        libraries_asked++;
    return library[0] != '\0';
}

static void a_filter_chooses_segments(void **state)
{
    struct ter_roots all, filtered;
    bool seen[TER_ARRAY_LENGTH(program_data)];

    (void)state;
    ter_roots_init(&all, true, true);
    ter_roots_init(&filtered, true, true);
    ter_roots_set_filter(&filtered, refuse_the_program);
    visit_data(&all, seen);
    assert_true(seen[0]);
    visit_data(&filtered, seen);
    assert_false(seen[0]);
    assert_true(programs_asked > 0 && libraries_asked > 0);
    assert_in_range(ter_roots_bytes(&filtered), 1, ter_roots_bytes(&all) - sizeof program_data);
    ter_roots_set_filter(&filtered, NULL);
    visit_data(&filtered, seen);
    assert_true(seen[0]);
    assert_int_equal(
        ter_roots_exclude(&filtered, (uintptr_t)program_data, (uintptr_t)(program_data + 1)),
        TER_OK);
    visit_data(&filtered, seen);
    assert_false(seen[0]);
    ter_roots_clear_excluded(&filtered);
    visit_data(&filtered, seen);
    assert_true(seen[0]);
    ter_roots_fini(&filtered);
    ter_roots_fini(&all);
}

static void flags_choose_segments(void **state)
{
    struct ter_roots roots;
    size_t bytes[4];

    (void)state;
    for (unsigned flags = 0; flags < 4; flags++) {
        ter_roots_init(&roots, (flags & 1) != 0, (flags & 2) != 0);
        assert_int_equal(ter_roots_refresh(&roots), TER_OK);
        bytes[flags] = ter_roots_bytes(&roots);
        ter_roots_fini(&roots);
    }
    assert_int_equal(bytes[0], 0);
    assert_true(bytes[1] >= sizeof program_data);
    assert_int_equal(bytes[3], bytes[1] + bytes[2]);
}

static void refused_refresh(void **state)
{
    struct ter_roots roots;
    bool seen[TER_ARRAY_LENGTH(program_data)];

    (void)state;
    ter_roots_init(&roots, true, true);
    test_fail_calls(TEST_ALL_CALLS, 0, 1);
    assert_int_equal(ter_roots_refresh(&roots), TER_ERROR_NO_MEMORY);
    test_stop_failing(NULL);
    visit_data(&roots, seen);
    assert_true(seen[0]);
    ter_roots_fini(&roots);
}

/* ---- Stacks ---- */

static TER_NO_SANITIZE void see_word(void *context, uintptr_t start, uintptr_t end)
{
    uintptr_t *wanted = context;

    for (const uintptr_t *word = (const uintptr_t *)start; (uintptr_t)word < end; word++)
        if (*word == wanted[0])
            wanted[1]++;
}

static void see_stack(void *context, uintptr_t stack_pointer)
{
    see_word(context, stack_pointer, ter_os_stack_base());
}

static void the_stack_is_visited(void **state)
{
    volatile uintptr_t on_stack = (uintptr_t)0x5ca1ab1e;
    uintptr_t wanted[2] = {0, 0};

    (void)state;
    on_stack ^= 0x1234;
    wanted[0] = on_stack;
    ter_stack_call(see_stack, wanted);
    assert_true(wanted[1] >= 2);
}

#define ROOTS_TEST(test) cmocka_unit_test_setup_teardown(test, make_roots, free_roots)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROOTS_TEST(random_ranges),
        ROOTS_TEST(many_ranges),
        ROOTS_TEST(refused_removal),
        cmocka_unit_test(excluded_data),
        cmocka_unit_test(a_filter_chooses_segments),
        cmocka_unit_test(flags_choose_segments),
        cmocka_unit_test(refused_refresh),
        cmocka_unit_test(the_stack_is_visited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
