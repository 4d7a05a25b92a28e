/* SPDX-License-Identifier: MIT */
/* Kinds that a description makes: types of slots, sizes, dispose functions, figures. */
#include "heap/heap.h"

#include <string.h>

#include "small_heap.h"

static struct small_heap small;

static void with_plans(const char *options, void (*test)(void))
{
    small_heap_with_plans(&small, options, test, NULL);
}

static unsigned define(const struct ter_kind_description *description)
{
    unsigned kind;

    assert_int_equal(ter_kind_define(small.heap, description, &kind), TER_OK);
    assert_string_equal(ter_kind_name(small.heap, kind),
                        description->name != NULL ? description->name : "");
    return kind;
}

static uint64_t count_of(unsigned kind)
{
    struct ter_kind_statistics statistics;

    assert_int_equal(ter_kind_count(small.heap, kind, &statistics), TER_OK);
    return statistics.objects;
}

/* ---- Types of slots ---- */

/* What runtimes have: an element is a word whose low three bits say what it is. */
enum { TAG_OBJECT = 1, TAG_INTEGER = 2, TAG_OTHER_OBJECT = 5 };

static const struct ter_object_layout words = {.element_bytes = sizeof(uintptr_t),
                                               .element = {.bitmap = 1}};
static const struct ter_kind_description tagged = {
    .name = "tagged",
    .layout = &words,
    .slots = {.form = TER_SLOTS_TAGGED,
              .mask = 7,
              .references = 1u << TAG_OBJECT | 1u << TAG_OTHER_OBJECT}};

/* Objects of which only the tag says whether they stay; the last words are of large objects too. */
TER_NOINLINE static void fill_tagged(unsigned kind, unsigned target, size_t length)
{
    uintptr_t *table = ter_allocate(small.mutator, kind, length * sizeof *table);

    small.roots[0] = table;
    for (size_t i = 0; i < length; i++) {
        uintptr_t object = (uintptr_t)ter_allocate(small.mutator, target, 48);

        ((uintptr_t *)object)[1] = i;
        table = small.roots[0];
        ter_write(small.mutator, table, &table[i], (const void *)object);
        table[i] = object | (i % 3 == 0 ? TAG_OBJECT : i % 3 == 1 ? TAG_INTEGER : TAG_OTHER_OBJECT);
    }
}

TER_NOINLINE static void check_tagged(size_t length)
{
    const uintptr_t *table = small.roots[0];

    for (size_t i = 0; i < length; i++)
        if (i % 3 != 1)
            assert_int_equal(((const uintptr_t *)(table[i] & ~(uintptr_t)7))[1], i);
}

static void keep_by_tags(void)
{
    unsigned kind = define(&tagged);
    unsigned target =
        define(&(struct ter_kind_description){.name = "leaf", .flags = TER_KIND_NO_SLOTS});

    for (size_t length = 3; length < 100000; length *= 11) {
        size_t kept = length - (length + 1) / 3;

        fill_tagged(kind, target, length);
        small_heap_collect(&small);
        small_heap_collect(&small);
        check_tagged(length);
        if (!small_heap_never_collects(&small))
            assert_in_range(count_of(target), kept, kept + SMALL_SLACK);
        small.roots[0] = NULL;
        small_heap_collect(&small);
    }
}

static void tags_say_what_a_slot_is(void **state)
{
    (void)state;
    with_plans("", keep_by_tags);
    with_plans(",markers=2", keep_by_tags);
}

static const struct ter_object_layout halves = {
    .header_bytes = 4, .element_bytes = 12, .element = {.bitmap = 5}};

/* A table of elements of three halves of a word: reference, number, reference. */
TER_NOINLINE static void fill_offsets(unsigned kind, unsigned target, size_t length)
{
    small.roots[0] = ter_allocate(small.mutator, kind, 4 + 12 * length);
    for (size_t i = 0; i < 3 * length; i++) {
        uintptr_t object = (uintptr_t)ter_allocate(small.mutator, target, 32);

        ((uintptr_t *)object)[1] = i;
        ter_write(small.mutator, small.roots[0], (uint32_t *)small.roots[0] + 1 + i,
                  (const void *)object);
        ((uint32_t *)small.roots[0])[1 + i] = (uint32_t)(object >> 3);
    }
}

TER_NOINLINE static void check_offsets(size_t length)
{
    const uint32_t *table = small.roots[0];

    for (size_t i = 0; i < 3 * length; i++)
        if (i % 3 != 1)
            assert_int_equal(((const uintptr_t *)((uintptr_t)table[1 + i] << 3))[1], i);
}

static void keep_by_offsets(void)
{
    const struct ter_kind_description description = {
        .name = "offsets", .layout = &halves, .slots = {.form = TER_SLOTS_OFFSET32, .shift = 3}};
    unsigned kind = define(&description);
    unsigned target =
        define(&(struct ter_kind_description){.name = "leaf", .flags = TER_KIND_NO_SLOTS});

    for (size_t length = 2; length < 30000; length *= 9) {
        fill_offsets(kind, target, length);
        small_heap_collect(&small);
        small_heap_collect(&small);
        check_offsets(length);
        if (!small_heap_never_collects(&small))
            assert_in_range(count_of(target), 2 * length, 2 * length + SMALL_SLACK);
        small.roots[0] = NULL;
        small_heap_collect(&small);
    }
}

static void offsets_of_32_bits_are_references(void **state)
{
    (void)state;
    if (sizeof(void *) < 8)
        skip();
    /* A word left on the stack would keep a whole table with all that it leads to. */
    with_plans(",layout=compressed,stacks=exact", keep_by_offsets);
}

static void what_does_not_reach_is_refused(void **state)
{
    const struct ter_kind_description description = {.layout = &halves,
                                                     .slots = {.form = TER_SLOTS_OFFSET32}};
    unsigned kind = 99;

    (void)state;
    if (sizeof(void *) < 8)
        skip();
    small_heap_init(&small, "");
    assert_int_equal(ter_kind_define(small.heap, &description, &kind), TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(kind, 99);
    small_heap_fini(&small);
}

/* A visitor that has an object and no slot. */
static void visit_hidden(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    uintptr_t hidden = ~*(const uintptr_t *)object;

    (void)context, (void)bytes;
    if (hidden == UINTPTR_MAX)
        return;
    hidden = (uintptr_t)ter_trace_object(trace, (void *)hidden);
    *(uintptr_t *)object = ~hidden;
}

TER_NOINLINE static void hide(unsigned kind, unsigned target)
{
    uintptr_t *object = ter_allocate(small.mutator, kind, 16);

    small.roots[0] = object;
    for (size_t i = 0; i < 100; i++)
        *object = ~(uintptr_t)ter_allocate(small.mutator, target, 32);
}

static void keep_hidden(void)
{
    unsigned kind = define(&(struct ter_kind_description){.visitor = visit_hidden});
    unsigned target =
        define(&(struct ter_kind_description){.name = "leaf", .flags = TER_KIND_NO_SLOTS});

    hide(kind, target);
    small_heap_collect(&small);
    if (!small_heap_never_collects(&small))
        assert_in_range(count_of(target), 1, 1 + SMALL_SLACK);
    assert_false(ter_object_is_none(ter_heap_find(small.heap, ~*(uintptr_t *)small.roots[0])));
}

static void a_visitor_reports_objects(void **state)
{
    (void)state;
    with_plans("", keep_hidden);
}

/* ---- Descriptions ---- */

static void refuse(const struct ter_kind_description *description)
{
    unsigned kind = 99;

    assert_int_equal(ter_kind_define(small.heap, description, &kind), TER_ERROR_INVALID);
    assert_int_equal(kind, 99);
}

static size_t any_size(void *context, const void *object)
{
    (void)context, (void)object;
    return 8;
}

static void contradictions_are_refused(void **state)
{
    struct ter_kind_description wrong = {0};

    (void)state;
    small_heap_init(&small, "");
    refuse(&wrong);
    refuse(&(struct ter_kind_description){.layout = &words, .flags = TER_KIND_NO_SLOTS});
    refuse(&(struct ter_kind_description){.layout = &words, .visitor = visit_hidden});
    refuse(&(struct ter_kind_description){.flags = TER_KIND_NO_SLOTS | 1u << 20});
    refuse(&(struct ter_kind_description){.flags = TER_KIND_NO_SLOTS,
                                          .size = {.form = TER_SIZE_FIXED}});
    refuse(&(struct ter_kind_description){.flags = TER_KIND_NO_SLOTS,
                                          .size = {.form = TER_SIZE_BY_FUNCTION}});
    refuse(&(struct ter_kind_description){.flags = TER_KIND_NO_SLOTS,
                                          .size = {.form = TER_SIZE_FROM_HEADER, .width = 3}});
    refuse(&(struct ter_kind_description){
        .flags = TER_KIND_NO_SLOTS,
        .size = {.form = TER_SIZE_FROM_HEADER, .width = 4, .offset = 2}});
    wrong = tagged;
    wrong.slots.mask = 16;
    refuse(&wrong);
    wrong = tagged;
    wrong.slots.references = 1u << 16;
    refuse(&wrong);
    wrong = tagged;
    wrong.slots.form = (enum ter_slot_form)9;
    refuse(&wrong);
    refuse(&(struct ter_kind_description){.visitor = visit_hidden,
                                          .slots = {.form = TER_SLOTS_TAGGED}});
    assert_int_equal(ter_kind_define(small.heap, NULL, NULL), TER_ERROR_INVALID);
    small_heap_fini(&small);
}

static void sizes_are_what_kinds_say(void **state)
{
    static const struct ter_object_size forms[] = {
        {.form = TER_SIZE_AS_ALLOCATED},
        {.form = TER_SIZE_FIXED, .bytes = 40},
        {.form = TER_SIZE_FROM_HEADER, .offset = 4, .width = 4, .multiplier = 8, .bytes = 16},
        {.form = TER_SIZE_FROM_HEADER, .offset = 2, .width = 2, .multiplier = 1},
        {.form = TER_SIZE_FROM_HEADER, .offset = 0, .width = 1, .multiplier = 2, .bytes = 1},
        {.form = TER_SIZE_FROM_HEADER, .offset = 8, .width = 8, .multiplier = SIZE_MAX},
        {.form = TER_SIZE_BY_FUNCTION, .function = any_size}};
    static const size_t sizes[] = {64, 40, 16 + 8 * 7, 515, 7, SIZE_MAX, 8};
    unsigned char object[16] = {3, 0, 3, 2, 7, 0, 0, 0, 9};

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(forms); i++) {
        struct ter_kind_details details = {.size = forms[i]};
        struct ter_kind kind = {.details = &details};
        uint64_t words_of_object[2];

        memcpy(words_of_object, object, sizeof object);
        assert_int_equal(ter_kind_size(&kind, (uintptr_t)words_of_object, 64), sizes[i]);
    }
}

/* ---- Dispose ---- */

#define DISPOSED 3000u

static unsigned char disposed[DISPOSED];
static unsigned calls;

/* What hangs on an object is malloc's; the object itself is as it was. */
static void dispose(void *context, void *object, size_t bytes)
{
    void **words_of_object = object;
    size_t number = (size_t)words_of_object[0];

    assert_ptr_equal(context, &calls);
    assert_true(bytes >= 32 && number < DISPOSED);
    assert_int_equal(disposed[number]++, 0);
    free(words_of_object[1]);
    words_of_object[1] = NULL;
    ter_external_adjust(small.heap, -100);
    calls++;
}

TER_NOINLINE static void make_disposable(unsigned kind, size_t bytes)
{
    void **list = NULL, **object;

    for (size_t i = 0; i < DISPOSED; i++) {
        object = ter_allocate(small.mutator, kind, bytes);
        object[0] = (void *)i;
        object[1] = malloc(100);
        ter_external_adjust(small.heap, 100);
        if (i % 3 != 0)
            continue;
        object[2] = list;
        list = object;
        small.roots[0] = list;
    }
}

TER_NOINLINE static void free_half_of_list(void)
{
    void **object = small.roots[0];

    for (unsigned i = 0; object != NULL && i < DISPOSED / 6; i++) {
        void **next = object[2];

        ter_free(small.mutator, object);
        object = next;
    }
    small.roots[0] = object;
}

static void dispose_of(size_t bytes)
{
    static const struct ter_object_layout third = {.header_bytes = 3 * sizeof(void *),
                                                   .header = {.bitmap = 4}};
    const struct ter_kind_description description = {
        .name = "disposed", .layout = &third, .dispose = dispose, .context = &calls};
    unsigned kind = define(&description);

    memset(disposed, 0, sizeof disposed);
    calls = 0;
    make_disposable(kind, bytes);
    small_heap_collect(&small);
    small_heap_collect(&small);
    if (!small_heap_never_collects(&small)) {
        assert_in_range(calls, DISPOSED * 2 / 3 - SMALL_SLACK, DISPOSED * 2 / 3);
        assert_in_range(count_of(kind), DISPOSED / 3, DISPOSED / 3 + SMALL_SLACK);
    }
    for (size_t i = 0; i < DISPOSED; i += 3)
        assert_int_equal(disposed[i], 0);
    free_half_of_list();
    assert_true(calls >= DISPOSED / 6);
    small.roots[0] = NULL;
    small_heap_collect(&small);
}

static void dispose_small(void)
{
    dispose_of(40);
}

static void dispose_large(void)
{
    dispose_of(10000);
}

/* The end of the heap is the end of the rest. */
static void all_is_disposed_of(void)
{
    assert_int_equal(calls, DISPOSED);
}

static void dispose_with(const char *options, void (*test)(void))
{
    small_heap_with_plans(&small, options, test, all_is_disposed_of);
}

static void the_dead_are_disposed_of_once(void **state)
{
    (void)state;
    dispose_with("", dispose_small);
    dispose_with("", dispose_large);
    dispose_with(",objects=malloc", dispose_small);
    dispose_with(",stress=100", dispose_small);
    dispose_with(",check_barriers=1", dispose_small);
}

static unsigned finalized;

static void finalize(void *object, void *data)
{
    (void)data;
    assert_int_equal(((size_t *)object)[0], 7);
    assert_int_equal(disposed[7], 0);
    finalized++;
}

TER_NOINLINE static void make_finalized(unsigned kind)
{
    for (unsigned i = 0; i < 20; i++) {
        size_t *object = ter_allocate(small.mutator, kind, 32);

        object[0] = i;
        if (i == 7)
            assert_int_equal(ter_finalizer_set(small.heap, object, finalize, NULL), TER_OK);
    }
}

/* First the finalizer, which has the object whole, then it is disposed of. */
static void finalizers_come_first(void **state)
{
    const struct ter_kind_description description = {
        .flags = TER_KIND_NO_SLOTS, .dispose = dispose, .context = &calls};

    (void)state;
    memset(disposed, 0, sizeof disposed);
    small_heap_init(&small, "");
    ter_external_adjust(small.heap, 2000);
    make_finalized(define(&description));
    small_heap_collect(&small);
    test_clear_stack();
    ter_finalizers_run(small.heap);
    assert_int_equal(finalized, 1);
    small_heap_collect(&small);
    small_heap_collect(&small);
    assert_int_equal(disposed[7], 1);
    small_heap_fini(&small);
}

/* ---- Memory that reads zero ---- */

/* Fills them, and counts words that were not zero before. */
TER_NOINLINE static size_t fill_leaves(unsigned kind, size_t bytes)
{
    size_t set = 0;

    for (unsigned i = 0; i < 2000000 / bytes; i++) {
        uintptr_t *leaf = ter_allocate(small.mutator, kind, bytes);

        for (size_t j = 0; j < bytes / sizeof *leaf; j++)
            set += leaf[j] != 0;
        memset(leaf, 0x77, bytes);
    }
    return set;
}

static void clear_leaves(void)
{
    unsigned kind = define(&(struct ter_kind_description){.flags = TER_KIND_NO_SLOTS});
    unsigned filled =
        define(&(struct ter_kind_description){.flags = TER_KIND_NO_SLOTS | TER_KIND_FILLED});

    for (unsigned round = 0; round < 3; round++) {
        (void)fill_leaves(filled, 48);
        assert_int_equal(fill_leaves(kind, 48), 0);
        assert_int_equal(fill_leaves(kind, 30000), 0);
        small_heap_collect(&small);
    }
}

static void kinds_without_slots_read_zero(void **state)
{
    (void)state;
    with_plans("", clear_leaves);
    with_plans(",stacks=exact", clear_leaves);
}

/* ---- Figures ---- */

static void count_all(void)
{
    unsigned kind =
        define(&(struct ter_kind_description){.name = "leaf", .flags = TER_KIND_NO_SLOTS});
    struct ter_kind_statistics statistics;

    for (unsigned i = 0; i < 100; i++)
        assert_non_null(ter_allocate(small.mutator, kind, i < 50 ? 32 : 20000));
    assert_int_equal(ter_kind_count(small.heap, kind, &statistics), TER_OK);
    assert_in_range(statistics.objects, 100 - 2 * SMALL_SLACK, 100);
    assert_true(statistics.bytes >= statistics.objects * 32);
    assert_int_equal(ter_kind_count(small.heap, 63, &statistics), TER_ERROR_INVALID);
    assert_string_equal(ter_kind_name(small.heap, 63), "");
}

static void objects_are_counted_by_kind(void **state)
{
    (void)state;
    with_plans(",heap_initial=64M", count_all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_say_what_a_slot_is),
        cmocka_unit_test(offsets_of_32_bits_are_references),
        cmocka_unit_test(what_does_not_reach_is_refused),
        cmocka_unit_test(a_visitor_reports_objects),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(sizes_are_what_kinds_say),
        cmocka_unit_test(the_dead_are_disposed_of_once),
        cmocka_unit_test(finalizers_come_first),
        cmocka_unit_test(kinds_without_slots_read_zero),
        cmocka_unit_test(objects_are_counted_by_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
