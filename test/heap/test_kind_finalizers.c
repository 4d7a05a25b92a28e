/* SPDX-License-Identifier: MIT */
/* Finalizers of kinds: once for each object, ordered or not, whatever the object does then. */
#include <terrier/terrier.h>

#include "heap/heap.h"
#include "support.h"

#define MOST 400u

struct node {
    struct node *next;
    uintptr_t number;
};

static struct ter_heap *heap;
static struct ter_mutator *mutator;
static unsigned ordered, unordered, plain;
static unsigned count;
static uintptr_t numbers[MOST];
static struct node *kept; /* a root: a finalizer may put its object there */
static bool keep;

static void finalize(void *object, void *context)
{
    struct node *node = object;

    assert_ptr_equal(context, &count);
    assert_true(count < MOST);
    numbers[count++] = node->number;
    if (keep)
        kept = node;
}

static int make_heap(void **state)
{
    static const struct ter_object_layout layout = {.header_bytes = sizeof(struct node),
                                                    .header = {.bitmap = 1}};
    struct ter_kind_description wanted = {.name = "node", .layout = &layout};
    struct ter_options options;

    ter_options_init(&options);
    assert_int_equal(ter_options_parse(&options, *state, NULL, 0), TER_OK);
    assert_int_equal(ter_heap_new(&options, &heap), TER_OK);
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    assert_int_equal(ter_kind_define(heap, &wanted, &plain), TER_OK);
    wanted.flags = TER_KIND_FINALIZED;
    wanted.finalizer = finalize;
    wanted.context = &count;
    assert_int_equal(ter_kind_define(heap, &wanted, &ordered), TER_OK);
    wanted.flags |= TER_KIND_NO_ORDER;
    assert_int_equal(ter_kind_define(heap, &wanted, &unordered), TER_OK);
    count = 0;
    keep = false;
    kept = NULL;
    assert_int_equal(ter_roots_add_slots(heap, &kept, 1, TER_ROOT_EXACT), TER_OK);
    return 0;
}

static int free_heap(void **state)
{
    (void)state;
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
    return 0;
}

static struct node *make_node(unsigned kind, uintptr_t number)
{
    struct node *node = ter_allocate(mutator, kind, sizeof *node);

    assert_non_null(node);
    node->number = number;
    return node;
}

/* Object 1 leads to 2, which leads to 3, which leads to 1 if `circle`. */
static void make_three(unsigned kind, bool circle)
{
    TER_ROOTS(mutator, local, struct node * first; struct node * second; struct node * third;);
    local.first = make_node(kind, 1);
    local.second = make_node(kind, 2);
    local.third = make_node(kind, 3);
    local.first->next = local.second;
    local.second->next = local.third;
    local.third->next = circle ? local.first : NULL;
    TER_FRAME_END(mutator, local);
}

static size_t collect_and_run(void)
{
    ter_collect(mutator);
    return ter_finalizers_run(heap);
}

static void ordered_ones_come_one_after_another(void **state)
{
    (void)state;
    make_three(ordered, false);
    for (uintptr_t i = 1; i <= 3; i++) {
        assert_int_equal(collect_and_run(), 1);
        assert_int_equal(numbers[i - 1], i);
    }
    assert_int_equal(collect_and_run(), 0);
    make_three(ordered, true);
    assert_int_equal(collect_and_run(), 0);
    assert_int_equal(count, 3);
}

static void unordered_ones_come_together(void **state)
{
    (void)state;
    make_three(unordered, true);
    assert_int_equal(collect_and_run(), 3);
    assert_int_equal(numbers[0] + numbers[1] + numbers[2], 6);
    assert_int_equal(collect_and_run(), 0);
}

/* One that is kept by its finalizer has had it, unless it is given another. */
static void what_is_kept_is_finalized_once(void **state)
{
    (void)state;
    (void)make_node(ordered, 7);
    keep = true;
    assert_int_equal(collect_and_run(), 1);
    assert_int_equal(collect_and_run(), 0);
    assert_int_equal(kept->number, 7);
    keep = false;
    assert_int_equal(ter_finalizer_set(heap, kept, finalize, &count), TER_OK);
    kept = NULL;
    assert_int_equal(collect_and_run(), 1);
    assert_int_equal(collect_and_run(), 0);
    assert_int_equal(count, 2);
    assert_true(ter_weak_table_is_empty(&heap->collector.had_finalizer));
}

/* Wherever it went in between. */
static void what_moved_is_known_to_have_had_it(void **state)
{
    (void)state;
    (void)make_node(unordered, 7);
    keep = true;
    assert_int_equal(collect_and_run(), 1);
    assert_false(ter_weak_table_is_empty(&heap->collector.had_finalizer));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(collect_and_run(), 0);
    assert_int_equal(kept->number, 7);
    kept = NULL;
    assert_int_equal(collect_and_run(), 0);
    assert_true(ter_weak_table_is_empty(&heap->collector.had_finalizer));
}

static void set_instead(void *object, void *data)
{
    assert_int_equal(((struct node *)object)->number, 5);
    *(bool *)data = true;
}

static void one_that_was_set_comes_instead(void **state)
{
    bool called = false;

    (void)state;
    assert_int_equal(ter_finalizer_set(heap, make_node(ordered, 5), set_instead, &called), TER_OK);
    assert_int_equal(collect_and_run(), 1);
    assert_true(called);
    assert_int_equal(collect_and_run(), 0);
    assert_int_equal(count, 0);
}

/* Memory that an object had, freed by hand after its finalizer, is forgotten. */
static void memory_is_used_again(void **state)
{
    (void)state;
    keep = true;
    for (uintptr_t i = 0; i < 20; i++) {
        (void)make_node(ordered, i);
        assert_int_equal(collect_and_run(), 1);
        assert_int_equal(numbers[i], i);
        ter_free(mutator, kept);
        kept = NULL;
    }
    assert_true(ter_weak_table_is_empty(&heap->collector.had_finalizer));
}

static void what_lives_is_left_alone(void **state)
{
    (void)state;
    kept = make_node(plain, 0);
    for (uintptr_t i = 0; i < 100; i++) {
        struct node *node = make_node(i % 2 == 0 ? ordered : unordered, i);

        node->next = kept;
        kept = node;
    }
    assert_int_equal(collect_and_run(), 0);
    kept = NULL;
    while (collect_and_run() != 0)
        continue;
    assert_int_equal(count, 100);
}

/* Without memory it waits for the next collection. */
static void refused_memory(void **state)
{
    (void)state;
    ter_log_set_level(TER_LOG_SILENT);
    make_three(unordered, false);
    test_fail_calls(TEST_ALL_CALLS, 0, TEST_FOR_EVER);
    ter_collect(mutator);
    test_stop_failing(NULL);
    assert_int_equal(ter_finalizers_run(heap), 0);
    assert_int_equal(collect_and_run(), 3);
}

static void descriptions_that_are_refused(void **state)
{
    struct ter_kind_description wanted = {.flags = TER_KIND_NO_SLOTS | TER_KIND_FINALIZED};
    unsigned kind;

    (void)state;
    ter_log_set_level(TER_LOG_SILENT);
    assert_int_equal(ter_kind_define(heap, &wanted, &kind), TER_ERROR_INVALID);
    wanted.flags = TER_KIND_NO_SLOTS;
    wanted.finalizer = finalize;
    assert_int_equal(ter_kind_define(heap, &wanted, &kind), TER_ERROR_INVALID);
    wanted.finalizer = NULL;
    wanted.flags |= TER_KIND_NO_ORDER;
    assert_int_equal(ter_kind_define(heap, &wanted, &kind), TER_ERROR_INVALID);
}

#define KIND_TEST(test, options)                                                                   \
    {                                                                                              \
#test " (" options ")", test, make_heap, free_heap, (void *)options                        \
    }
#define ALL_TESTS(options)                                                                         \
    KIND_TEST(ordered_ones_come_one_after_another, options),                                       \
        KIND_TEST(unordered_ones_come_together, options),                                          \
        KIND_TEST(what_is_kept_is_finalized_once, options),                                        \
        KIND_TEST(what_moved_is_known_to_have_had_it, options),                                    \
        KIND_TEST(one_that_was_set_comes_instead, options),                                        \
        KIND_TEST(memory_is_used_again, options), KIND_TEST(what_lives_is_left_alone, options),    \
        KIND_TEST(refused_memory, options), KIND_TEST(descriptions_that_are_refused, options)

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
