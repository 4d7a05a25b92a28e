/* SPDX-License-Identifier: MIT */
/* The table of weak things against a plain array of its records. */
#include "support.h"
#include "weak/weak.h"

#define KEYS 400u

struct record {
    uintptr_t key;
    uint64_t value;
    uint32_t more;
};

struct table_test {
    struct ter_weak_table table;
    bool there[KEYS];
    uint64_t value[KEYS];
    size_t count;
};

static int make_table(void **state)
{
    struct table_test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    ter_weak_table_init(&test->table, sizeof(struct record));
    *state = test;
    return 0;
}

static int free_table(void **state)
{
    struct table_test *test = *state;

    ter_weak_table_fini(&test->table);
    assert_int_equal(test->table.capacity, 0);
    assert_int_equal(test->table.count, 0);
    free(test);
    return 0;
}

/* Eight keys in a row have one home: long clusters, some over the end of the table. */
static uintptr_t key_of(size_t i)
{
    return (uintptr_t)0x10000 + (i / 8) * 0x40 + i % 8;
}

static void check_key(const struct table_test *test, size_t i)
{
    const struct record *record = ter_weak_table_find(&test->table, key_of(i));

    assert_int_equal(record != NULL, test->there[i]);
    if (record == NULL)
        return;
    assert_int_equal(record->key, key_of(i));
    assert_true(record->value == test->value[i]);
    assert_int_equal(record->more, (uint32_t)test->value[i]);
}

static void check_all(const struct table_test *test)
{
    size_t seen = 0;

    assert_int_equal(test->table.count, test->count);
    for (size_t i = 0; i < KEYS; i++)
        check_key(test, i);
    for (size_t bucket = 0; bucket < test->table.capacity; bucket++)
        seen += ter_weak_table_at(&test->table, bucket) != NULL;
    assert_int_equal(seen, test->count);
    assert_true(test->count <= test->table.capacity);
}

static void insert(struct table_test *test, size_t i, uint64_t value)
{
    struct record *record = ter_weak_table_insert(&test->table, key_of(i));

    assert_non_null(record);
    assert_int_equal(record->key, key_of(i));
    if (!test->there[i]) {
        assert_true(record->value == 0 && record->more == 0);
        test->there[i] = true;
        test->count++;
    }
    record->value = test->value[i] = value;
    record->more = (uint32_t)value;
}

static void remove_key(struct table_test *test, size_t i)
{
    assert_int_equal(ter_weak_table_remove(&test->table, key_of(i)), test->there[i]);
    test->count -= test->there[i];
    test->there[i] = false;
}

static void random_operations(void **state)
{
    struct table_test *test = *state;
    struct ter_random random = test_random();
    unsigned steps = test_iterations(100000);
    size_t most = 8;

    for (unsigned i = 0; i < steps; i++) {
        size_t key = test_below(&random, most);

        /* More and more keys, so that every capacity is full for a while. */
        if (i % 2000 == 1999)
            most = ter_min(most + most / 2, KEYS);
        if (test_below(&random, 100) < (i / 500 % 2 == 0 ? 70u : 35u))
            insert(test, key, ter_random_next(&random));
        else
            remove_key(test, key);
        check_key(test, key);
        if (i % 64 == 0)
            check_all(test);
    }
    for (size_t i = 0; i < KEYS; i++)
        remove_key(test, i);
    check_all(test);
}

static void empty_table(void **state)
{
    struct table_test *test = *state;

    check_all(test);
    assert_false(ter_weak_table_remove(&test->table, 16));
    assert_null(ter_weak_table_find(&test->table, 16));
}

static void refused_growth(void **state)
{
    struct table_test *test = *state;
    size_t i = 0;

    test_fail_calls(TEST_CALL(ALLOCATE), 0, TEST_FOR_EVER);
    assert_null(ter_weak_table_insert(&test->table, key_of(0)));
    check_all(test);
    test_stop_failing(NULL);
    insert(test, i++, 7);
    test_fail_calls(TEST_CALL(ALLOCATE), 0, TEST_FOR_EVER);
    while (ter_weak_table_insert(&test->table, key_of(i)) != NULL) {
        test->there[i++] = true;
        test->count++;
        assert_true(i < KEYS);
    }
    test_stop_failing(NULL);
    check_all(test);
    insert(test, i, 9);
    check_all(test);
}

static void insert_zero(void *context)
{
    struct table_test *test = context;

    ter_weak_table_insert(&test->table, 0);
}

static void a_key_is_not_zero(void **state)
{
    test_dies(insert_zero, *state, "broken invariant");
}

#define TABLE_TEST(test) cmocka_unit_test_setup_teardown(test, make_table, free_table)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(random_operations),
        TABLE_TEST(empty_table),
        TABLE_TEST(refused_growth),
        TABLE_TEST(a_key_is_not_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
