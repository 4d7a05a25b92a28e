/* SPDX-License-Identifier: MIT */
/*
 * A heap whose collections are held, and that is asked for those of young objects: it grows in
 * small steps, and that little room is left is no reason to collect all.
 */
#include "small_heap.h"

#define ROUNDS 24u
#define ROUND_BYTES 262144u
#define LIVE_BYTES 33554432u

static unsigned young, whole;

static void count_collection(void *context, const struct ter_collection_event *event)
{
    (void)context;
    if (event->phase == TER_PHASE_ENDED)
        *(event->young ? &young : &whole) += 1;
}

static void run_rounds(const char *plan)
{
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    char wishes[80];

    snprintf(wishes, sizeof wishes, "plan=%s,stacks=exact,heap_initial=64K", plan);
    assert_int_equal(ter_heap_new_with(wishes, &heap), TER_OK);
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    ter_collections_hold(heap);
    for (size_t bytes = 0; bytes < LIVE_BYTES; bytes += 64)
        assert_non_null(ter_allocate(mutator, TER_KIND_ATOMIC_UNCOLLECTABLE, 64));
    ter_collect(mutator);
    ter_heap_on_collection(heap, count_collection, NULL);
    young = whole = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (size_t bytes = 0; bytes < ROUND_BYTES; bytes += 64)
            assert_non_null(ter_allocate(mutator, TER_KIND_ATOMIC, 64));
        ter_collect_young(mutator);
    }
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
}

static void little_room_is_no_reason(void **state)
{
    static const char *const plans[] = {"sticky-mark-sweep", "young-immix"};

    (void)state;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        run_rounds(plans[i]);
        assert_int_equal(young + whole, ROUNDS);
        assert_in_range(young, ROUNDS - 2, ROUNDS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(little_room_is_no_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
