/* SPDX-License-Identifier: MIT */
/*
 * Collections of young objects to which a large old object refers: stores into all of it or into
 * long parts are looked at where workers share them, and not one by one with the roots.
 */
#include "heap/heap.h"

#include <terrier/fast.h>

#include "small_heap.h"

#define WORD sizeof(uintptr_t)

static struct small_heap small;
static uintptr_t *large, *fresh; /* exact slots: the old object, and young ones for it */
static unsigned leaf, plain, numbers[4];
static size_t words; /* of the large object */

/* ---- Kinds ---- */

static const struct ter_object_layout all_slots = {.element_bytes = WORD, .element = {.bitmap = 1}},
                                      records = {.header_bytes = 3 * WORD,
                                                 .header = {.bitmap = 7},
                                                 .element_bytes = 4 * WORD,
                                                 .element = {.bitmap = 7}};

static void visit_all(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    (void)context;
    for (uintptr_t slot = object; slot < object + bytes; slot += WORD)
        ter_trace_slot(trace, ter_slot_at(slot));
}

enum { ALL, RECORDS, VISITED, UNTIL_FREED, KINDS };

static const struct ter_kind_description kinds_of_large[] = {
    [ALL] = {.name = "slots", .layout = &all_slots},
    [RECORDS] = {.name = "records", .layout = &records},
    [VISITED] = {.name = "visited", .visitor = visit_all, .flags = TER_KIND_ONLY_SLOTS},
    [UNTIL_FREED] = {.name = "until-freed", .layout = &all_slots, .flags = TER_KIND_UNTIL_FREED},
};

_Static_assert(TER_ARRAY_LENGTH(kinds_of_large) == TER_ARRAY_LENGTH(numbers), "one for each");

/* By the layouts above; the object ends with a whole element, or nearly. */
static bool is_slot(unsigned kind, size_t word)
{
    return kind != RECORDS || word < 3 || ((word - 3) % 4 != 3 && (word - 3) / 4 < (words - 3) / 4);
}

/* ---- Heaps ---- */

static unsigned define(const struct ter_kind_description *description)
{
    unsigned kind;

    assert_int_equal(ter_kind_define(small.heap, description, &kind), TER_OK);
    return kind;
}

static void open_heap(const char *options)
{
    small_heap_init(&small, options);
    large = fresh = NULL;
    assert_int_equal(ter_roots_add_slots(small.heap, &large, 1, TER_ROOT_EXACT), TER_OK);
    assert_int_equal(ter_roots_add_slots(small.heap, &fresh, 1, TER_ROOT_EXACT), TER_OK);
    leaf = define(&(struct ter_kind_description){.name = "leaf", .flags = TER_KIND_NO_SLOTS});
    plain = define(&(struct ter_kind_description){.name = "fresh", .layout = &all_slots});
    for (unsigned kind = 0; kind < KINDS; kind++)
        numbers[kind] = define(&kinds_of_large[kind]);
}

static void close_heap(void)
{
    test_check_spaces(small.heap);
    ter_roots_remove_slots(small.heap, &large, 1);
    ter_roots_remove_slots(small.heap, &fresh, 1);
    small_heap_fini(&small);
}

/* ---- Stores ---- */

/* A young leaf for each word of [from, to), in one young object: so none of them needs memory
 * between the barrier and the stores. */
static void make_fresh(size_t from, size_t to, uintptr_t round)
{
    fresh = ter_allocate(small.mutator, plain, (to - from) * WORD);
    assert_non_null(fresh);
    for (size_t word = from; word < to; word++) {
        uintptr_t *made = ter_allocate(small.mutator, leaf, 2 * WORD);

        assert_non_null(made);
        made[1] = word << 8 | round;
        ter_write(small.mutator, fresh, &fresh[word - from], made);
        fresh[word - from] = (uintptr_t)made;
    }
}

static void store_range(unsigned kind, size_t from, size_t to, bool whole, uintptr_t round)
{
    make_fresh(from, to, round);
    if (whole)
        ter_write_object(small.mutator, large);
    else
        ter_write_range(small.mutator, large, &large[from], (to - from) * WORD);
    for (size_t word = from; word < to; word++)
        if (is_slot(kind, word))
            large[word] = fresh[word - from];
    fresh = NULL;
}

static void check_range(unsigned kind, size_t from, size_t to, uintptr_t round)
{
    for (size_t word = from; word < to; word++) {
        uintptr_t object = large[word];

        if (!is_slot(kind, word))
            continue;
        assert_true(ter_heap_find(small.heap, object).bits == object);
        assert_true(((const uintptr_t *)object)[1] == (word << 8 | round));
    }
}

static void make_large(unsigned kind)
{
    large = ter_allocate(small.mutator, numbers[kind], words * WORD);
    assert_non_null(large);
    ter_collect(small.mutator);
}

static void drop_large(unsigned kind)
{
    if (kind == UNTIL_FREED)
        ter_free(small.mutator, large);
    large = NULL;
    ter_collect(small.mutator);
}

static void collect_young(void)
{
    uint64_t before = small_heap_statistics(&small).collections_young;

    ter_collect_young(small.mutator);
    assert_int_equal(small_heap_statistics(&small).collections_young, before + 1);
}

/* ---- What they keep ---- */

/* Parts that begin and end in the header, in elements and between them, short and long. */
static void keep_parts(void)
{
    const size_t parts[][2] = {{0, words},         {0, 2},       {1, words - 1},
                               {2, words / 2},     {4, words},   {words / 3, words},
                               {words - 5, words}, {7, 7 + 8193}};

    for (unsigned kind = 0; kind < KINDS; kind++) {
        make_large(kind);
        for (uintptr_t i = 0; i < 2 * TER_ARRAY_LENGTH(parts); i++) {
            const size_t *part = parts[i / 2];

            store_range(kind, part[0], part[1], i % 2 != 0, i);
            collect_young();
            check_range(kind, part[0], part[1], i);
            ter_collect(small.mutator);
        }
        drop_large(kind);
    }
}

static void with_young(const char *options, void (*test)(void))
{
    char text[160];

    snprintf(text, sizeof text, "stacks=exact,heap_initial=256M,young_bytes=1G%s", options);
    small_heap_try_plans(test_plan_has_young, text, open_heap, test, close_heap);
}

static void each_part_keeps_what_it_refers_to(void **state)
{
    (void)state;
    words = test_count_not_below(100001, 20001);
    with_young(",markers=1", keep_parts);
    with_young(",markers=2,stress=1000000000", keep_parts);
    with_young(",markers=4,stress=1000000000", keep_parts);
}

/* ---- Who looks at them ---- */

static size_t reached_with_roots;
static unsigned times_asked;

/* Exact slots of the program's are asked for behind all that was logged. */
static void count_reached(void *context, ter_root_slot_visitor *visit, void *visitor_context)
{
    (void)context, (void)visit, (void)visitor_context;
    reached_with_roots = 0;
    times_asked++;
    for (size_t word = 0; word < words; word++)
        reached_with_roots += ter_collector_is_marked(&small.heap->collector, large[word]);
}

static void share_all(void)
{
    make_large(ALL);
    ter_heap_report_roots(small.heap, count_reached, NULL);
    for (uintptr_t round = 0; round < 2; round++) {
        times_asked = 0;
        store_range(ALL, 0, words, round != 0, round);
        collect_young();
        assert_int_equal(times_asked, 1);
        assert_int_equal(reached_with_roots, 0);
        check_range(ALL, 0, words, round);
        ter_collect(small.mutator);
    }
    ter_heap_report_roots(small.heap, NULL, NULL);
    drop_large(ALL);
}

static void a_million_slots_are_shared(void **state)
{
    (void)state;
    words = test_count_not_below(1 << 20, 1 << 15);
    with_young(",markers=1", share_all);
    with_young(",markers=2", share_all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_keeps_what_it_refers_to),
        cmocka_unit_test(a_million_slots_are_shared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
