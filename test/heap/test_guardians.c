/* SPDX-License-Identifier: MIT */
/* Guardians through the public functions, under every plan that collects. */
#include <terrier/terrier.h>

#include "heap/heap.h"
#include "support.h"

struct node {
    struct node *next;
    uintptr_t number;
};

static struct ter_heap *heap;
static struct ter_mutator *mutator;
static struct ter_guardian *guardian;
static unsigned node_kind, weak_kind;

static int make_heap(void **state)
{
    static const struct ter_object_layout node = {.header_bytes = sizeof(struct node),
                                                  .header = {.bitmap = 1}};
    static const struct ter_object_layout weak = {.element_bytes = sizeof(void *),
                                                  .element = {.bitmap = 1}};
    const struct ter_kind_description nodes = {.name = "node", .layout = &node},
                                      weaks = {.name = "weak reference",
                                               .layout = &weak,
                                               .flags = TER_KIND_EPHEMERONS};
    struct ter_options options;

    ter_options_init(&options);
    assert_int_equal(ter_options_parse(&options, *state, NULL, 0), TER_OK);
    assert_int_equal(ter_heap_new(&options, &heap), TER_OK);
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    assert_int_equal(ter_kind_define(heap, &nodes, &node_kind), TER_OK);
    assert_int_equal(ter_kind_define(heap, &weaks, &weak_kind), TER_OK);
    assert_int_equal(ter_guardian_new(heap, &guardian), TER_OK);
    return 0;
}

static int free_heap(void **state)
{
    (void)state;
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
    return 0;
}

static struct node *make_node(uintptr_t number)
{
    struct node *node = ter_allocate(mutator, node_kind, sizeof *node);

    assert_non_null(node);
    node->number = number;
    return node;
}

static void guard(void *object, void *stands_for_it)
{
    assert_int_equal(ter_guardian_add(heap, guardian, object, stands_for_it), TER_OK);
}

/* The number of the next; 0: there is none. */
static uintptr_t poll_number(void)
{
    const struct node *node = ter_guardian_poll(heap, guardian);

    return node == NULL ? 0 : node->number;
}

static void what_dies_comes_back_whole(void **state)
{
    TER_ROOTS(mutator, local, struct node * object; struct node * second;);
    (void)state;
    local.object = make_node(1);
    guard(local.object, local.object);
    ter_collect(mutator);
    assert_null(ter_guardian_poll(heap, guardian));
    local.second = make_node(2);
    TER_STORE(mutator, local.object, local.object->next, local.second);
    local.object = local.second = NULL;
    /* What waits to be polled is kept. */
    ter_collect(mutator);
    ter_collect(mutator);
    local.object = ter_guardian_poll(heap, guardian);
    assert_int_equal(local.object->number, 1);
    assert_int_equal(local.object->next->number, 2);
    assert_null(ter_guardian_poll(heap, guardian));
    /* Once for each time that it was added. */
    guard(local.object, local.object);
    guard(local.object, local.object);
    local.object = NULL;
    ter_collect(mutator);
    assert_int_equal(poll_number(), 1);
    assert_int_equal(poll_number(), 1);
    assert_int_equal(poll_number(), 0);
    ter_collect(mutator);
    assert_int_equal(poll_number(), 0);
    TER_FRAME_END(mutator, local);
}

/* All at once, and cycles too: a guardian knows no order. */
static void cycles_come_back(void **state)
{
    TER_ROOTS(mutator, local, struct node * first; struct node * second;);
    (void)state;
    local.first = make_node(1);
    local.second = make_node(2);
    local.first->next = local.second;
    local.second->next = local.first;
    guard(local.first, local.first);
    guard(local.second, local.second);
    local.first = local.second = NULL;
    ter_collect(mutator);
    assert_int_equal(poll_number() + poll_number(), 3);
    TER_FRAME_END(mutator, local);
}

/* A weak reference with a queue: the reference comes, when it is clear. */
static void weak_references_come_when_they_are_clear(void **state)
{
    TER_ROOTS(mutator, local, struct node * object; void **weak;);
    (void)state;
    local.object = make_node(1);
    local.weak = ter_allocate(mutator, weak_kind, sizeof(void *));
    local.weak[0] = local.object;
    guard(local.object, local.weak);
    ter_collect(mutator);
    assert_null(ter_guardian_poll(heap, guardian));
    assert_ptr_equal(ter_weak_get(mutator, local.weak), local.object);
    local.object = NULL;
    /* It is kept until it has come. */
    local.weak = NULL;
    ter_collect(mutator);
    ter_collect(mutator);
    local.weak = ter_guardian_poll(heap, guardian);
    assert_non_null(local.weak);
    assert_null(ter_weak_get(mutator, local.weak));
    assert_int_equal(ter_object_kind(heap, local.weak), weak_kind);
    assert_null(ter_guardian_poll(heap, guardian));
    TER_FRAME_END(mutator, local);
}

/* In any order, through both lists' growth. */
static void the_queue_loses_nothing(void **state)
{
    enum { ALL = 3000 };
    bool seen[ALL + 1] = {false};
    uintptr_t made = 0, taken = 0;

    (void)state;
    while (taken < ALL) {
        for (unsigned i = 0; i < 311 && made < ALL; i++) {
            struct node *node = make_node(++made);

            guard(node, node);
        }
        ter_collect(mutator);
        for (unsigned i = 0; i < 97 && taken < ALL; i++) {
            uintptr_t number = poll_number();

            assert_in_range(number, 1, made);
            assert_false(seen[number]);
            seen[number] = true;
            taken++;
        }
    }
    assert_int_equal(poll_number(), 0);
}

static void *finalized;

static void finalize(void *object, void *data)
{
    (void)data;
    finalized = object;
}

/* A finalizer comes after guardians, when the object dies again. */
static void guardians_come_before_finalizers(void **state)
{
    TER_ROOTS(mutator, local, struct node * object;);
    (void)state;
    local.object = make_node(1);
    guard(local.object, local.object);
    assert_int_equal(ter_finalizer_set(heap, local.object, finalize, NULL), TER_OK);
    local.object = NULL;
    ter_collect(mutator);
    assert_int_equal(ter_finalizers_run(heap), 0);
    assert_int_equal(poll_number(), 1);
    ter_collect(mutator);
    assert_int_equal(ter_finalizers_run(heap), 1);
    assert_int_equal(((struct node *)finalized)->number, 1);
    TER_FRAME_END(mutator, local);
}

static void what_is_no_object_is_refused(void **state)
{
    struct node *node = make_node(1);

    (void)state;
    assert_int_equal(ter_guardian_add(heap, guardian, NULL, node), TER_ERROR_INVALID);
    assert_int_equal(ter_guardian_add(heap, guardian, node, NULL), TER_ERROR_INVALID);
    assert_int_equal(ter_guardian_add(heap, guardian, (char *)node + 1, node), TER_ERROR_INVALID);
    test_fail_calls(TEST_ALL_CALLS, 0, TEST_FOR_EVER);
    assert_int_equal(ter_guardian_add(heap, guardian, node, node), TER_ERROR_NO_MEMORY);
    test_stop_failing(NULL);
    guard(node, node);
    /* It goes with what it has. */
    ter_guardian_free(heap, guardian);
    ter_collect(mutator);
    assert_true(ter_object_is_none(ter_heap_find(heap, (uintptr_t)node)));
}

#define GUARDIAN_TEST(test, options)                                                               \
    {                                                                                              \
#test " (" options ")", test, make_heap, free_heap, (void *)options                        \
    }
#define ALL_TESTS(options)                                                                         \
    GUARDIAN_TEST(what_dies_comes_back_whole, options), GUARDIAN_TEST(cycles_come_back, options),  \
        GUARDIAN_TEST(weak_references_come_when_they_are_clear, options),                          \
        GUARDIAN_TEST(the_queue_loses_nothing, options),                                           \
        GUARDIAN_TEST(guardians_come_before_finalizers, options),                                  \
        GUARDIAN_TEST(what_is_no_object_is_refused, options)

#define CHECKED ",check_heap=2,poison=1,check_barriers=1"

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALL_TESTS("stacks=exact,plan=mark-sweep"),
        ALL_TESTS("stacks=exact,plan=semispace"),
        ALL_TESTS("stacks=exact,plan=mark-sweep" CHECKED),
        ALL_TESTS("stacks=exact,plan=semispace" CHECKED),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
