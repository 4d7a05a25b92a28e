/* SPDX-License-Identifier: MIT */
/*
 * The loop that asks the policies' records keeps and lets go of the same as a compiled one: under
 * every plan that collects, with one worker and with several, wherever objects come from.
 */
#include "heap/heap.h"

#include "small_heap.h"

#define LENGTH 3000u
#define GARBAGE 20000u

/* Not linked: one address that is left somewhere keeps one of them. */
static TER_NOINLINE void make_garbage(struct small_heap *small)
{
    for (size_t i = 0; i < GARBAGE; i++)
        assert_non_null(ter_allocate(small->mutator, TER_KIND_NORMAL, 24));
}

/*
 * So that one address that is left somewhere keeps one of them: with 32 bits and objects of
 * malloc's the address of a chunk, which the heap's own frames hold, may lie in an object.
 */
static TER_NOINLINE void unlink_list(void *head)
{
    for (void **object = head; object != NULL;) {
        void **next = object[0];

        object[0] = NULL;
        object = next;
    }
}

static size_t live_objects(struct small_heap *small)
{
    small_heap_collect(small);
    return (size_t)small_heap_statistics(small).live_objects;
}

static void compare(const char *options)
{
    struct small_heap small;
    size_t compiled;

    small_heap_init(&small, options);
    if (small.heap->collector.plan->loop == NULL) {
        small_heap_fini(&small);
        return;
    }
    small.roots[0] = small_heap_list(&small, TER_KIND_NORMAL, LENGTH, 40);
    small.roots[1] = small_heap_list(&small, TER_KIND_UNCOLLECTABLE, 10, 64);
    small.roots[2] = small_heap_list(&small, TER_KIND_NORMAL, 20, 20000);
    make_garbage(&small);
    compiled = live_objects(&small);
    assert_in_range(compiled, LENGTH + 30, LENGTH + 30 + SMALL_SLACK);
    small.heap->collector.tracer.loop = &ter_policy_loop;
    make_garbage(&small);
    assert_in_range(live_objects(&small), LENGTH + 30, LENGTH + 30 + SMALL_SLACK);
    small_heap_check_list(&small, small.roots[0], LENGTH);
    small_heap_check_list(&small, small.roots[2], 20);
    unlink_list(small.roots[0]);
    unlink_list(small.roots[2]);
    /* Last, so that what is left of arguments on the stack is this one's. */
    small_heap_check_list(&small, small.roots[1], 10);
    small.roots[0] = small.roots[2] = NULL;
    assert_in_range(live_objects(&small), 10, 10 + SMALL_SLACK);
    small_heap_fini(&small);
}

static void keeps_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_PLAN_COUNT; i++) {
        static const char *const more[] = {"",
                                           ",markers=1",
                                           ",markers=2",
                                           ",markers=4",
                                           ",objects=malloc,vm_space=1",
                                           ",sft_map=sparse"};

        for (size_t k = 0; k < TER_ARRAY_LENGTH(more); k++) {
            char options[128];

            snprintf(options, sizeof options, "plan=%s%s", ter_plans[i].name, more[k]);
            compare(options);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
