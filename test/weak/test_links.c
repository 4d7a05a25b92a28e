/* SPDX-License-Identifier: MIT */
/* Disappearing links: registration, moves, clearing, and links that lie in objects that die. */
#include "graph.h"

#define LINKS 300u

struct links_test {
    struct graph graph;
    struct ter_links links;
    uintptr_t word[LINKS];
    bool registered[LINKS];
};

static int make_links(void **state)
{
    struct links_test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    graph_init(&test->graph);
    ter_links_init(&test->links);
    *state = test;
    return 0;
}

static int free_links(void **state)
{
    struct links_test *test = *state;

    ter_links_fini(&test->links);
    free(test);
    return 0;
}

static void add(struct links_test *test, size_t i, size_t node)
{
    bool existed;

    test->word[i] = graph_address(node);
    assert_int_equal(
        ter_links_register(&test->links, (uintptr_t)&test->word[i], graph_address(node), &existed),
        TER_OK);
    assert_int_equal(existed, test->registered[i]);
    test->registered[i] = true;
}

static void registration(void **state)
{
    struct links_test *test = *state;
    uintptr_t link = (uintptr_t)&test->word[0], other = (uintptr_t)&test->word[1];

    assert_false(ter_links_unregister(&test->links, link));
    add(test, 0, 3);
    add(test, 0, 4);
    assert_int_equal(test->links.table.count, 1);
    test->graph.reached[4] = true;
    ter_links_clear_unreached(&test->links, &test->graph.reach);
    assert_int_equal(test->word[0], graph_address(4));
    assert_true(ter_links_unregister(&test->links, link));
    assert_false(ter_links_unregister(&test->links, link));
    assert_int_equal(ter_links_move(&test->links, link, other), TER_ERROR_UNKNOWN_NAME);
}

static void moves(void **state)
{
    struct links_test *test = *state;

    add(test, 0, 3);
    add(test, 1, 4);
    assert_int_equal(
        ter_links_move(&test->links, (uintptr_t)&test->word[0], (uintptr_t)&test->word[1]),
        TER_ERROR_OWNED);
    assert_int_equal(
        ter_links_move(&test->links, (uintptr_t)&test->word[0], (uintptr_t)&test->word[0]), TER_OK);
    test_fail_calls(TEST_ALL_CALLS, 0, TEST_FOR_EVER);
    assert_int_equal(
        ter_links_move(&test->links, (uintptr_t)&test->word[0], (uintptr_t)&test->word[2]), TER_OK);
    test_stop_failing(NULL);
    test->word[2] = test->word[0];
    ter_links_clear_unreached(&test->links, &test->graph.reach);
    assert_int_equal(test->word[0], graph_address(3));
    assert_int_equal(test->word[1], 0);
    assert_int_equal(test->word[2], 0);
    assert_int_equal(test->links.table.count, 0);
}

static void random_clearing(void **state)
{
    struct links_test *test = *state;
    struct ter_random random = test_random();
    size_t target[LINKS];

    for (unsigned round = 0; round < test_iterations(1000); round++) {
        size_t left = 0;

        for (unsigned n = 0; n < 60; n++) {
            size_t i = test_below(&random, LINKS);

            target[i] = test_below(&random, GRAPH_NODES);
            add(test, i, target[i]);
        }
        for (size_t i = 0; i < GRAPH_NODES; i++)
            test->graph.reached[i] = test_below(&random, 4) != 0;
        ter_links_clear_unreached(&test->links, &test->graph.reach);
        for (size_t i = 0; i < LINKS; i++) {
            if (!test->registered[i])
                continue;
            test->registered[i] = test->graph.reached[target[i]];
            assert_int_equal(test->word[i], test->registered[i] ? graph_address(target[i]) : 0);
            left += test->registered[i];
        }
        assert_int_equal(test->links.table.count, left);
    }
}

/* The words are parts of nodes: word i lies in node i % GRAPH_NODES; the last ones in none. */
static uintptr_t base_of(void *context, uintptr_t address)
{
    struct graph *graph = context;
    const struct links_test *test = (const struct links_test *)(void *)graph;
    size_t i = (address - (uintptr_t)test->word) / sizeof test->word[0];

    return i < LINKS - 20 ? graph_address(i % GRAPH_NODES) : 0;
}

static void links_in_dead_objects(void **state)
{
    struct links_test *test = *state;
    size_t left = 0;

    for (size_t i = 0; i < LINKS; i++)
        add(test, i, 1);
    for (size_t i = 0; i < GRAPH_NODES; i++)
        test->graph.reached[i] = i % 3 != 0;
    ter_links_forget_dead(&test->links, &test->graph.reach, base_of);
    for (size_t i = 0; i < LINKS; i++) {
        bool kept = i >= LINKS - 20 || i % GRAPH_NODES % 3 != 0;

        assert_int_equal(test->word[i], graph_address(1));
        assert_int_equal(ter_links_unregister(&test->links, (uintptr_t)&test->word[i]), kept);
        left += kept;
    }
    assert_true(left > 20 && left < LINKS);
}

static void refused_registration(void **state)
{
    struct links_test *test = *state;
    bool existed;

    test_fail_calls(TEST_ALL_CALLS, 0, TEST_FOR_EVER);
    assert_int_equal(ter_links_register(&test->links, (uintptr_t)&test->word[0], 4096, &existed),
                     TER_ERROR_NO_MEMORY);
    test_stop_failing(NULL);
    assert_int_equal(test->links.table.count, 0);
    add(test, 0, 2);
}

#define LINKS_TEST(test) cmocka_unit_test_setup_teardown(test, make_links, free_links)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINKS_TEST(registration),         LINKS_TEST(moves),
        LINKS_TEST(random_clearing),      LINKS_TEST(links_in_dead_objects),
        LINKS_TEST(refused_registration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
