/* SPDX-License-Identifier: MIT */
/* Elements of kinds of ephemerons in all forms of slots, and what becomes of them. */
#include <terrier/terrier.h>

#include "heap/heap.h"
#include "support.h"

struct node {
    struct node *first, *second;
    uintptr_t number;
};

struct element {
    struct node *key, *value;
};

static struct ter_heap *heap;
static struct ter_mutator *mutator;
static unsigned node_kind;

static int make_heap(void **state)
{
    static const struct ter_object_layout node = {.header_bytes = sizeof(struct node),
                                                  .header = {.bitmap = 3}};
    const struct ter_kind_description nodes = {.name = "node", .layout = &node};
    struct ter_options options;

    ter_options_init(&options);
    assert_int_equal(ter_options_parse(&options, *state, NULL, 0), TER_OK);
    assert_int_equal(ter_heap_new(&options, &heap), TER_OK);
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    assert_int_equal(ter_kind_define(heap, &nodes, &node_kind), TER_OK);
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

static struct node *make_node(uintptr_t number)
{
    struct node *node = allocate(node_kind, sizeof *node);

    node->number = number;
    return node;
}

struct tagged {
    uintptr_t key, value, more;
};

/* Integers have tag 1; a constant with tag 2 says that there was something. */
static void tagged_elements_become_what_the_kind_says(void **state)
{
    static const struct ter_object_layout layout = {.element_bytes = sizeof(struct tagged),
                                                    .element = {.bitmap = 5}};
    const struct ter_kind_description wanted = {
        .name = "tagged",
        .layout = &layout,
        .slots = {.form = TER_SLOTS_TAGGED, .mask = 3, .references = 1},
        .flags = TER_KIND_EPHEMERONS,
        .cleared = {.key = 2, .value = 6}};
    struct node *node;
    unsigned kind;
    TER_ROOTS(mutator, local, struct tagged * table; struct node * key;);

    (void)state;
    assert_int_equal(ter_kind_define(heap, &wanted, &kind), TER_OK);
    local.table = allocate(kind, 4 * sizeof *local.table);
    local.key = make_node(7);
    local.table[0] = (struct tagged){(uintptr_t)local.key, 77, (uintptr_t)local.key};
    node = make_node(8);
    local.table[1] = (struct tagged){15, 77, (uintptr_t)node};
    node = make_node(9);
    local.table[2] = (struct tagged){(uintptr_t)node, 77, 21};
    ter_collect(mutator);
    assert_int_equal(local.table[0].key, (uintptr_t)local.key);
    assert_int_equal(local.table[0].more, (uintptr_t)local.key);
    /* An integer never goes, so it keeps its value. */
    assert_int_equal(local.table[1].key, 15);
    assert_int_equal(((struct node *)local.table[1].more)->number, 8);
    assert_int_equal(local.table[2].key, 2);
    assert_int_equal(local.table[2].value, 77);
    assert_int_equal(local.table[2].more, 6);
    assert_int_equal(local.table[3].key, 0);
    TER_FRAME_END(mutator, local);
}

/* Words that are none of the heap's: 1 for a key that was there, 2 for its value. */
static void plain_elements_become_what_the_kind_says(void **state)
{
    static const struct ter_object_layout layout = {.element_bytes = sizeof(struct element),
                                                    .element = {.bitmap = 3}};
    const struct ter_kind_description wanted = {.name = "open table",
                                                .layout = &layout,
                                                .flags = TER_KIND_EPHEMERONS,
                                                .cleared = {.key = 1, .value = 2}};
    unsigned kind;
    TER_ROOTS(mutator, local, struct element * table; struct node * key; struct node * value;);

    (void)state;
    assert_int_equal(ter_kind_define(heap, &wanted, &kind), TER_OK);
    local.table = allocate(kind, 3 * sizeof *local.table);
    for (unsigned i = 0; i < 2; i++) {
        local.value = make_node(i);
        local.key = make_node(i);
        ter_write_object(mutator, local.table);
        local.table[i] = (struct element){local.key, local.value};
    }
    local.value = NULL;
    for (unsigned i = 0; i < 3; i++) {
        ter_collect(mutator);
        assert_int_equal((uintptr_t)local.table[0].key, 1);
        assert_int_equal((uintptr_t)local.table[0].value, 2);
        assert_ptr_equal(local.table[1].key, local.key);
        assert_int_equal(local.table[1].value->number, 1);
        assert_null(local.table[2].key);
        assert_null(local.table[2].value);
    }
    TER_FRAME_END(mutator, local);
}

static void expect_refused(const struct ter_kind_description *wanted)
{
    unsigned kind;

    assert_int_equal(ter_kind_define(heap, wanted, &kind), TER_ERROR_INVALID);
}

static void descriptions_that_are_refused(void **state)
{
    static const struct ter_object_layout none = {.header_bytes = 16, .header = {.bitmap = 3}};
    static const struct ter_object_layout pairs = {.element_bytes = 16, .element = {.bitmap = 3}};
    struct ter_kind_description wanted = {.flags = TER_KIND_EPHEMERONS, .layout = &none};

    (void)state;
    ter_log_set_level(TER_LOG_SILENT);
    expect_refused(&wanted);
    wanted.layout = NULL;
    expect_refused(&wanted);
    wanted.flags |= TER_KIND_AMBIGUOUS;
    expect_refused(&wanted);
    wanted = (struct ter_kind_description){.layout = &pairs, .cleared = {.key = 2}};
    expect_refused(&wanted);
    wanted.flags = TER_KIND_EPHEMERONS;
    wanted.cleared.value = 4096;
    expect_refused(&wanted);
    wanted.cleared.value = 2;
    wanted.slots = (struct ter_slot_type){.form = TER_SLOTS_TAGGED, .mask = 3, .references = 4};
    wanted.cleared.key = 18;
    expect_refused(&wanted);
}

/* ---- Offsets of 32 bits ---- */

struct half_element {
    uint32_t key, value;
};

static uint32_t half_of(const void *object)
{
    return (uint32_t)((uintptr_t)object >> 3);
}

static const struct node *whole_of(uint32_t half)
{
    return (const struct node *)((uintptr_t)half << 3);
}

static void elements_of_offsets(void **state)
{
    static const struct ter_object_layout layout = {.element_bytes = sizeof(struct half_element),
                                                    .element = {.bitmap = 3}};
    const struct ter_kind_description wanted = {.name = "halves",
                                                .layout = &layout,
                                                .slots = {.form = TER_SLOTS_OFFSET32, .shift = 3},
                                                .flags = TER_KIND_EPHEMERONS};
    TER_ROOTS(mutator, local, struct half_element * table; struct node * key;);
    unsigned kind;

    (void)state;
    assert_int_equal(ter_kind_define(heap, &wanted, &kind), TER_OK);
    local.table = allocate(kind, 4 * sizeof(struct half_element));
    for (unsigned i = 0; i < 2; i++) {
        struct node *value;

        local.key = make_node(i);
        value = make_node(10 + i);
        ter_write_object(mutator, local.table);
        local.table[i] = (struct half_element){half_of(local.key), half_of(value)};
    }
    for (unsigned i = 0; i < 3; i++) {
        ter_collect(mutator);
        assert_int_equal(local.table[0].key, 0);
        assert_int_equal(local.table[0].value, 0);
        assert_ptr_equal(whole_of(local.table[1].key), local.key);
        assert_int_equal(whole_of(local.table[1].value)->number, 11);
    }
    TER_FRAME_END(mutator, local);
}

/* ---- Under every plan ---- */

#define FORM_TEST(test, options)                                                                   \
    {                                                                                              \
#test " (" options ")", test, make_heap, free_heap, (void *)options                        \
    }
#define ALL_TESTS(options)                                                                         \
    FORM_TEST(tagged_elements_become_what_the_kind_says, options),                                 \
        FORM_TEST(plain_elements_become_what_the_kind_says, options),                              \
        FORM_TEST(descriptions_that_are_refused, options)
#define CHECKED ",check_heap=2,poison=1,check_barriers=1"

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALL_TESTS("stacks=exact,plan=mark-sweep"),
        ALL_TESTS("stacks=exact,plan=semispace"),
        ALL_TESTS("stacks=exact,plan=mark-sweep" CHECKED),
        ALL_TESTS("stacks=exact,plan=semispace" CHECKED),
    };
    const struct CMUnitTest of_offsets[] = {
        FORM_TEST(elements_of_offsets, "stacks=exact,plan=mark-sweep,layout=compressed"),
        FORM_TEST(elements_of_offsets, "stacks=exact,plan=semispace,layout=compressed"),
        FORM_TEST(elements_of_offsets, "stacks=exact,plan=semispace,layout=compressed" CHECKED),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    if (failed == 0 && sizeof(void *) == 8)
        failed = cmocka_run_group_tests(of_offsets, NULL, NULL);
    return failed;
}
