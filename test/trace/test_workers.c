/* SPDX-License-Identifier: MIT */
/*
 * Workers and packets: parallel phases are whole, every entry is scanned by exactly one worker, a
 * phase ends when nothing is left and not before, and refused threads or memory only make it
 * slower.
 */
#include "trace/trace.h"

#include "support.h"

/* ---- Parallel phases ---- */

struct phases {
    _Atomic unsigned calls[TER_MAX_HELPERS + 1];
    _Atomic unsigned inside;
};

static void count_call(void *context, unsigned worker)
{
    struct phases *phases = context;

    atomic_fetch_add(&phases->inside, 1);
    atomic_fetch_add(&phases->calls[worker], 1);
    atomic_fetch_sub(&phases->inside, 1);
}

static void every_worker_is_in_every_phase(void **state)
{
    struct phases phases = {0};
    struct ter_worker_threads workers;

    (void)state;
    ter_worker_threads_init(&workers);
    ter_worker_threads_run(&workers, count_call, &phases);
    assert_int_equal(phases.calls[0], 1);
    assert_int_equal(ter_worker_threads_start(&workers, 3), 3);
    for (unsigned i = 0; i < 500; i++) {
        ter_worker_threads_run(&workers, count_call, &phases);
        assert_int_equal(phases.inside, 0);
    }
    /* More come in later; fewer are never wanted. */
    assert_int_equal(ter_worker_threads_start(&workers, 2), 3);
    assert_int_equal(ter_worker_threads_start(&workers, 5), 5);
    ter_worker_threads_run(&workers, count_call, &phases);
    for (unsigned i = 0; i <= 5; i++)
        assert_int_equal(phases.calls[i], i == 0 ? 502 : i <= 3 ? 501 : 1);
    assert_int_equal(phases.calls[6], 0);
    ter_worker_threads_fini(&workers);
}

static void refused_threads_are_done_without(void **state)
{
    struct phases phases = {0};
    struct ter_worker_threads workers;

    (void)state;
    ter_worker_threads_init(&workers);
    test_fail_calls(TEST_CALL(THREAD), 2, TEST_FOR_EVER);
    assert_int_equal(ter_worker_threads_start(&workers, 4), 2);
    test_stop_failing(NULL);
    ter_worker_threads_run(&workers, count_call, &phases);
    assert_int_equal(phases.calls[0] + phases.calls[1] + phases.calls[2], 3);
    ter_worker_threads_fini(&workers);
}

/* ---- Packets ---- */

#define WORKERS 5u
#define TREE_DEPTH 16u

struct tree {
    struct ter_worker_threads workers;
    struct ter_packets packets;
    struct ter_mark_stack stacks[WORKERS];
    _Atomic uint8_t *seen; /* of each node of a full binary tree, by its number */
    _Atomic size_t scanned;
};

/* An entry is a node; to scan it is to push its two children. */
static void scan_node(struct tree *tree, struct ter_mark_stack *stack, uintptr_t node)
{
    assert_int_equal(atomic_fetch_add(&tree->seen[node], 1), 0);
    atomic_fetch_add(&tree->scanned, 1);
    if (node >> (TREE_DEPTH - 1) == 0) {
        ter_mark_stack_push(stack, node * 2, 0, 0);
        ter_mark_stack_push(stack, node * 2 + 1, 0, 0);
    }
}

static void scan_tree(void *context, unsigned worker)
{
    struct tree *tree = context;
    struct ter_mark_stack *stack = &tree->stacks[worker];

    do
        while (stack->count > stack->bottom) {
            size_t half = (stack->count - stack->bottom) / 2;

            if (half > 0 && ter_packets_are_wanted(&tree->packets) &&
                ter_packets_give(&tree->packets, stack->entries + stack->bottom, half))
                stack->bottom += half;
            scan_node(tree, stack, stack->entries[--stack->count].start);
        }
    while (ter_packets_take(&tree->packets, stack));
}

static void scan_from_root(struct tree *tree)
{
    size_t nodes = ((size_t)1 << TREE_DEPTH) - 1;

    memset((void *)tree->seen, 0, nodes + 1);
    tree->scanned = 0;
    ter_mark_stack_push(&tree->stacks[0], 1, 0, 0);
    ter_packets_begin(&tree->packets, WORKERS);
    ter_worker_threads_run(&tree->workers, scan_tree, tree);
    assert_int_equal(tree->scanned, nodes);
    for (size_t node = 1; node <= nodes; node++)
        assert_int_equal(tree->seen[node], 1);
    for (unsigned i = 0; i < WORKERS; i++)
        ter_mark_stack_trim(&tree->stacks[i]);
    ter_mark_stack_trim(&tree->packets.stack);
}

static void every_entry_is_scanned_once(void **state)
{
    struct tree tree = {.seen = calloc((size_t)1 << TREE_DEPTH, 1)};

    (void)state;
    assert_non_null(tree.seen);
    ter_worker_threads_init(&tree.workers);
    assert_int_equal(ter_worker_threads_start(&tree.workers, WORKERS - 1), WORKERS - 1);
    assert_int_equal(ter_packets_init(&tree.packets), TER_OK);
    for (unsigned i = 0; i < WORKERS; i++)
        assert_int_equal(ter_mark_stack_init(&tree.stacks[i]), TER_OK);
    for (unsigned round = 0; round < test_iterations(20); round++)
        scan_from_root(&tree);
    for (unsigned i = 0; i < WORKERS; i++)
        ter_mark_stack_fini(&tree.stacks[i]);
    ter_packets_fini(&tree.packets);
    ter_worker_threads_fini(&tree.workers);
    free((void *)tree.seen);
}

/* What cannot be given stays with who has it. */
static void a_packet_without_memory_takes_nothing(void **state)
{
    static struct ter_mark_entry entries[20000];
    struct ter_packets packets;

    (void)state;
    assert_int_equal(ter_packets_init(&packets), TER_OK);
    ter_packets_begin(&packets, 2);
    test_fail_calls(TEST_CALL(REALLOCATE), 0, TEST_FOR_EVER);
    assert_false(ter_packets_give(&packets, entries, TER_ARRAY_LENGTH(entries)));
    test_stop_failing(NULL);
    assert_int_equal(packets.stack.count, 0);
    assert_false(packets.stack.overflowed);
    assert_true(ter_packets_give(&packets, entries, TER_ARRAY_LENGTH(entries)));
    assert_int_equal(packets.stack.count, TER_ARRAY_LENGTH(entries));
    ter_packets_fini(&packets);
}

/* ---- How many ---- */

/* Helpers that a collection has, when each way takes so long for what lives. */
static unsigned helpers_after(struct ter_workers *workers, bool of_all, uint64_t alone_ns,
                              uint64_t together_ns)
{
    static const struct ter_loop loop = {.moves = false};
    const struct ter_tracer tracer = {.loop = &loop};
    unsigned ready = 0;

    for (unsigned i = 0; i < 5; i++) {
        ter_workers_prepare(workers, &tracer, TER_MIB(16), of_all);
        ready = workers->ready;
        if (of_all)
            ter_workers_learn(workers, ready == 0 ? alone_ns : together_ns, TER_MIB(16));
    }
    return ready;
}

/* Who asks for two gets two; who wants what is faster, what was measured. */
static void as_many_as_are_worth_it(void **state)
{
    struct ter_arena arena = {0};
    struct ter_workers workers;

    (void)state;
    assert_int_equal(ter_workers_init(&workers, &arena, 2, false), TER_OK);
    assert_int_equal(helpers_after(&workers, true, 1000000, 9000000), 1);
    assert_int_equal(helpers_after(&workers, false, 1000000, 9000000), 1);
    ter_workers_fini(&workers);
    assert_int_equal(ter_workers_init(&workers, &arena, 2, true), TER_OK);
    assert_int_equal(helpers_after(&workers, true, 9000000, 10000000), 0);
    assert_int_equal(helpers_after(&workers, false, 9000000, 10000000), 0);
    ter_workers_fini(&workers);
    assert_int_equal(ter_workers_init(&workers, &arena, 2, true), TER_OK);
    assert_int_equal(helpers_after(&workers, true, 9000000, 5000000), 1);
    /* Of young objects there is too little. */
    assert_int_equal(helpers_after(&workers, false, 9000000, 5000000), 0);
    ter_workers_fini(&workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_worker_is_in_every_phase),
        cmocka_unit_test(refused_threads_are_done_without),
        cmocka_unit_test(every_entry_is_scanned_once),
        cmocka_unit_test(a_packet_without_memory_takes_nothing),
        cmocka_unit_test(as_many_as_are_worth_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
