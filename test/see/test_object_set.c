/* SPDX-License-Identifier: MIT */
/* Sets of objects against an array of all that there could be. */
#include "see/see.h"
#include "support.h"

enum { REGIONS = 40, GRANULES = 4096, ALL = REGIONS * GRANULES };

static uint8_t there[ALL], marked[ALL];
static uint8_t seen[ALL];
static size_t numbers[ALL];
static struct ter_object_set set;

/* Regions that lie far from each other, so that no table of all addresses would do. */
static uintptr_t object_at(size_t index)
{
    uintptr_t region = index / GRANULES;

    return (region * region * 37 + 11) * TER_KIB(64) + index % GRANULES * TER_BYTES_IN_GRANULE;
}

static void fill(struct ter_random *random, unsigned one_in)
{
    memset(there, 0, sizeof there);
    memset(marked, 0, sizeof marked);
    ter_object_set_init(&set);
    for (size_t i = 0; i < ALL / one_in; i++) {
        size_t index = test_below(random, ALL);

        there[index] = 1;
        assert_true(ter_object_set_add(&set, object_at(index)));
    }
}

static void check_found(void)
{
    size_t count = 0, found = 0;

    for (size_t i = 0; i < ALL; i++)
        count += there[i];
    assert_int_equal(ter_object_set_number(&set), count);
    memset(seen, 0, sizeof seen);
    for (size_t i = 0; i < ALL; i++) {
        size_t number = ter_object_set_find(&set, object_at(i));

        assert_true((number != TER_NO_OBJECT) == (there[i] != 0));
        if (number == TER_NO_OBJECT)
            continue;
        assert_true(number < count && !seen[number]);
        seen[number] = 1;
        numbers[i] = number;
        found++;
    }
    assert_int_equal(found, count);
    assert_int_equal(ter_object_set_find(&set, 0), TER_NO_OBJECT);
    assert_int_equal(ter_object_set_find(&set, UINTPTR_MAX & ~(uintptr_t)15), TER_NO_OBJECT);
}

static void mark_some(struct ter_random *random)
{
    for (size_t i = 0; i < ALL; i++) {
        size_t index = test_below(random, ALL);
        bool is_new = there[index] && !marked[index];

        assert_true(ter_object_set_mark(&set, object_at(index)) == is_new);
        marked[index] |= there[index];
    }
    for (size_t i = 0; i < ALL; i++)
        assert_true(ter_object_set_is_marked(&set, object_at(i)) == (marked[i] != 0));
}

struct walk {
    size_t next;
    size_t index; /* of the object before */
};

/* In the order of their numbers. */
static void visit(void *context, uintptr_t object, bool is_marked)
{
    struct walk *walk = context;
    size_t number = ter_object_set_find(&set, object);

    assert_int_equal(number, walk->next++);
    seen[number] = (uint8_t)(1 + is_marked);
}

static void check_walk(void)
{
    struct walk walk = {0, 0};

    memset(seen, 0, sizeof seen);
    ter_object_set_for_each(&set, visit, &walk);
    assert_int_equal(walk.next, set.count);
    for (size_t i = 0; i < ALL; i++)
        if (there[i])
            assert_int_equal(seen[numbers[i]], 1 + marked[i]);
}

static void test_against_array(void **state)
{
    static const unsigned one_in[] = {1, 3, 50, 5000, ALL * 2};
    struct ter_random random = test_random();

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(one_in); i++) {
        fill(&random, one_in[i]);
        check_found();
        mark_some(&random);
        check_walk();
        ter_object_set_fini(&set);
    }
}

static void test_no_memory(void **state)
{
    bool added = true;

    (void)state;
    ter_object_set_init(&set);
    test_fail_calls(TEST_ALL_CALLS, 2, TEST_FOR_EVER);
    for (size_t i = 0; i < ALL && added; i++)
        added = ter_object_set_add(&set, (i + 1) * TER_KIB(64));
    (void)test_stop_failing(NULL);
    assert_false(added);
    ter_object_set_fini(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_array),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
