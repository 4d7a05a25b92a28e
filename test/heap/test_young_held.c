/* SPDX-License-Identifier: MIT */
/*
 * A heap whose collections are held, and that is asked for those of young objects: it grows in
 * small steps, and that little room is left is no reason to collect all. If it knows how much is
 * allocated between two collections of all, it says where those of young objects are not worth it.
 */
#include "small_heap.h"

#define ROUNDS 48u
#define ROUND_BYTES 262144u
#define LIVE_BYTES 33554432u
#define ROOM_BYTES 1048576u

static unsigned young, whole;
static void *kept[ROUND_BYTES / 64]; /* of the last round */

static void count_collection(void *context, const struct ter_collection_event *event)
{
    (void)context;
    if (event->phase == TER_PHASE_ENDED)
        *(event->young ? &young : &whole) += 1;
}

struct rounds {
    const char *plan;
    size_t room; /* that the heap is told of; 0: it is not */
    bool keep;   /* all of a round until the next */
    int last;    /* what ter_collections_weigh said last; -1: it was not called */
};

static void run_round(struct rounds *rounds, struct ter_heap *heap, struct ter_mutator *mutator)
{
    for (size_t i = 0; i < ROUND_BYTES / 64; i++) {
        void *object = ter_allocate(mutator, TER_KIND_ATOMIC, 64);

        assert_non_null(object);
        kept[i] = rounds->keep ? object : NULL;
    }
    ter_collect_young(mutator);
    if (rounds->room != 0)
        rounds->last = ter_collections_weigh(heap, rounds->room);
}

static void run_rounds(struct rounds *rounds)
{
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    char wishes[80];

    snprintf(wishes, sizeof wishes, "plan=%s,stacks=exact,heap_initial=64K", rounds->plan);
    assert_int_equal(ter_heap_new_with(wishes, &heap), TER_OK);
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    assert_int_equal(ter_roots_add_range(heap, kept, kept + ROUND_BYTES / 64), TER_OK);
    ter_collections_hold(heap);
    for (size_t bytes = 0; bytes < LIVE_BYTES; bytes += 64)
        assert_non_null(ter_allocate(mutator, TER_KIND_ATOMIC_UNCOLLECTABLE, 64));
    ter_collect(mutator);
    ter_heap_on_collection(heap, count_collection, NULL);
    young = whole = 0;
    for (unsigned round = 0; round < ROUNDS; round++)
        run_round(rounds, heap, mutator);
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
    assert_int_equal(young + whole, ROUNDS);
}

static const char *const plans[] = {"sticky-mark-sweep", "young-immix"};

static void little_room_is_no_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        struct rounds rounds = {.plan = plans[i]};

        run_rounds(&rounds);
        assert_in_range(young, ROUNDS - 2, ROUNDS);
    }
}

static void who_says_no_more_is_believed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        struct rounds rounds = {.plan = plans[i], .keep = true};

        run_rounds(&rounds);
        assert_in_range(young, ROUNDS - 4, ROUNDS);
    }
}

static void what_dies_young_is_worth_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        struct rounds rounds = {.plan = plans[i], .room = ROOM_BYTES};

        run_rounds(&rounds);
        assert_in_range(young, ROUNDS - 2, ROUNDS);
        assert_int_equal(rounds.last, 1);
    }
}

/* After a few, all are collected, but for a trial now and then. */
static void what_survives_is_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        struct rounds rounds = {.plan = plans[i], .room = ROOM_BYTES, .keep = true};

        run_rounds(&rounds);
        assert_in_range(young, 8, ROUNDS / 2);
    }
}

static void a_plan_without_young_says_so(void **state)
{
    struct rounds rounds = {.plan = "mark-sweep", .room = ROOM_BYTES};

    (void)state;
    run_rounds(&rounds);
    assert_int_equal(young, 0);
    assert_int_equal(rounds.last, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(little_room_is_no_reason),
        cmocka_unit_test(who_says_no_more_is_believed),
        cmocka_unit_test(what_dies_young_is_worth_it),
        cmocka_unit_test(what_survives_is_not),
        cmocka_unit_test(a_plan_without_young_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
