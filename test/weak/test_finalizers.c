/* SPDX-License-Identifier: MIT */
/*
 * Finalizers over small graphs: the four orders, cycles, the queue, refused memory; and random
 * graphs against the rules written as sets.
 */
#include "graph.h"

struct final_test {
    struct graph graph;
    struct ter_finalizers finalizers;
};

static int make_finalizers(void **state)
{
    struct final_test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    graph_init(&test->graph);
    ter_finalizers_init(&test->finalizers);
    *state = test;
    return 0;
}

static int free_finalizers(void **state)
{
    struct final_test *test = *state;

    ter_finalizers_fini(&test->finalizers);
    free(test);
    return 0;
}

static void function(void *object, void *data)
{
    (void)object, (void)data;
}

static void set(struct final_test *test, size_t node, enum ter_finalizer_order order)
{
    struct ter_finalizer wanted = {graph_address(node), function, NULL, order}, old;

    assert_int_equal(ter_finalizers_register(&test->finalizers, &wanted, &old), TER_OK);
}

/* A collection without roots but those of the finalizers. */
static void collect(struct final_test *test)
{
    memset(test->graph.reached, 0, sizeof test->graph.reached);
    ter_finalizers_reach(&test->finalizers, &test->graph.reach);
    ter_finalizers_process(&test->finalizers, &test->graph.reach);
}

/* The next finalizer is that of `node`; SIZE_MAX: there is none. */
static void expect(struct final_test *test, size_t node)
{
    struct ter_finalizer next = {0};
    bool found = ter_finalizers_take(&test->finalizers, &next);

    assert_int_equal(found, node != SIZE_MAX);
    if (found)
        assert_int_equal(next.object, graph_address(node));
}

static void a_chain_goes_in_order(void **state)
{
    struct final_test *test = *state;

    test->graph.edge[0][1] = test->graph.edge[1][2] = true;
    set(test, 2, TER_FINALIZER_NORMAL);
    set(test, 1, TER_FINALIZER_NORMAL);
    set(test, 0, TER_FINALIZER_NORMAL);
    for (size_t i = 0; i < 3; i++) {
        collect(test);
        /* What waits in the queue is kept, with all that it leads to. */
        collect(test);
        assert_true(test->graph.reached[i] && test->graph.reached[2]);
        assert_int_equal(ter_finalizers_ready(&test->finalizers), 1);
        expect(test, i);
        expect(test, SIZE_MAX);
    }
    collect(test);
    expect(test, SIZE_MAX);
    assert_int_equal(test->finalizers.found, 3);
    assert_int_equal(test->finalizers.waiting.count, 0);
}

static void a_cycle_never_goes(void **state)
{
    struct final_test *test = *state;

    test->graph.edge[0][1] = test->graph.edge[1][0] = test->graph.edge[2][2] = true;
    test->graph.edge[3][0] = true;
    set(test, 0, TER_FINALIZER_NORMAL);
    set(test, 1, TER_FINALIZER_IGNORE_SELF);
    set(test, 2, TER_FINALIZER_NORMAL);
    for (unsigned i = 0; i < 3; i++) {
        collect(test);
        expect(test, SIZE_MAX);
        assert_true(test->graph.reached[0] && test->graph.reached[1] && test->graph.reached[2]);
    }
    /* One that leads into the cycle is not on it. */
    set(test, 3, TER_FINALIZER_NORMAL);
    collect(test);
    expect(test, 3);
    expect(test, SIZE_MAX);
}

static void ignore_self(void **state)
{
    struct final_test *test = *state;

    test->graph.edge[0][0] = test->graph.edge[0][1] = true;
    set(test, 0, TER_FINALIZER_IGNORE_SELF);
    set(test, 1, TER_FINALIZER_IGNORE_SELF);
    collect(test);
    expect(test, 0);
    expect(test, SIZE_MAX);
    collect(test);
    expect(test, 1);
}

static void no_order(void **state)
{
    struct final_test *test = *state;
    struct ter_finalizer next;

    test->graph.edge[0][1] = test->graph.edge[1][0] = test->graph.edge[2][2] = true;
    for (size_t i = 0; i < 3; i++)
        set(test, i, TER_FINALIZER_NO_ORDER);
    collect(test);
    assert_int_equal(ter_finalizers_ready(&test->finalizers), 3);
    while (ter_finalizers_take(&test->finalizers, &next))
        ;
    assert_int_equal(test->finalizers.found, 3);
}

/* Not while any object that is still to be finalized leads to it. */
static void unreachable(void **state)
{
    struct final_test *test = *state;

    test->graph.edge[0][1] = true;
    set(test, 0, TER_FINALIZER_NO_ORDER);
    set(test, 1, TER_FINALIZER_UNREACHABLE);
    collect(test);
    expect(test, 0);
    expect(test, SIZE_MAX);
    collect(test);
    expect(test, 1);
}

static void data_is_kept(void **state)
{
    struct final_test *test = *state;
    struct ter_finalizer wanted = {graph_address(0), function, (void *)graph_address(5),
                                   TER_FINALIZER_NORMAL};
    struct ter_finalizer old, next;

    test->graph.edge[5][6] = true;
    assert_int_equal(ter_finalizers_register(&test->finalizers, &wanted, &old), TER_OK);
    assert_null(old.function);
    for (unsigned i = 0; i < 2; i++) {
        collect(test);
        assert_true(test->graph.reached[5] && test->graph.reached[6]);
    }
    assert_true(ter_finalizers_take(&test->finalizers, &next));
    assert_int_equal((uintptr_t)next.data, graph_address(5));
    collect(test);
    assert_false(test->graph.reached[5]);
}

static void registration_replaces_and_removes(void **state)
{
    struct final_test *test = *state;
    struct ter_finalizer first = {graph_address(0), function, (void *)16, TER_FINALIZER_NORMAL};
    struct ter_finalizer second = {graph_address(0), function, (void *)32, TER_FINALIZER_NO_ORDER};
    struct ter_finalizer none = {.object = graph_address(0)}, old;

    assert_int_equal(ter_finalizers_register(&test->finalizers, &none, &old), TER_OK);
    assert_null(old.function);
    assert_int_equal(ter_finalizers_register(&test->finalizers, &first, &old), TER_OK);
    assert_int_equal(ter_finalizers_register(&test->finalizers, &second, &old), TER_OK);
    assert_int_equal((uintptr_t)old.data, 16);
    assert_int_equal(test->finalizers.waiting.count, 1);
    assert_int_equal(ter_finalizers_register(&test->finalizers, &none, &old), TER_OK);
    assert_int_equal((uintptr_t)old.data, 32);
    assert_int_equal(old.order, TER_FINALIZER_NO_ORDER);
    assert_int_equal(test->finalizers.waiting.count, 0);
    collect(test);
    expect(test, SIZE_MAX);
}

/* No memory for the queue: everything waits, and is kept. */
static void refused_queue(void **state)
{
    struct final_test *test = *state;

    test->graph.edge[0][1] = true;
    set(test, 0, TER_FINALIZER_NORMAL);
    set(test, 1, TER_FINALIZER_NO_ORDER);
    ter_log_set_level(TER_LOG_SILENT);
    test_fail_calls(TEST_ALL_CALLS, 0, TEST_FOR_EVER);
    collect(test);
    test_stop_failing(NULL);
    expect(test, SIZE_MAX);
    assert_true(test->graph.reached[0] && test->graph.reached[1]);
    assert_int_equal(test->finalizers.waiting.count, 2);
    collect(test);
    expect(test, 0);
    collect(test);
    expect(test, 1);
}

/* All at once: also what is reached, and what lies on cycles. */
static void all_are_queued(void **state)
{
    struct final_test *test = *state;

    test->graph.edge[0][1] = test->graph.edge[1][0] = true;
    for (size_t node = 0; node < 4; node++)
        set(test, node, TER_FINALIZER_NORMAL);
    ter_log_set_level(TER_LOG_SILENT);
    test_fail_calls(TEST_ALL_CALLS, 0, TEST_FOR_EVER);
    assert_int_equal(ter_finalizers_queue_all(&test->finalizers), TER_ERROR_NO_MEMORY);
    test_stop_failing(NULL);
    assert_int_equal(test->finalizers.waiting.count, 4);
    assert_int_equal(ter_finalizers_queue_all(&test->finalizers), TER_OK);
    assert_int_equal(test->finalizers.waiting.count, 0);
    assert_int_equal(test->finalizers.found, 4);
    assert_int_equal(ter_finalizers_ready(&test->finalizers), 4);
    set(test, 0, TER_FINALIZER_NORMAL);
    assert_int_equal(ter_finalizers_queue_all(&test->finalizers), TER_OK);
    assert_int_equal(ter_finalizers_ready(&test->finalizers), 5);
    assert_int_equal(ter_finalizers_queue_all(&test->finalizers), TER_OK);
    assert_int_equal(ter_finalizers_ready(&test->finalizers), 5);
}

/* Many at once, taken little by little: the queue grows and moves. */
static void the_queue_loses_nothing(void **state)
{
    struct final_test *test = *state;
    bool seen[5000] = {false};
    struct ter_finalizer next;
    size_t made = 0, taken = 0;

    while (taken < 5000) {
        for (size_t i = 0; i < 311 && made < 5000; i++) {
            struct ter_finalizer wanted = {graph_address(made % GRAPH_NODES), function,
                                           (void *)(made + 1), TER_FINALIZER_NO_ORDER};
            struct ter_finalizer old;

            assert_int_equal(ter_finalizers_register(&test->finalizers, &wanted, &old), TER_OK);
            /* As if what waits in the queue kept nothing. */
            memset(test->graph.reached, 0, sizeof test->graph.reached);
            ter_finalizers_process(&test->finalizers, &test->graph.reach);
            made++;
        }
        for (size_t i = 0; i < 257 && ter_finalizers_take(&test->finalizers, &next); i++) {
            assert_false(seen[(size_t)next.data - 1]);
            /* In the order in which they were found. */
            assert_int_equal((size_t)next.data - 1, taken);
            seen[taken++] = true;
            assert_int_equal(next.object, graph_address((taken - 1) % GRAPH_NODES));
        }
        assert_int_equal(ter_finalizers_ready(&test->finalizers), made - taken);
    }
    assert_int_equal(test->finalizers.found, 5000);
}

/* ---- Random graphs ---- */

/* The closure of what `from` leads to, without `from` unless something leads back. */
static void close_over(const struct graph *graph, size_t from, bool but_self, bool *reached)
{
    size_t stack[GRAPH_NODES * GRAPH_NODES + 1], depth = 0;

    for (size_t i = 0; i < GRAPH_NODES; i++)
        if (graph->edge[from][i] && !(but_self && i == from))
            stack[depth++] = i;
    while (depth > 0) {
        size_t node = stack[--depth];

        if (reached[node])
            continue;
        reached[node] = true;
        for (size_t i = 0; i < GRAPH_NODES; i++)
            if (graph->edge[node][i])
                stack[depth++] = i;
    }
}

static void random_graph(struct final_test *test, struct ter_random *random, int *order)
{
    size_t edges = test_below(random, 60);

    graph_init(&test->graph);
    for (size_t i = 0; i < edges; i++)
        test->graph.edge[test_below(random, GRAPH_NODES)][test_below(random, GRAPH_NODES)] = true;
    for (size_t i = 0; i < GRAPH_NODES; i++) {
        order[i] = (int)test_below(random, 8) - 4;
        if (order[i] >= 0)
            set(test, i, (enum ter_finalizer_order)order[i]);
    }
}

/* Which nodes are ready, by the rules. */
static void predict(const struct graph *graph, const int *order, const bool *roots, bool *ready)
{
    bool first[GRAPH_NODES], second[GRAPH_NODES];

    memcpy(first, roots, sizeof first);
    for (size_t i = 0; i < GRAPH_NODES; i++)
        if (order[i] >= 0 && order[i] != TER_FINALIZER_NO_ORDER && !roots[i])
            close_over(graph, i, order[i] == TER_FINALIZER_IGNORE_SELF, first);
    memcpy(second, first, sizeof second);
    for (size_t i = 0; i < GRAPH_NODES; i++) {
        ready[i] = order[i] >= 0 && order[i] != TER_FINALIZER_UNREACHABLE && !first[i];
        if (ready[i]) {
            second[i] = true;
            close_over(graph, i, false, second);
        }
    }
    for (size_t i = 0; i < GRAPH_NODES; i++)
        if (order[i] == TER_FINALIZER_UNREACHABLE && !second[i])
            ready[i] = true;
}

static void random_graphs(void **state)
{
    struct final_test *test = *state;
    struct ter_random random = test_random();

    for (unsigned round = 0; round < test_iterations(3000); round++) {
        bool roots[GRAPH_NODES] = {false}, ready[GRAPH_NODES];
        struct ter_finalizer next;
        int order[GRAPH_NODES];

        random_graph(test, &random, order);
        for (size_t i = 0; i < test_below(&random, 4); i++)
            test->graph.reach.reach(&test->graph, graph_address(test_below(&random, GRAPH_NODES)));
        memcpy(roots, test->graph.reached, sizeof roots);
        predict(&test->graph, order, roots, ready);
        ter_finalizers_process(&test->finalizers, &test->graph.reach);
        while (ter_finalizers_take(&test->finalizers, &next)) {
            size_t node = graph_node(next.object);

            assert_true(ready[node]);
            assert_true(test->graph.reached[node]);
            ready[node] = false;
        }
        for (size_t i = 0; i < GRAPH_NODES; i++)
            assert_false(ready[i]);
        ter_finalizers_fini(&test->finalizers);
    }
}

#define FINAL_TEST(test) cmocka_unit_test_setup_teardown(test, make_finalizers, free_finalizers)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FINAL_TEST(a_chain_goes_in_order),
        FINAL_TEST(a_cycle_never_goes),
        FINAL_TEST(ignore_self),
        FINAL_TEST(no_order),
        FINAL_TEST(unreachable),
        FINAL_TEST(data_is_kept),
        FINAL_TEST(registration_replaces_and_removes),
        FINAL_TEST(refused_queue),
        FINAL_TEST(all_are_queued),
        FINAL_TEST(the_queue_loses_nothing),
        FINAL_TEST(random_graphs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
