/* SPDX-License-Identifier: MIT */
/* The barrier of plans that need none: nothing is stored, in the object or in the mutator. */
#include "heap/heap.h"

#include "small_heap.h"

#define WORDS 8u

static void stores_nothing(void **state)
{
    uintptr_t object[WORDS], before[WORDS];
    static struct ter_mutator mutator, mutator_before;

    (void)state;
    for (size_t i = 0; i < WORDS; i++)
        object[i] = before[i] = 0x5a5a0000u + i;
    for (size_t i = 0; i < WORDS; i++) {
        ter_write(&mutator, object, &object[i], (const void *)0x1000);
        ter_write_range(&mutator, object, object, i * sizeof(uintptr_t));
        ter_write_object(&mutator, object);
    }
    assert_memory_equal(object, before, sizeof object);
    assert_memory_equal(&mutator, &mutator_before, sizeof mutator);
}

/* What a plan's record says is what its mutators test. */
static void heads_say_what_plans_need(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_PLAN_COUNT; i++) {
        char options[64];
        struct small_heap small;

        snprintf(options, sizeof options, "plan=%s,barriers=1", ter_plans[i].name);
        small_heap_init(&small, options);
        assert_int_equal(small.mutator->head.barrier, ter_plans[i].plan->barrier);
        small_heap_fini(&small);
    }
}

static void write_with_unknown_barrier(void *context)
{
    static const unsigned char always = 0xff;
    static struct ter_mutator mutator = {.head = {.barrier = 7}};

    (void)context;
    mutator.head.object_log = (uintptr_t)&always;
    ter_write_object(&mutator, (const void *)0x1000);
}

static void an_unknown_one_stops(void **state)
{
    (void)state;
    test_dies(write_with_unknown_barrier, NULL, "barrier 7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stores_nothing),
        cmocka_unit_test(heads_say_what_plans_need),
        cmocka_unit_test(an_unknown_one_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
