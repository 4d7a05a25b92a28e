/* SPDX-License-Identifier: MIT */
/*
 * Random object graphs against their shadows: with and without stress, with a small heap, with a
 * system that refuses memory. Nothing reachable is lost or changed; what is dropped comes back.
 */
#include "shadow.h"

/* Objects that stale words on the stack may keep. */
#define SLACK 8u

static uint64_t live_objects(const struct shadow *shadow)
{
    struct ter_statistics statistics;

    ter_heap_statistics(shadow->heap, &statistics, sizeof statistics);
    return statistics.live_objects;
}

static void run_graph(const char *options, unsigned steps)
{
    struct shadow *shadow = shadow_new(options, test_random());
    struct ter_statistics statistics;

    assert_non_null(shadow);
    for (unsigned i = 0; i < steps; i++) {
        shadow_step(shadow);
        if (i % 2048 == 2047) {
            size_t count;

            shadow_collect(shadow);
            count = shadow_check(shadow);
            assert_true(live_objects(shadow) >= count);
        }
    }
    assert_true(shadow->checked > steps / 8);
    shadow_drop_all(shadow);
    for (unsigned i = 0; i < 3; i++)
        shadow_collect(shadow);
    ter_heap_statistics(shadow->heap, &statistics, sizeof statistics);
    assert_true(statistics.live_objects <= SLACK);
    assert_true(statistics.used_bytes <= 400 * 1024);
    assert_int_equal(shadow->refused, 0);
    shadow_free(shadow);
}

static void graph_without_stress(void **state)
{
    (void)state;
    run_graph("stress=0", test_iterations(20000));
}

static void graph_with_a_collection_at_every_allocation(void **state)
{
    (void)state;
    run_graph("stress=1", test_iterations(1500));
}

static void graph_with_a_collection_at_every_third_allocation(void **state)
{
    (void)state;
    run_graph("stress=3", test_iterations(3000));
}

static void graph_with_a_collection_at_every_hundredth_allocation(void **state)
{
    (void)state;
    run_graph("stress=100", test_iterations(12000));
}

static void graph_with_frequent_collections(void **state)
{
    (void)state;
    run_graph("free_space_divisor=50,heap_initial=0", test_iterations(12000));
}

/* The map finds the same objects, whatever its form. */
static void graph_on_every_form_of_map(void **state)
{
    (void)state;
    run_graph("layout=32bit,sft_map=sparse,stress=100", test_iterations(1500));
    run_graph("layout=32bit,sft_map=dense,stress=100", test_iterations(1500));
    if (sizeof(uintptr_t) == 8)
        run_graph("sft_map=space,stress=100", test_iterations(1500));
}

/* Every refusal must leave a whole graph; dropping makes room again. */
static void graph_in_a_small_heap(void **state)
{
    const uint64_t most = 1 << 20;
    struct shadow *shadow = shadow_new("heap_max=1M", test_random());
    struct ter_statistics statistics;
    uint64_t refused = 0;

    (void)state;
    assert_non_null(shadow);
    for (unsigned i = 0; i < test_iterations(8000); i++) {
        shadow_step(shadow);
        if (shadow->refused != refused) {
            refused = shadow->refused;
            shadow_check(shadow);
        }
        if (i % 2000 == 1999)
            shadow_drop_all(shadow);
    }
    assert_true(refused > 0);
    ter_heap_statistics(shadow->heap, &statistics, sizeof statistics);
    assert_true(statistics.peak_used_bytes <= most);
    shadow_drop_all(shadow);
    shadow_collect(shadow);
    assert_true(live_objects(shadow) <= SLACK);
    shadow_free(shadow);
}

/* Every place that a heap may be in, every form of map, marking alone and together. */
static void graph_in_every_layout(void **state)
{
    static const char *const options[] = {
        "layout=small,stress=50",          "layout=32bit,stress=50",
        "sft_map=dense,stress=50",         "sft_map=sparse,stress=50",
        "layout=32bit,sft_map=dense",      "layout=small,markers=1,stress=10",
        "layout=small,markers=4,stress=5", "layout=32bit,markers=4,stress=10,give_back=0",
    };

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(options); i++)
        run_graph(options[i], test_iterations(2000));
}

/* Call number k of the system fails, for every k that there is. */
static void graph_with_one_refusal_at_every_place(void **state)
{
    struct ter_random random = test_random();
    uint64_t failed = 1, calls = 0;

    (void)state;
    for (uint64_t k = 0; failed != 0; k++) {
        struct shadow *shadow;

        test_fail_calls(TEST_ALL_CALLS, k, 1);
        shadow = shadow_new("log=0", random);
        for (unsigned i = 0; i < 1500 && shadow != NULL; i++)
            shadow_step(shadow);
        calls = test_stop_failing(&failed);
        if (shadow == NULL) {
            assert_int_equal(failed, 1);
            continue;
        }
        shadow_check(shadow);
        shadow_drop_all(shadow);
        shadow_collect(shadow);
        assert_true(live_objects(shadow) <= SLACK);
        shadow_free(shadow);
    }
    print_message("%llu calls could fail\n", (unsigned long long)calls);
    assert_true(calls > 10);
}

/* From call k on, the system gives nothing more; then it does again. */
static void graph_with_refusals_that_last(void **state)
{
    struct ter_random random = test_random();
    uint64_t failed = 1, refused = 0;

    (void)state;
    for (uint64_t k = 0; failed != 0; k++) {
        struct shadow *shadow = shadow_new("log=0", random);

        assert_non_null(shadow);
        test_fail_calls(TEST_ALL_CALLS, k, TEST_FOR_EVER);
        for (unsigned i = 0; i < 1500; i++)
            shadow_step(shadow);
        shadow_check(shadow);
        test_stop_failing(&failed);
        refused += shadow->refused;
        shadow->refused = 0;
        for (unsigned i = 0; i < 500; i++)
            shadow_step(shadow);
        assert_int_equal(shadow->refused, 0);
        shadow_check(shadow);
        shadow_drop_all(shadow);
        shadow_collect(shadow);
        assert_true(live_objects(shadow) <= SLACK);
        shadow_free(shadow);
    }
    assert_true(refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(graph_without_stress),
        cmocka_unit_test(graph_with_a_collection_at_every_allocation),
        cmocka_unit_test(graph_with_a_collection_at_every_third_allocation),
        cmocka_unit_test(graph_with_a_collection_at_every_hundredth_allocation),
        cmocka_unit_test(graph_with_frequent_collections),
        cmocka_unit_test(graph_on_every_form_of_map),
        cmocka_unit_test(graph_in_a_small_heap),
        cmocka_unit_test(graph_in_every_layout),
        cmocka_unit_test(graph_with_one_refusal_at_every_place),
        cmocka_unit_test(graph_with_refusals_that_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
