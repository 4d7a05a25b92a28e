/* SPDX-License-Identifier: MIT */
/* Looking at ephemerons and guardians: paths, who refers to what, what is reached. */
#include <terrier/terrier.h>

#include <terrier/inspect.h>
#include <terrier/weak.h>

#include "heap/heap.h"
#include "support.h"

#define PAIRS 5000u

struct element {
    void *key, *value;
};

static struct ter_heap *heap;
static struct ter_mutator *mutator;
static unsigned leaf_kind, table_kind;

static int make_heap(void **state)
{
    static const struct ter_object_layout pairs = {.element_bytes = sizeof(struct element),
                                                   .element = {.bitmap = 3}};
    const struct ter_kind_description leaf = {.name = "leaf", .flags = TER_KIND_NO_SLOTS},
                                      table = {.name = "table",
                                               .layout = &pairs,
                                               .flags = TER_KIND_EPHEMERONS};
    struct ter_options options;

    ter_options_init(&options);
    assert_int_equal(ter_options_parse(&options, *state, NULL, 0), TER_OK);
    assert_int_equal(ter_heap_new(&options, &heap), TER_OK);
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    assert_int_equal(ter_kind_define(heap, &leaf, &leaf_kind), TER_OK);
    assert_int_equal(ter_kind_define(heap, &table, &table_kind), TER_OK);
    return 0;
}

static int free_heap(void **state)
{
    (void)state;
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
    return 0;
}

static void *allocate(unsigned kind, size_t bytes)
{
    void *object = ter_allocate(mutator, kind, bytes);

    assert_non_null(object);
    return object;
}

struct seen {
    struct ter_reference references[4];
    size_t count;
};

static void see(void *context, const struct ter_reference *reference)
{
    struct seen *seen = context;

    assert_true(seen->count < 4);
    seen->references[seen->count++] = *reference;
}

static struct seen path_to(const void *object)
{
    struct seen seen = {.count = 0};
    size_t length;

    assert_int_equal(ter_heap_path(mutator, object, 0, see, &seen, &length), TER_OK);
    assert_int_equal(length, seen.count);
    return seen;
}

static struct seen referrers_of(const void *object)
{
    struct seen seen = {.count = 0};
    size_t count;

    assert_int_equal(ter_heap_referrers(mutator, object, 0, see, &seen, &count), TER_OK);
    assert_int_equal(count, seen.count);
    return seen;
}

static uint64_t count_reached(unsigned kind)
{
    struct ter_kind_statistics counts[TER_KINDS_MOST];

    assert_int_equal(ter_heap_count_kinds(heap, TER_OBJECTS_REACHED, counts, TER_KINDS_MOST),
                     TER_OK);
    return counts[kind].objects;
}

/* The frame is the only root: there are two paths, one reference each, and a value. */
static void a_value_counts_when_its_key_does(void **state)
{
    struct seen seen;
    TER_ROOTS(mutator, local, struct element * table; void *key;);

    (void)state;
    local.table = allocate(table_kind, 2 * sizeof(struct element));
    local.key = allocate(leaf_kind, 16);
    TER_STORE(mutator, local.table, local.table[1].key, local.key);
    local.key = allocate(leaf_kind, 16);
    TER_STORE(mutator, local.table, local.table[1].value, local.key);
    local.key = local.table[1].key;
    seen = path_to(local.table[1].value);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.references[1].place, TER_IN_OBJECT);
    assert_ptr_equal(seen.references[1].word, &local.table[1].value);
    assert_false(seen.references[1].is_weak);
    assert_int_equal(count_reached(leaf_kind), 2);
    seen = referrers_of(local.key);
    assert_int_equal(seen.count, 2);
    assert_false(seen.references[0].is_weak);
    assert_true(seen.references[1].is_weak);
    assert_ptr_equal(seen.references[1].word, &local.table[1].key);
    assert_int_equal(seen.references[1].holder_kind, table_kind);
    local.key = NULL;
    assert_int_equal(path_to(local.table[1].key).count, 0);
    assert_int_equal(path_to(local.table[1].value).count, 0);
    assert_int_equal(count_reached(leaf_kind), 0);
    assert_int_equal(count_reached(table_kind), 1);
    TER_FRAME_END(mutator, local);
}

/* In the worst order. Element i: the key is object i, the value object i + 1. */
static void chains_are_searched(void **state)
{
    TER_ROOTS(mutator, local, struct element * table; void *key; void *next;);
    (void)state;
    local.table = allocate(table_kind, PAIRS * sizeof(struct element));
    local.next = allocate(leaf_kind, 16);
    for (size_t i = 0; i < PAIRS; i++) {
        local.key = allocate(leaf_kind, 16);
        ter_write_object(mutator, local.table);
        local.table[i] = (struct element){local.key, local.next};
        local.next = local.key;
    }
    local.next = NULL;
    assert_int_equal(count_reached(leaf_kind), PAIRS + 1);
    assert_int_equal(path_to(local.table[0].value).count, 2);
    local.key = NULL;
    assert_int_equal(count_reached(leaf_kind), 0);
    /* A value whose key is no reference counts. */
    TER_STORE(mutator, local.table, local.table[PAIRS - 1].key, NULL);
    assert_int_equal(count_reached(leaf_kind), PAIRS);
    test_fail_calls(TEST_ALL_CALLS, 0, TEST_FOR_EVER);
    assert_int_equal(ter_heap_walk(heap, TER_OBJECTS_REACHED, NULL, NULL), TER_ERROR_INVALID);
    test_stop_failing(NULL);
    TER_FRAME_END(mutator, local);
}

static void what_guardians_keep(void **state)
{
    struct ter_guardian *guardian;
    struct seen seen;
    void *note;
    TER_ROOTS(mutator, local, void *object; void *note;);

    (void)state;
    assert_int_equal(ter_guardian_new(heap, &guardian), TER_OK);
    local.object = allocate(leaf_kind, 16);
    local.note = allocate(leaf_kind, 16);
    assert_int_equal(ter_guardian_add(heap, guardian, local.object, local.note), TER_OK);
    assert_int_equal(ter_guardian_add(heap, guardian, local.object, local.object), TER_OK);
    note = local.note;
    local.note = NULL;
    seen = path_to(note);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.references[0].place, TER_IN_GUARDIAN);
    assert_string_equal(ter_reference_place_name(seen.references[0].place), "guardian");
    assert_true(seen.references[0].is_exact);
    assert_int_equal(referrers_of(local.object).count, 1);
    ter_guardian_free(heap, guardian);
    assert_int_equal(path_to(note).count, 0);
    TER_FRAME_END(mutator, local);
}

#define LOOKING_TEST(test, options)                                                                \
    {                                                                                              \
#test " (" options ")", test, make_heap, free_heap, (void *)options                        \
    }
#define ALL_TESTS(options)                                                                         \
    LOOKING_TEST(a_value_counts_when_its_key_does, options),                                       \
        LOOKING_TEST(chains_are_searched, options), LOOKING_TEST(what_guardians_keep, options)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALL_TESTS("stacks=exact,plan=mark-sweep"),
        ALL_TESTS("stacks=exact,plan=semispace"),
        ALL_TESTS("stacks=exact,plan=no-gc"),
        ALL_TESTS("stacks=exact,plan=semispace,check_heap=2,poison=1"),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
