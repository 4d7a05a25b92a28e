/* SPDX-License-Identifier: MIT */
/* Tables of bits against an array of bools, one a granule. */
#include "metadata/metadata.h"
#include "support.h"

#define GRANULES 4096u

struct bits_test {
    uint64_t words[GRANULES / 64 + 2]; /* a guard word at each end */
    struct ter_side_table table;
    bool model[GRANULES];
    uintptr_t base; /* data address of the first granule; never touched */
    struct ter_random random;
};

static int make_bits(void **state)
{
    struct bits_test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    test->base = (uintptr_t)1 << 24;
    test->table.shift = TER_LOG_BYTES_IN_GRANULE + 3;
    test->table.bias = (uintptr_t)&test->words[1] - (test->base >> test->table.shift);
    test->words[0] = test->words[GRANULES / 64 + 1] = UINT64_C(0x0123456789abcdef);
    test->random = test_random();
    *state = test;
    return 0;
}

static int free_bits(void **state)
{
    struct bits_test *test = *state;

    free(test);
    return 0;
}

static uintptr_t granule(const struct bits_test *test, size_t index)
{
    return test->base + (index << TER_LOG_BYTES_IN_GRANULE);
}

static void check_all(const struct bits_test *test)
{
    for (size_t i = 0; i < GRANULES; i++)
        assert_int_equal(ter_bits_test(&test->table, granule(test, i)), test->model[i]);
    assert_true(test->words[0] == UINT64_C(0x0123456789abcdef));
    assert_true(test->words[GRANULES / 64 + 1] == UINT64_C(0x0123456789abcdef));
}

/* Any range, often one that begins or ends at a word, or is short or empty. */
static void random_range(struct bits_test *test, size_t *from, size_t *to)
{
    size_t most = test_below(&test->random, 3) == 0 ? GRANULES : 140;

    *from = test_below(&test->random, GRANULES + 1);
    *to = ter_min(GRANULES, *from + test_below(&test->random, most + 1));
    if (test_below(&test->random, 4) == 0)
        *from = ter_align_down(*from, 64);
    if (test_below(&test->random, 4) == 0)
        *to = ter_max(*from, ter_align_down(*to, 64));
}

static void random_operation(struct bits_test *test)
{
    size_t from, to, stride = 1 + test_below(&test->random, 130);
    size_t i = test_below(&test->random, GRANULES);

    random_range(test, &from, &to);
    switch (test_below(&test->random, 6)) {
    case 0:
        ter_bits_set_strided_shared(&test->table, granule(test, from), granule(test, to),
                                    stride << TER_LOG_BYTES_IN_GRANULE);
        for (size_t n = from; n < to; n += stride)
            test->model[n] = true;
        break;
    case 1:
        ter_bits_clear_range_shared(&test->table, granule(test, from), granule(test, to));
        for (size_t n = from; n < to; n++)
            test->model[n] = false;
        break;
    case 2:
        ter_bits_set(&test->table, granule(test, i));
        test->model[i] = true;
        break;
    case 3:
        ter_bits_set_shared(&test->table, granule(test, i));
        test->model[i] = true;
        break;
    case 4:
        ter_bits_clear(&test->table, granule(test, i));
        test->model[i] = false;
        break;
    default:
        assert_int_equal(ter_bits_clear_shared(&test->table, granule(test, i)), test->model[i]);
        test->model[i] = false;
        break;
    }
}

static void check_find(struct bits_test *test)
{
    size_t from, to, wanted;

    random_range(test, &from, &to);
    for (wanted = from; wanted < to && !test->model[wanted];)
        wanted++;
    assert_int_equal(ter_bits_find_set(&test->table, granule(test, from), granule(test, to)),
                     granule(test, wanted));
}

static void check_find_clear(struct bits_test *test)
{
    size_t from, to, wanted, stride = 1 + test_below(&test->random, 130);

    random_range(test, &from, &to);
    for (wanted = from; wanted < to && test->model[wanted];)
        wanted += stride;
    wanted = ter_min(wanted, to);
    assert_int_equal(ter_bits_find_clear_strided(&test->table, granule(test, from),
                                                 granule(test, to),
                                                 stride << TER_LOG_BYTES_IN_GRANULE),
                     granule(test, wanted));
}

static void random_operations(void **state)
{
    struct bits_test *test = *state;
    unsigned steps = test_iterations(20000);

    for (unsigned i = 0; i < steps; i++) {
        /* Most of the time sparse, so that searches are long. */
        if (i % 64 == 0) {
            ter_bits_clear_range_shared(&test->table, granule(test, 0), granule(test, GRANULES));
            memset(test->model, 0, sizeof test->model);
        }
        random_operation(test);
        check_find(test);
        check_find_clear(test);
        if (i % 16 == 0)
            check_all(test);
    }
    check_all(test);
}

static void empty_ranges_do_nothing(void **state)
{
    struct bits_test *test = *state;

    for (size_t i = 0; i < GRANULES; i += 3) {
        ter_bits_set(&test->table, granule(test, i));
        test->model[i] = true;
    }
    for (size_t i = 0; i <= 130; i++) {
        ter_bits_clear_range_shared(&test->table, granule(test, i), granule(test, i));
        ter_bits_set_strided_shared(&test->table, granule(test, i), granule(test, i), 16);
        assert_int_equal(ter_bits_find_set(&test->table, granule(test, i), granule(test, i)),
                         granule(test, i));
    }
    check_all(test);
}

/* Lines of 64 bytes of the table move as a whole; what lies beside them stays in both tables. */
static void moved_bits(void **state)
{
    enum { GRANULES_IN_LINE = 512, LINES = GRANULES / GRANULES_IN_LINE };
    struct bits_test *to = *state, *from;
    unsigned steps = test_iterations(400);
    void *other = NULL;

    make_bits(&other);
    from = other;
    for (unsigned step = 0; step < steps; step++) {
        size_t first = test_below(&to->random, LINES + 1);
        size_t end = first + test_below(&to->random, LINES + 1 - first);

        for (unsigned i = 0; i < 20; i++) {
            random_operation(to);
            if (step % 3 != 0)
                random_operation(from);
        }
        ter_bits_move(&from->table, &to->table, granule(to, first * GRANULES_IN_LINE),
                      granule(to, end * GRANULES_IN_LINE));
        for (size_t i = first * GRANULES_IN_LINE; i < end * GRANULES_IN_LINE; i++) {
            to->model[i] = to->model[i] || from->model[i];
            from->model[i] = false;
        }
        check_all(to);
        check_all(from);
    }
    free_bits(&other);
}

#define BITS_TEST(test) cmocka_unit_test_setup_teardown(test, make_bits, free_bits)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BITS_TEST(random_operations),
        BITS_TEST(empty_ranges_do_nothing),
        BITS_TEST(moved_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
