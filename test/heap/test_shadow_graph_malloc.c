/* SPDX-License-Identifier: MIT */
/* The random object graphs of test_shadow_graph.c with all objects in malloc's memory. */
#include "shadow_runs.h"

/* Every allocation is a call that can fail, and a run is made for each: so runs are short. */
#define REFUSAL_STEPS (TER_HAS_SANITIZER ? 80u : 250u)

static void malloc_graph_without_stress(void **state)
{
    (void)state;
    shadow_run("objects=malloc,stress=0", test_iterations(12000));
}

static void malloc_graph_with_a_collection_at_every_allocation(void **state)
{
    (void)state;
    shadow_run("objects=malloc,stress=1", test_iterations(1000));
}

static void malloc_graph_with_frequent_collections(void **state)
{
    (void)state;
    shadow_run("objects=malloc,free_space_divisor=50,heap_initial=0", test_iterations(6000));
    shadow_run("objects=malloc,markers=4,stress=10", test_iterations(2000));
}

static void malloc_graph_with_a_sparse_map_and_a_space_of_the_program(void **state)
{
    (void)state;
    shadow_run("objects=malloc,vm_space=1,sft_map=sparse,stress=100", test_iterations(6000));
}

static void malloc_graph_in_a_small_heap(void **state)
{
    (void)state;
    shadow_run_in_a_small_heap("objects=malloc", TER_KIB(64));
}

static void malloc_graph_with_one_refusal_at_every_place(void **state)
{
    (void)state;
    shadow_run_with_one_refusal("objects=malloc", REFUSAL_STEPS);
}

static void malloc_graph_with_refusals_that_last(void **state)
{
    (void)state;
    shadow_run_with_lasting_refusals("objects=malloc", REFUSAL_STEPS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malloc_graph_without_stress),
        cmocka_unit_test(malloc_graph_with_a_collection_at_every_allocation),
        cmocka_unit_test(malloc_graph_with_frequent_collections),
        cmocka_unit_test(malloc_graph_with_a_sparse_map_and_a_space_of_the_program),
        cmocka_unit_test(malloc_graph_in_a_small_heap),
        cmocka_unit_test(malloc_graph_with_one_refusal_at_every_place),
        cmocka_unit_test(malloc_graph_with_refusals_that_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
