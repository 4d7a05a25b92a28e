/* SPDX-License-Identifier: MIT */
/*
 * Searches in tables of which parts are not mapped, against a list of the values that are not zero.
 * What is not mapped has no access, so reading it ends the test.
 */
#include "metadata/metadata.h"
#include "support.h"

#define CHUNKS 64u
#define DATA_BYTES (CHUNKS * TER_BYTES_IN_CHUNK)
#define MOST 48u

static const struct ter_side_spec specs[] = {
    {"terrier:test:1", 0, 4, false},   {"terrier:test:2", 1, 6, false},
    {"terrier:test:4", 2, 6, false},   {"terrier:test:8", 3, 8, false},
    {"terrier:test:16", 4, 10, false}, {"terrier:test:32", 5, 12, false},
    {"terrier:test:64", 6, 12, false}, {"terrier:test:wide", 3, 24, false},
};
#define SPECS TER_ARRAY_LENGTH(specs)

struct search_test {
    struct ter_side_metadata side;
    struct ter_random random;
    uintptr_t start;
    bool mapped[CHUNKS];
    uintptr_t region[SPECS][MOST]; /* data addresses of values that are not zero */
    size_t count[SPECS];
};

static int make_search(void **state)
{
    struct search_test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    test->random = test_random();
    test->start = ((uintptr_t)1 << 30) + 5 * TER_BYTES_IN_CHUNK;
    assert_int_equal(ter_side_init_specs(&test->side, specs, SPECS, test->start, DATA_BYTES),
                     TER_OK);
    *state = test;
    return 0;
}

static int free_search(void **state)
{
    struct search_test *test = *state;

    ter_side_fini(&test->side);
    free(test);
    return 0;
}

static void map_some(struct search_test *test)
{
    const ter_side_set every = (1u << SPECS) - 1;

    for (size_t i = 0; i < CHUNKS; i++)
        if (!test->mapped[i] && test_below(&test->random, 24) == 0) {
            assert_int_equal(ter_side_map(&test->side, every, test->start + i * TER_BYTES_IN_CHUNK,
                                          TER_BYTES_IN_CHUNK),
                             TER_OK);
            test->mapped[i] = true;
        }
}

/* In a mapped chunk, or anywhere. */
static uintptr_t random_address(struct search_test *test, bool mapped)
{
    size_t chunk = test_below(&test->random, CHUNKS);
    size_t offset = test_below(&test->random, TER_BYTES_IN_CHUNK);

    for (size_t i = 0; mapped && !test->mapped[chunk] && i < CHUNKS; i++)
        chunk = (chunk + 1) % CHUNKS;
    /* Often at an edge of a chunk, where a grain may end. */
    if (test_below(&test->random, 3) == 0)
        offset = test_below(&test->random, 2) == 0 ? 0 : TER_BYTES_IN_CHUNK - 1;
    return test->start + chunk * TER_BYTES_IN_CHUNK + offset;
}

static void store_some(struct search_test *test, size_t id)
{
    const struct ter_side_table *table = &test->side.tables[id];
    uintptr_t region = (uintptr_t)1 << specs[id].log_region;
    uintptr_t address = ter_align_down(random_address(test, true), region);

    if (address < test->start || !ter_side_is_mapped(table, address) || test->count[id] == MOST)
        return;
    if (ter_side_load(table, address) == 0)
        test->region[id][test->count[id]++] = address;
    ter_side_store(table, address, 1);
}

static size_t count_in(const struct search_test *test, size_t id, uintptr_t from, uintptr_t end,
                       uintptr_t *first, uintptr_t *last)
{
    size_t count = 0;

    *first = UINTPTR_MAX;
    *last = 0;
    for (size_t i = 0; i < test->count[id]; i++) {
        uintptr_t at = test->region[id][i];

        if (at < from || at >= end)
            continue;
        count++;
        *first = ter_min(*first, at);
        *last = ter_max(*last, at);
    }
    return count;
}

static bool count_visit(void *context, uintptr_t address)
{
    (void)address;
    ++*(size_t *)context;
    return true;
}

static void check_search(struct search_test *test, size_t id)
{
    const struct ter_side_table *table = &test->side.tables[id];
    uintptr_t from = random_address(test, false), end = random_address(test, false);
    uintptr_t first, last, found = 0;
    size_t wanted, visited = 0;

    /* Often short, and then often inside one byte of the table. */
    if (test_below(&test->random, 2) == 0)
        end = from + test_below(&test->random, (size_t)16 << specs[id].log_region);
    if (test_below(&test->random, 4) == 0 && test->count[id] > 0) {
        end = test->region[id][test_below(&test->random, test->count[id])];
        end += test_below(&test->random, (size_t)16 << specs[id].log_region);
        from = end - test_below(&test->random, (size_t)16 << specs[id].log_region);
    }
    /* Now and then beyond the data, to the ends of the address space. */
    if (test_below(&test->random, 6) == 0)
        from = test_below(&test->random, 2) == 0 ? 0 : test->start - 1;
    if (test_below(&test->random, 12) == 0)
        from = UINTPTR_MAX - test_below(&test->random, 9);
    if (test_below(&test->random, 6) == 0)
        end = test_below(&test->random, 2) == 0 ? UINTPTR_MAX : test->start + DATA_BYTES + 1;
    wanted = count_in(test, id, from, end, &first, &last);
    assert_int_equal(ter_side_find_next_non_zero(table, from, end, &found), wanted > 0);
    if (wanted > 0)
        assert_int_equal(found, first);
    assert_true(ter_side_for_each_non_zero(table, from, end, count_visit, &visited));
    assert_int_equal(visited, wanted);
    /* Downward the upper end is included. */
    wanted = count_in(test, id, from, end == UINTPTR_MAX ? end : end + 1, &first, &last);
    assert_int_equal(ter_side_find_previous_non_zero(table, end, from, &found), wanted > 0);
    if (wanted > 0)
        assert_int_equal(found, last);
}

static void holes(void **state)
{
    struct search_test *test = *state;
    unsigned steps = test_iterations(TER_HAS_TSAN ? 80 : 400);

    for (unsigned i = 0; i < steps; i++) {
        if (i % 40 == 0)
            map_some(test);
        for (size_t id = 0; id < SPECS; id++) {
            if (i % 8 == 0)
                store_some(test, id);
            for (unsigned n = 0; n < 4; n++)
                check_search(test, id);
        }
    }
}

/* Nothing mapped, nothing read. */
static void all_unmapped(void **state)
{
    struct search_test *test = *state;

    for (size_t id = 0; id < SPECS; id++)
        for (unsigned n = 0; n < 50; n++)
            check_search(test, id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(holes, make_search, free_search),
        cmocka_unit_test_setup_teardown(all_unmapped, make_search, free_search),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
