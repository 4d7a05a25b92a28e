/* SPDX-License-Identifier: MIT */
/*
 * Random object graphs against their shadows: with and without stress, with a small heap, with a
 * system that refuses memory. Nothing reachable is lost or changed; what is dropped comes back.
 */
#include "layout/layout.h"

#include "shadow_runs.h"
#include "small_heap.h"

static void graph_without_stress(void **state)
{
    (void)state;
    shadow_run("stress=0", test_iterations(20000));
}

static void graph_with_a_collection_at_every_allocation(void **state)
{
    (void)state;
    shadow_run("stress=1", test_iterations(1500));
}

static void graph_with_a_collection_at_every_third_allocation(void **state)
{
    (void)state;
    shadow_run("stress=3", test_iterations(3000));
}

static void graph_with_a_collection_at_every_hundredth_allocation(void **state)
{
    (void)state;
    shadow_run("stress=100", test_iterations(12000));
}

static void graph_with_frequent_collections(void **state)
{
    (void)state;
    shadow_run("free_space_divisor=50,heap_initial=0", test_iterations(12000));
}

/* The map finds the same objects, whatever its form. */
static void graph_on_every_form_of_map(void **state)
{
    (void)state;
    shadow_run("layout=32bit,sft_map=sparse,stress=100", test_iterations(1500));
    shadow_run("layout=32bit,sft_map=dense,stress=100", test_iterations(1500));
    if (sizeof(uintptr_t) == 8)
        shadow_run("sft_map=space,stress=100", test_iterations(1500));
}

static void graph_in_a_small_heap(void **state)
{
    (void)state;
    shadow_run_in_a_small_heap("", TER_MIB(1));
}

/* Every place that a heap may be in, every form of map, marking alone and together. */
static void graph_in_every_layout(void **state)
{
    static const char *const options[] = {
        "layout=small,stress=50",          "layout=32bit,stress=50",
        "sft_map=dense,stress=50",         "sft_map=sparse,stress=50",
        "layout=32bit,sft_map=dense",      "layout=small,markers=1,stress=10",
        "layout=small,markers=4,stress=5", "layout=32bit,markers=4,stress=10,give_back=0",
        "layout=small,markers=2,stress=5", "layout=32bit,markers=2,stress=10",
    };

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(options); i++)
        shadow_run(options[i], test_iterations(2000));
}

/* Every preset that fits the machine, by the names that the library gives. */
static void graph_in_every_preset(void **state)
{
    const char *name = ter_layout_preset_names();
    unsigned seen = 0;

    (void)state;
    while (*name != '\0') {
        size_t length = strcspn(name, ",");
        struct ter_layout layout;
        char preset[40], options[80];

        snprintf(preset, sizeof preset, "%.*s", (int)length, name);
        if (ter_layout_find_preset(preset, &layout)) {
            snprintf(options, sizeof options, "layout=%s,stress=60", preset);
            if (!test_is_too_large(preset, 64))
                shadow_run(options, test_iterations(1500));
            seen++;
        }
        name += length;
        name += strspn(name, ", ");
    }
    assert_true(seen >= (sizeof(uintptr_t) == 8 ? 5u : 1u));
}

static void graph_with_one_refusal_at_every_place(void **state)
{
    (void)state;
    shadow_run_with_one_refusal("", 1500);
}

static void graph_with_refusals_that_last(void **state)
{
    (void)state;
    shadow_run_with_lasting_refusals("", 1500);
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
        cmocka_unit_test(graph_in_every_preset),
        cmocka_unit_test(graph_with_one_refusal_at_every_place),
        cmocka_unit_test(graph_with_refusals_that_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
