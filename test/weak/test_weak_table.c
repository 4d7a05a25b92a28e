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

/* ---- Passes ---- */

struct pass_test {
    struct ter_weak_table table;
    bool there[KEYS], recent[KEYS], met[KEYS];
    uintptr_t place[KEYS]; /* the number of its key now */
};

static uintptr_t place_key(uintptr_t place)
{
    return 2 * key_of(place);
}

/* Records know whose they are by their value. */
static void insert_recent(struct pass_test *test, size_t i)
{
    struct record *record = ter_weak_table_insert(&test->table, place_key(test->place[i]));

    assert_non_null(record);
    assert_true(!test->there[i] || record->value == i);
    record->value = i;
    test->there[i] = test->recent[i] = true;
}

static void meet(void *record, void *context)
{
    struct pass_test *test = context;
    size_t i = (size_t)((struct record *)record)->value;

    assert_true(test->there[i] && !test->met[i]);
    test->met[i] = true;
}

/* May be asked twice. */
static bool goes(void *record, void *context)
{
    struct pass_test *test = context;

    test->met[((struct record *)record)->value] = true;
    return ((struct record *)record)->value % 3 == 0;
}

/* Places move by one, round a circle of four: each new key may be another's old one. */
static uintptr_t next_place(void *context, uintptr_t key)
{
    const struct pass_test *test = context;
    size_t i = 0;

    while (!test->there[i] || place_key(test->place[i]) != key)
        i++;
    return place_key(test->place[i] - test->place[i] % 4 + (test->place[i] + 1) % 4);
}

static void check_met(struct pass_test *test, bool recent)
{
    for (size_t i = 0; i < KEYS; i++) {
        bool must = test->there[i] && (!recent || test->recent[i]);

        assert_int_equal(test->met[i], must);
        test->met[i] = false;
    }
}

/* Those that are not there keep a place of their own in the circle too. */
static void move_circle(struct pass_test *test, size_t first, bool recent)
{
    bool moves = !recent;

    for (size_t i = first; i < first + 4; i++)
        moves = moves || (test->there[i] && test->recent[i]);
    for (size_t i = first; moves && i < first + 4; i++)
        test->place[i] = first + (test->place[i] + 1) % 4;
}

static void move_places(struct pass_test *test, bool recent)
{
    for (size_t first = 0; first < KEYS; first += 4)
        move_circle(test, first, recent);
    for (size_t i = 0; i < KEYS; i++) {
        const struct record *record = ter_weak_table_find(&test->table, place_key(test->place[i]));

        assert_int_equal(record != NULL, test->there[i]);
        assert_true(record == NULL || record->value == i);
    }
}

static void change_some(struct pass_test *test, struct ter_random *random, unsigned changes)
{
    for (unsigned change = 0; change < changes; change++) {
        size_t i = (size_t)ter_random_below(random, KEYS);

        if (ter_random_below(random, 3) != 0)
            insert_recent(test, i);
        else if (test->there[i])
            test->there[i] = !ter_weak_table_remove(&test->table, place_key(test->place[i]));
    }
}

/* Who is recent moves to where another one of the circle is, so that has to move as well. */
static void complete_circles(struct pass_test *test)
{
    for (size_t i = 0; i < KEYS; i++)
        if (test->there[i] && test->recent[i])
            for (size_t one = i - i % 4; one < i - i % 4 + 4; one++)
                if (test->there[one])
                    insert_recent(test, one);
}

static void pass(struct pass_test *test, bool recent)
{
    ter_weak_table_walk(&test->table, recent, meet, test);
    check_met(test, recent);
    ter_weak_table_sift(&test->table, recent, goes, test);
    check_met(test, recent);
    for (size_t i = 0; i < KEYS; i += 3)
        test->there[i] = test->there[i] && recent && !test->recent[i];
    ter_weak_table_rekey(&test->table, recent, next_place, test);
    move_places(test, recent);
    ter_weak_table_walk(&test->table, recent, meet, test);
    check_met(test, recent);
    ter_weak_table_settle(&test->table);
    memset(test->recent, 0, sizeof test->recent);
}

static void passes_meet_each_record_once(void **state)
{
    struct ter_random random = test_random();
    struct pass_test test = {0};

    (void)state;
    ter_weak_table_init(&test.table, sizeof(struct record));
    ter_weak_table_watch(&test.table);
    for (size_t i = 0; i < KEYS; i++)
        test.place[i] = i;
    for (unsigned round = 0; round < 400; round++) {
        change_some(&test, &random, (unsigned)ter_random_below(&random, 30));
        complete_circles(&test);
        pass(&test, !test.table.recent.all && round % 8 != 7);
    }
    ter_weak_table_fini(&test.table);
    assert_true(test.table.recent.watched);
}

#define TABLE_TEST(test) cmocka_unit_test_setup_teardown(test, make_table, free_table)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(random_operations),
        TABLE_TEST(empty_table),
        TABLE_TEST(refused_growth),
        TABLE_TEST(a_key_is_not_zero),
        cmocka_unit_test(passes_meet_each_record_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
