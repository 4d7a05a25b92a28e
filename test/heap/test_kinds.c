/* SPDX-License-Identifier: MIT */
/*
 * Kinds with a layout or a visitor, through the public functions: what a slot refers to stays,
 * whatever else the object's words look like keeps nothing.
 */
#include "small_heap.h"

#define WORD sizeof(uintptr_t)
#define MOST_WORDS 30000u

static struct small_heap small;

/* ---- Kinds ---- */

static const uint32_t listed_offsets[] = {0, 3 * WORD, 500 * WORD};
static const struct ter_object_layout listed = {.header_bytes = 501 * WORD,
                                                .header = {listed_offsets, 3, 0}},
                                      mapped = {.header_bytes = 64 * WORD,
                                                .header = {.bitmap = UINT64_C(0x8000000000000005)}},
                                      records = {.header_bytes = WORD,
                                                 .header = {.bitmap = 1},
                                                 .element_bytes = 3 * WORD,
                                                 .element = {.bitmap = 4}};

static bool is_listed(size_t word)
{
    return word == 0 || word == 3 || word == 500;
}

static bool is_mapped(size_t word)
{
    return word == 0 || word == 2 || word == 63;
}

static bool is_in_record(size_t word)
{
    return word % 3 == 0;
}

static bool is_even(size_t word)
{
    return word % 2 == 0;
}

static void visit_even_slots(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    (void)context;
    for (size_t at = 0; at + WORD <= bytes; at += 2 * WORD)
        ter_trace_slot(trace, ter_slot_at(object + at));
}

static void visit_even_words(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    (void)context;
    for (size_t at = 0; at + WORD <= bytes; at += 2 * WORD)
        ter_trace_word(trace, *(const uintptr_t *)(object + at));
}

static struct kind {
    const struct ter_object_layout *layout;
    void (*visitor)(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes);
    bool (*is_slot)(size_t word);
    unsigned number;
} kinds[] = {
    {.layout = &listed, .is_slot = is_listed},
    {.layout = &mapped, .is_slot = is_mapped},
    {.layout = &records, .is_slot = is_in_record},
    {.visitor = visit_even_slots, .is_slot = is_even},
    {.visitor = visit_even_words, .is_slot = is_even},
};

static void add_kinds(void)
{
    for (size_t i = 0; i < TER_ARRAY_LENGTH(kinds); i++)
        assert_int_equal(kinds[i].layout != NULL
                             ? ter_kind_add_layout(small.heap, kinds[i].layout, &kinds[i].number)
                             : ter_kind_add(small.heap, kinds[i].visitor, NULL, &kinds[i].number),
                         TER_OK);
}

/* ---- What stays ---- */

static uintptr_t hidden[MOST_WORDS];

static TER_NOINLINE void make(const struct kind *kind, size_t words)
{
    void *volatile object = ter_allocate(small.mutator, kind->number, words * WORD);

    assert_non_null(object);
    small.roots[0] = object;
    for (size_t i = 0; i < words; i++) {
        size_t *target = ter_allocate(small.mutator, TER_KIND_ATOMIC, 16);

        assert_non_null(target);
        *target = i;
        ((void **)object)[i] = target;
        hidden[i] = test_hide(target);
    }
}

/* A cell that became free may hold a later one. */
static TER_NOINLINE bool is_there(uintptr_t address, size_t number)
{
    return ter_heap_find(small.heap, address).bits == address && *(size_t *)address == number;
}

static void slots_alone_keep(const struct kind *kind, size_t words)
{
    size_t kept_without = 0;

    make(kind, words);
    small_heap_collect(&small);
    for (size_t i = 0; i < words; i++) {
        bool there = is_there((uintptr_t)test_show(hidden[i]), i);

        if (kind->is_slot(i))
            assert_true(there);
        else
            kept_without += there;
    }
    assert_in_range(kept_without, 0, SMALL_SLACK);
    small.roots[0] = NULL;
}

/* Elements are whole in all of these. */
static const size_t sizes[] = {1, 4, 64, 502, 1000, 8194, 29998};

static void every_kind_and_size(const char *options)
{
    small_heap_init(&small, options);
    add_kinds();
    for (size_t kind = 0; kind < TER_ARRAY_LENGTH(kinds); kind++)
        for (size_t i = 0; i < TER_ARRAY_LENGTH(sizes); i++)
            slots_alone_keep(&kinds[kind], sizes[i]);
    small_heap_fini(&small);
}

static void with_one_worker(void **state)
{
    (void)state;
    every_kind_and_size("markers=1");
}

static void with_two_workers(void **state)
{
    (void)state;
    every_kind_and_size("markers=2,stress=1000");
}

static void with_many_workers(void **state)
{
    (void)state;
    every_kind_and_size("markers=4,stress=1000");
}

static void in_memory_of_malloc(void **state)
{
    (void)state;
    every_kind_and_size("objects=malloc");
}

static void in_shared_chunks(void **state)
{
    (void)state;
    every_kind_and_size("layout=small");
}

/* ---- Lists behind slots ---- */

static TER_NOINLINE void *list_of(unsigned kind, size_t length)
{
    void *volatile head = NULL;

    for (size_t i = 0; i < length; i++) {
        void **object = ter_allocate(small.mutator, kind, 2 * WORD);

        assert_non_null(object);
        object[0] = head;
        object[1] = (void *)~(uintptr_t)i;
        head = object;
    }
    return head;
}

static void lists_are_followed(void **state)
{
    static const struct ter_object_layout pair = {.header_bytes = 2 * WORD,
                                                  .header = {.bitmap = 1}};
    unsigned kind;
    void **object;

    (void)state;
    small_heap_init(&small, "");
    assert_int_equal(ter_kind_add_layout(small.heap, &pair, &kind), TER_OK);
    small.roots[0] = list_of(kind, 20000);
    small_heap_collect(&small);
    small_heap_collect(&small);
    object = small.roots[0];
    for (size_t i = 20000; i-- > 0; object = object[0])
        assert_int_equal((uintptr_t)object[1], ~(uintptr_t)i);
    assert_null(object);
    small_heap_fini(&small);
}

/* ---- Slots that hold what is no reference ---- */

static TER_NOINLINE void make_wrong(unsigned kind, size_t count)
{
    void **volatile list = NULL;

    for (size_t i = 0; i < count; i++) {
        void **object = ter_allocate(small.mutator, kind, 2 * WORD);
        size_t *target = ter_allocate(small.mutator, TER_KIND_ATOMIC, 16);

        assert_true(object != NULL && target != NULL);
        *target = i;
        object[0] = list;
        object[1] = (char *)target + (i % 2 == 0 ? WORD : 1);
        hidden[i] = test_hide(target);
        list = object;
    }
    small.roots[0] = list;
}

static void wrong_slots_keep_nothing(void **state)
{
    static const struct ter_object_layout pair = {.header_bytes = 2 * WORD,
                                                  .header = {.bitmap = 3}};
    size_t count = 100, kept = 0;
    unsigned kind;

    (void)state;
    small_heap_init(&small, "");
    assert_int_equal(ter_kind_add_layout(small.heap, &pair, &kind), TER_OK);
    make_wrong(kind, count);
    small_heap_collect(&small);
    for (size_t i = 0; i < count; i++)
        kept += is_there((uintptr_t)test_show(hidden[i]), i);
    assert_in_range(kept, 0, SMALL_SLACK);
    small_heap_fini(&small);
}

/* ---- What is refused ---- */

static void wrong_layouts_are_refused(void **state)
{
    const struct ter_object_layout wrong[] = {
        {.header_bytes = 3},
        {.header_bytes = WORD, .header = {.bitmap = 2}},
        {.element = {.bitmap = 1}},
    };
    unsigned kind = 99;

    (void)state;
    small_heap_init(&small, "log=0");
    for (size_t i = 0; i < TER_ARRAY_LENGTH(wrong); i++)
        assert_int_equal(ter_kind_add_layout(small.heap, &wrong[i], &kind), TER_ERROR_INVALID);
    assert_int_equal(ter_kind_add_layout(small.heap, NULL, &kind), TER_ERROR_INVALID);
    assert_int_equal(ter_kind_add_layout(small.heap, &mapped, NULL), TER_ERROR_INVALID);
    assert_int_equal(kind, 99);
    assert_int_equal(ter_kind_add_layout(small.heap, &mapped, &kind), TER_OK);
    assert_int_equal(kind, TER_KIND_ATOMIC_UNCOLLECTABLE + 1);
    small_heap_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_one_worker),          cmocka_unit_test(with_two_workers),
        cmocka_unit_test(with_many_workers),        cmocka_unit_test(in_memory_of_malloc),
        cmocka_unit_test(in_shared_chunks),         cmocka_unit_test(lists_are_followed),
        cmocka_unit_test(wrong_slots_keep_nothing), cmocka_unit_test(wrong_layouts_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
