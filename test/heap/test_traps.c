/* SPDX-License-Identifier: MIT */
/*
 * Faults that other collectors had, each tried under every plan; docs/traps.md has the list, with
 * the tests elsewhere that look for the rest. Exact heaps: nothing is kept by accident.
 */
#include "heap/heap.h"

#include <terrier/fast.h>

#include "small_heap.h"

#include <pthread.h>

#define HOLDERS 64u
#define WORDS 70u /* of a holder: more than one word of log bits */

static struct small_heap small;
static unsigned leaf, holder_kind;
static uintptr_t *holders[HOLDERS]; /* exact slots */

static const struct ter_object_layout all_slots = {.element_bytes = sizeof(uintptr_t),
                                                   .element = {.bitmap = 1}};

static unsigned define(const struct ter_kind_description *description)
{
    unsigned kind;

    assert_int_equal(ter_kind_define(small.heap, description, &kind), TER_OK);
    return kind;
}

static void open_heap(const char *options)
{
    small_heap_init(&small, options);
    memset(holders, 0, sizeof holders);
    assert_int_equal(ter_roots_add_slots(small.heap, holders, HOLDERS, TER_ROOT_EXACT), TER_OK);
    leaf = define(&(struct ter_kind_description){.name = "leaf", .flags = TER_KIND_NO_SLOTS});
    holder_kind = define(&(struct ter_kind_description){.name = "holder", .layout = &all_slots});
}

static void close_heap(void)
{
    test_check_spaces(small.heap);
    small_heap_fini(&small);
}

static void with_plans(const char *options, void (*test)(void))
{
    char text[160];

    snprintf(text, sizeof text, "stacks=exact,%s", options);
    small_heap_try_plans(test_plan_collects, text, open_heap, test, close_heap);
}

static void *allocate(unsigned kind, size_t bytes)
{
    void *object = ter_allocate(small.mutator, kind, bytes);

    assert_non_null(object);
    return object;
}

static void make_holders(size_t count)
{
    for (size_t i = 0; i < count; i++)
        holders[i] = allocate(holder_kind, WORDS * sizeof(uintptr_t));
}

static void store_leaf(size_t holder, size_t word, uintptr_t number)
{
    uintptr_t *made = allocate(leaf, 16);

    made[0] = number;
    ter_write(small.mutator, holders[holder], &holders[holder][word], made);
    holders[holder][word] = (uintptr_t)made;
}

static void check_leaf(size_t holder, size_t word, uintptr_t number)
{
    uintptr_t object = holders[holder][word];

    assert_true(ter_heap_find(small.heap, object).bits == object);
    assert_true(*(const uintptr_t *)object == number);
}

/* ---- 7: collections of young objects over every space ---- */

enum { MOVES, STAYS, IMMORTAL, REMEMBERED, AMBIGUOUS, SPACES };

static const struct ter_kind_description kinds_of_spaces[] = {
    [MOVES] = {.name = "moves", .layout = &all_slots},
    [STAYS] = {.name = "stays", .layout = &all_slots, .flags = TER_KIND_NEVER_MOVES},
    [IMMORTAL] = {.name = "until-freed", .layout = &all_slots, .flags = TER_KIND_UNTIL_FREED},
    [REMEMBERED] = {.name = "remembered", .layout = &all_slots, .flags = TER_KIND_REMEMBERED},
    [AMBIGUOUS] = {.name = "ambiguous", .flags = TER_KIND_AMBIGUOUS},
};

/* Of each kind, small and large by turns: first words lead from one holder to the next. */
static void make_in_every_space(const unsigned *kinds)
{
    for (size_t i = 0; i < HOLDERS; i++) {
        size_t bytes = i / SPACES % 4 == 3 ? TER_KIB(20) : WORDS * sizeof(uintptr_t);

        holders[i] = allocate(kinds[i % SPACES], bytes);
        store_leaf(i, 1, i);
        if (i > 0) {
            ter_write(small.mutator, holders[i], &holders[i][0], holders[i - 1]);
            holders[i][0] = (uintptr_t)holders[i - 1];
        }
    }
}

static void check_in_every_space(void)
{
    for (size_t i = 0; i < HOLDERS; i++) {
        check_leaf(i, 1, i);
        assert_true(i == 0 || holders[i][0] == (uintptr_t)holders[i - 1]);
    }
    test_check_spaces(small.heap);
}

static uint64_t objects_of(unsigned kind)
{
    struct ter_kind_statistics statistics;

    assert_int_equal(ter_kind_count(small.heap, kind, &statistics), TER_OK);
    return statistics.objects;
}

/* Nothing old is looked at, and nothing old goes, however often; what is young goes each time. */
static void ask_a_hundred_times(void)
{
    unsigned kinds[SPACES], garbage;

    for (unsigned i = 0; i < SPACES; i++)
        kinds[i] = define(&kinds_of_spaces[i]);
    garbage = define(&(struct ter_kind_description){.name = "garbage", .layout = &all_slots});
    make_in_every_space(kinds);
    ter_collect(small.mutator);
    for (unsigned round = 0; round < 100; round++) {
        for (size_t i = 0; i < 50; i++)
            allocate(garbage, i % 10 == 0 ? TER_KIB(10) : 64);
        ter_collect_young(small.mutator);
        assert_true(objects_of(garbage) <= 1);
        assert_int_equal(objects_of(leaf), HOLDERS);
        if (round % 10 == 0)
            check_in_every_space();
    }
    ter_collect(small.mutator);
    check_in_every_space();
    for (size_t i = 0; i < HOLDERS; i++)
        if (i % SPACES == IMMORTAL)
            ter_free(small.mutator, holders[i]);
    memset(holders, 0, sizeof holders);
    ter_collect(small.mutator);
    assert_int_equal(objects_of(leaf), 0);
}

static void a_hundred_collections_take_nothing_old(void **state)
{
    (void)state;
    with_plans("heap_initial=64M,young_bytes=1G", ask_a_hundred_times);
    with_plans("heap_initial=64M,young_bytes=1G,check_heap=1,poison=1", ask_a_hundred_times);
    with_plans("heap_initial=64M,young_bytes=1G,markers=2,stress=1000000000", ask_a_hundred_times);
}

/* ---- 11: ranges of all sizes, that overlap themselves ---- */

/* Slides the first `count` words by `step` places, as memmove does, when they refer to young. */
static void slide(size_t count, size_t step)
{
    for (size_t word = 0; word < count; word++)
        store_leaf(0, word, word);
    ter_write_range(small.mutator, holders[0], &holders[0][step], count * sizeof(uintptr_t));
    memmove(&holders[0][step], &holders[0][0], count * sizeof(uintptr_t));
    ter_write_range(small.mutator, holders[0], &holders[0][0], step * sizeof(uintptr_t));
    memset(&holders[0][0], 0, step * sizeof(uintptr_t));
    ter_collect_young(small.mutator);
    for (size_t word = 0; word < count; word++)
        check_leaf(0, word + step, word);
}

static void slide_each(void)
{
    make_holders(1);
    ter_collect(small.mutator);
    for (size_t count = 0; count < WORDS / 2; count++) {
        slide(count, 1);
        slide(count, WORDS / 2);
    }
}

static void ranges_are_logged_before_they_are_copied(void **state)
{
    (void)state;
    with_plans("heap_initial=64M", slide_each);
}

/* ---- 13: logged slots of objects that a whole collection moves ---- */

/* Every second one goes, so that there are blocks to empty. */
static void log_move_and_log(void)
{
    make_holders(HOLDERS);
    ter_collect(small.mutator);
    for (uintptr_t round = 0; round < 6; round++) {
        for (size_t i = 0; i < HOLDERS; i++) {
            if ((i + round) % 4 == 0)
                holders[i] = allocate(holder_kind, WORDS * sizeof(uintptr_t));
            store_leaf(i, (i + round) % WORDS, round);
        }
        ter_collect(small.mutator);
        for (size_t i = 0; i < HOLDERS; i++)
            store_leaf(i, (i + round) % WORDS, round + 1);
        ter_collect_young(small.mutator);
        for (size_t i = 0; i < HOLDERS; i++)
            check_leaf(i, (i + round) % WORDS, round + 1);
        test_check_spaces(small.heap);
    }
}

static void slots_are_logged_where_their_objects_have_moved(void **state)
{
    (void)state;
    with_plans("heap_initial=64M", log_move_and_log);
    with_plans("heap_max=2M", log_move_and_log);
    with_plans("heap_initial=64M,check_heap=1,poison=1", log_move_and_log);
}

/* ---- 15: pins from another thread ---- */

static _Atomic bool stop_pinning;
static _Atomic unsigned pinned_times;

/* At every poll: an object that is its own, and one that the other thread has. */
static void *pin_and_unpin(void *context)
{
    struct ter_mutator *mutator;
    uintptr_t before;

    (void)context;
    assert_int_equal(ter_mutator_bind(small.heap, &mutator), TER_OK);
    while (!stop_pinning || pinned_times < 100) {
        TER_ROOTS(mutator, local, uintptr_t * mine;);
        local.mine = ter_allocate(mutator, leaf, 32);
        assert_non_null(local.mine);
        assert_int_equal(ter_pin(small.heap, holders[0]), TER_OK);
        assert_int_equal(ter_pin(small.heap, local.mine), TER_OK);
        before = (uintptr_t)local.mine ^ (uintptr_t)holders[0];
        ter_poll(mutator);
        ter_poll(mutator);
        assert_true(((uintptr_t)local.mine ^ (uintptr_t)holders[0]) == before);
        ter_unpin(small.heap, local.mine);
        ter_unpin(small.heap, holders[0]);
        pinned_times++;
        ter_poll(mutator);
        TER_FRAME_END(mutator, local);
    }
    ter_mutator_unbind(mutator);
    return NULL;
}

static void pin_beside_collections(void)
{
    pthread_t thread;
    unsigned rounds = test_iterations(300);

    stop_pinning = false;
    pinned_times = 0;
    make_holders(1);
    assert_int_equal(pthread_create(&thread, NULL, pin_and_unpin, NULL), 0);
    for (unsigned round = 0; round < rounds || pinned_times < 100; round++) {
        store_leaf(0, round % WORDS, round);
        if (round % 8 == 0)
            ter_collect(small.mutator);
        else if (round % 2 == 0)
            ter_collect_young(small.mutator);
        check_leaf(0, round % WORDS, round);
    }
    stop_pinning = true;
    ter_mutator_leave(small.mutator);
    assert_int_equal(pthread_join(thread, NULL), 0);
    ter_mutator_enter(small.mutator);
}

static void another_thread_pins_at_every_poll(void **state)
{
    (void)state;
    with_plans("heap_initial=16M", pin_beside_collections);
}

/* ---- 16: many collections, then none? ---- */

/* Each page of garbage must be collected though so many collections have found nothing. */
static void collect_often(void)
{
    uint64_t before;

    make_holders(HOLDERS);
    for (unsigned i = 0; i < 1000; i++)
        ter_collect(small.mutator);
    before = small_heap_statistics(&small).collections;
    assert_true(before >= 1000);
    for (size_t i = 0; i < TER_MIB(24) / 512; i++)
        allocate(leaf, 512);
    assert_true(small_heap_statistics(&small).collections > before);
    assert_in_range(small_heap_statistics(&small).peak_used_bytes, 1, TER_MIB(24));
}

static void collections_come_after_many_others(void **state)
{
    (void)state;
    with_plans("", collect_often);
}

/* ---- 24: what only a pin keeps ---- */

static void keep_by_pins(void)
{
    uintptr_t *pinned[HOLDERS];

    make_holders(HOLDERS);
    for (size_t i = 0; i < HOLDERS; i++) {
        pinned[i] = holders[i];
        store_leaf(i, i, i);
        pinned[i] = holders[i];
        assert_int_equal(ter_pin(small.heap, pinned[i]), TER_OK);
        holders[i] = NULL;
    }
    for (unsigned times = 0; times < 3; times++) {
        ter_collect_young(small.mutator);
        ter_collect(small.mutator);
        ter_collect(small.mutator);
        for (size_t i = 0; i < 500; i++)
            memset(allocate(leaf, 512), 0xff, 512);
    }
    for (size_t i = 0; i < HOLDERS; i++) {
        holders[i] = pinned[i];
        check_leaf(i, i, i);
        ter_unpin(small.heap, pinned[i]);
    }
}

static void pinned_objects_live_though_nobody_refers_to_them(void **state)
{
    (void)state;
    with_plans("heap_initial=4M", keep_by_pins);
    with_plans("heap_max=1M", keep_by_pins);
}

/* ---- 25: what comes back where there is no room ---- */

static size_t came_back;

static void come_back(void *object, void *data)
{
    (void)data;
    holders[came_back++ % HOLDERS] = object;
}

static void check_words(const uintptr_t *holder)
{
    for (size_t word = 0; holder != NULL && word < WORDS; word++)
        if (holder[word] != 0)
            assert_true(ter_heap_find(small.heap, holder[word]).bits == holder[word]);
}

/* Half of the holders are found dead and come back, in a heap that they fill for the most part. */
static void resurrect(void)
{
    came_back = 0;
    /* There each takes a page, so what is scarce for others is too little. */
    if (small_heap_has_own_pages(&small) && small.heap->options.heap_max == TER_KIB(512))
        return;
    for (unsigned round = 0; round < 20; round++) {
        for (size_t i = 0; i < HOLDERS; i++) {
            if (holders[i] == NULL)
                holders[i] = allocate(holder_kind, WORDS * sizeof(uintptr_t));
            store_leaf(i, i, i + round);
            check_leaf(i, i, i + round);
            if (i % 2 == round % 2)
                assert_int_equal(ter_finalizer_set(small.heap, holders[i], come_back, NULL),
                                 TER_OK);
        }
        for (size_t i = round % 2; i < HOLDERS; i += 2)
            holders[i] = NULL;
        ter_collect(small.mutator);
        came_back = 0;
        assert_int_equal(ter_finalizers_run(small.heap), HOLDERS / 2);
        for (size_t i = 0; i < HOLDERS; i++)
            check_words(holders[i]);
    }
}

static void what_comes_back_is_whole_where_memory_is_scarce(void **state)
{
    (void)state;
    with_plans("heap_initial=4M", resurrect);
    with_plans("heap_max=512K", resurrect);
    with_plans("heap_max=2M", resurrect);
    with_plans("heap_max=2M,check_heap=1,poison=1", resurrect);
}

/* ---- 27: each form of slot by each form of store ---- */

struct slot_form {
    struct ter_kind_description kind;
    unsigned tag;
    bool half; /* a slot is half a word, with an offset */
};

static const struct ter_object_layout all_halves = {.element_bytes = sizeof(uint32_t),
                                                    .element = {.bitmap = 1}};

static void visit_all(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    (void)context;
    for (uintptr_t slot = object; slot < object + bytes; slot += sizeof(uintptr_t))
        ter_trace_slot(trace, ter_slot_at(slot));
}

static const struct slot_form forms[] = {
    {{.name = "plain", .layout = &all_slots}, 0, false},
    {{.name = "plain and fixed", .layout = &all_slots, .flags = TER_KIND_NEVER_MOVES}, 0, false},
    {{.name = "tagged",
      .layout = &all_slots,
      .slots = {.form = TER_SLOTS_TAGGED, .mask = 7, .references = 1u << 3}},
     3,
     false},
    {{.name = "visited", .visitor = visit_all, .flags = TER_KIND_ONLY_SLOTS}, 0, false},
    {{.name = "halves", .layout = &all_halves, .slots = {.form = TER_SLOTS_OFFSET32, .shift = 3}},
     0,
     true},
};

static void announce(unsigned way, void *object, void *slot, size_t bytes, const void *value)
{
    if (way == 0)
        ter_write(small.mutator, object, slot, value);
    else if (way == 1)
        ter_write_range(small.mutator, object, slot, bytes);
    else
        ter_write_object(small.mutator, object);
}

static void store_by(const struct slot_form *form, unsigned way, size_t word)
{
    uintptr_t *made = allocate(leaf, 16);

    made[0] = word;
    if (form->half) {
        uint32_t *slot = (uint32_t *)holders[0] + word;

        announce(way, holders[0], slot, sizeof *slot, made);
        *slot = (uint32_t)((uintptr_t)made >> 3);
    } else {
        announce(way, holders[0], &holders[0][word], sizeof(uintptr_t), made);
        holders[0][word] = (uintptr_t)made | form->tag;
    }
}

static void check_by(const struct slot_form *form, size_t word)
{
    uintptr_t object =
        form->half ? (uintptr_t)((uint32_t *)holders[0])[word] << 3 : holders[0][word] - form->tag;

    assert_true(ter_heap_find(small.heap, object).bits == object);
    assert_true(*(const uintptr_t *)object == word);
}

static void store_by_each(void)
{
    bool low = strcmp(small.heap->options.layout, "compressed") == 0;

    for (size_t i = 0; i < TER_ARRAY_LENGTH(forms); i++) {
        if (forms[i].half && !low)
            continue;
        holders[0] = allocate(define(&forms[i].kind), WORDS * sizeof(uintptr_t));
        ter_collect(small.mutator);
        for (unsigned way = 0; way < 3; way++)
            for (size_t word = way; word < WORDS; word += 3) {
                store_by(&forms[i], way, word);
                if (word % 2 == 0)
                    ter_collect_young(small.mutator);
            }
        ter_collect_young(small.mutator);
        for (size_t word = 0; word < WORDS; word++)
            check_by(&forms[i], word);
    }
}

static void each_form_of_slot_has_each_barrier(void **state)
{
    (void)state;
    with_plans("heap_initial=16M", store_by_each);
    if (sizeof(void *) == 8)
        with_plans("heap_initial=16M,layout=compressed", store_by_each);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_collections_take_nothing_old),
        cmocka_unit_test(ranges_are_logged_before_they_are_copied),
        cmocka_unit_test(slots_are_logged_where_their_objects_have_moved),
        cmocka_unit_test(another_thread_pins_at_every_poll),
        cmocka_unit_test(collections_come_after_many_others),
        cmocka_unit_test(pinned_objects_live_though_nobody_refers_to_them),
        cmocka_unit_test(what_comes_back_is_whole_where_memory_is_scarce),
        cmocka_unit_test(each_form_of_slot_has_each_barrier),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
