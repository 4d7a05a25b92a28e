/* SPDX-License-Identifier: MIT */
/*
 * Weak things in collections of young objects alone, under every plan that has them: what became of
 * each is compared with what should have, and how much was looked at is counted.
 *
 * An item is an object with all that can name it weakly. Nothing but its exact slot keeps it, or a
 * pin; one that goes while it is young must be found by the next collection, one that goes when it
 * is old by the next whole one.
 */
#include "heap/heap.h"

#include <terrier/fast.h>

#include "small_heap.h"

#define ITEMS 300u
#define ROUNDS 40u
#define MANY 20000u

struct element {
    void *key, *value;
};

static struct small_heap small;
static struct ter_guardian *guardian;
static unsigned leaf, table_kind;
static bool was_young;

/* Exact slots. */
static uintptr_t *kept[ITEMS];
static struct element *table; /* element i is item i's */

/* What is known of the items. */
static struct item {
    bool there; /* not found dead yet */
    bool finalized, guarded;
    uintptr_t number, identity;
    uintptr_t *pinned;
    void *word; /* weak */
} items[ITEMS];
static uintptr_t next_number;

static void count_collection(void *context, const struct ter_collection_event *event)
{
    (void)context;
    if (event->phase == TER_PHASE_ENDED)
        was_young = event->young == 1;
}

static void open_heap(const char *options)
{
    static const struct ter_object_layout elements = {.element_bytes = sizeof(struct element),
                                                      .element = {.bitmap = 3}};
    const struct ter_kind_description leaves = {.name = "leaf", .flags = TER_KIND_NO_SLOTS},
                                      tables = {.name = "table",
                                                .layout = &elements,
                                                .flags = TER_KIND_EPHEMERONS};

    small_heap_init(&small, options);
    memset(kept, 0, sizeof kept);
    memset(items, 0, sizeof items);
    table = NULL;
    assert_int_equal(ter_roots_add_slots(small.heap, kept, ITEMS, TER_ROOT_EXACT), TER_OK);
    assert_int_equal(ter_roots_add_slots(small.heap, &table, 1, TER_ROOT_EXACT), TER_OK);
    assert_int_equal(ter_kind_define(small.heap, &leaves, &leaf), TER_OK);
    assert_int_equal(ter_kind_define(small.heap, &tables, &table_kind), TER_OK);
    assert_int_equal(ter_guardian_new(small.heap, &guardian), TER_OK);
    ter_heap_on_collection(small.heap, count_collection, NULL);
}

static void drop_item(size_t i)
{
    if (items[i].pinned != NULL)
        ter_unpin(small.heap, items[i].pinned);
    items[i].pinned = NULL;
    kept[i] = NULL;
}

static void close_heap(void)
{
    for (size_t i = 0; i < ITEMS; i++)
        drop_item(i);
    test_check_spaces(small.heap);
    small_heap_fini(&small);
}

static void with_young(const char *options, void (*test)(void))
{
    char text[160];

    snprintf(text, sizeof text, "stacks=exact,heap_initial=64M,young_bytes=1G%s", options);
    small_heap_try_plans(test_plan_has_young, text, open_heap, test, close_heap);
}

static void collect_young(void)
{
    ter_collect_young(small.mutator);
    assert_true(was_young);
}

static uintptr_t *make_leaf(size_t bytes)
{
    uintptr_t *made = ter_allocate(small.mutator, leaf, bytes);

    assert_non_null(made);
    return made;
}

static void make_table(size_t length)
{
    table = ter_allocate(small.mutator, table_kind, length * sizeof *table);
    assert_non_null(table);
}

static void store_element(size_t i, void *key, void *value)
{
    ter_write_range(small.mutator, table, &table[i], sizeof table[i]);
    table[i] = (struct element){key, value};
}

/* ---- Items ---- */

static void note_finalized(void *object, void *data)
{
    struct item *item = data;

    assert_true(((uintptr_t *)object)[0] == item->number);
    assert_false(item->finalized);
    item->finalized = true;
}

/* All of it, or one more of the weak things of an item that is old. */
static void name_weakly(struct item *item, uintptr_t *object)
{
    item->word = object;
    assert_int_equal(ter_weak_add(small.heap, &item->word, object), TER_OK);
    assert_int_equal(ter_finalizer_set(small.heap, object, note_finalized, item), TER_OK);
}

static void make_item(size_t i, struct ter_random *random)
{
    struct item *item = &items[i];
    uintptr_t *value;

    *item = (struct item){.there = true, .number = next_number++};
    kept[i] = make_leaf(16 + 16 * (size_t)ter_random_below(random, 4));
    kept[i][0] = item->number;
    name_weakly(item, kept[i]);
    if (i % 3 == 0)
        item->identity = ter_identity_hash(small.heap, kept[i]);
    if (i % 3 != 1) {
        value = make_leaf(16);
        value[0] = item->number;
        store_element(i, kept[i], value);
    }
    if (i % 7 == 0) {
        item->pinned = kept[i];
        assert_int_equal(ter_pin(small.heap, kept[i]), TER_OK);
    }
}

/* What it has is told again, so that an old one counts as recent, and a new one twice. */
static void touch_item(size_t i)
{
    name_weakly(&items[i], kept[i]);
}

static void check_there(size_t i)
{
    const struct item *item = &items[i];

    assert_non_null(item->word);
    assert_false(item->finalized);
    assert_true(*(uintptr_t *)item->word == item->number);
    assert_true(kept[i] == NULL || kept[i] == item->word);
    assert_true(item->pinned == NULL || kept[i] == item->pinned);
    if (item->identity != 0)
        assert_true(ter_identity_hash(small.heap, item->word) == item->identity);
    if (i % 3 != 1) {
        assert_ptr_equal(table[i].key, item->word);
        assert_true(((uintptr_t *)table[i].value)[0] == item->number);
    }
}

/* What was found dead has its finalizer run, and is gone then. */
static void check_gone(size_t i)
{
    assert_null(items[i].word);
    assert_true(items[i].finalized);
    items[i].there = false;
}

static void check_item(size_t i, bool goes)
{
    if (!items[i].there)
        return;
    if (goes)
        check_gone(i);
    else
        check_there(i);
}

/* ---- The rounds ---- */

static void change_items(struct ter_random *random, bool *born)
{
    for (size_t i = 0; i < ITEMS; i++) {
        born[i] = false;
        if (!items[i].there && ter_random_below(random, 2) == 0) {
            make_item(i, random);
            born[i] = true;
        }
        if (kept[i] != NULL && ter_random_below(random, 4) == 0) {
            touch_item(i);
        }
        if (kept[i] != NULL && ter_random_below(random, 5) == 0)
            drop_item(i);
    }
}

static void live_and_die(void)
{
    struct ter_random random = test_random();
    bool born[ITEMS];

    make_table(ITEMS);
    for (unsigned round = 0; round < ROUNDS; round++) {
        bool whole = round % 8 == 7;

        change_items(&random, born);
        if (whole)
            ter_collect(small.mutator);
        else
            collect_young();
        (void)ter_finalizers_run(small.heap);
        for (size_t i = 0; i < ITEMS; i++)
            check_item(i, kept[i] == NULL && (whole || born[i]));
    }
}

static void each_goes_when_its_time_has_come(void **state)
{
    (void)state;
    with_young("", live_and_die);
    with_young(",check_heap=1,poison=1", live_and_die);
    with_young(",check_barriers=1", live_and_die);
}

/* ---- Finalizers that are ready ---- */

static size_t ran;

static void check_number(void *object, void *data)
{
    assert_true(ter_heap_find(small.heap, (uintptr_t)object).bits == (uintptr_t)object);
    assert_true(ter_heap_find(small.heap, (uintptr_t)data).bits == (uintptr_t)data);
    assert_true(((const uintptr_t *)object)[0] == ((const uintptr_t *)data)[0]);
    ran++;
}

static void collect_in_finalizer(void *object, void *data);

/* Each leads to a number of its own by what is given to its function; none of them is kept. */
static void make_finalizable(size_t count, void (*first)(void *object, void *data))
{
    for (size_t i = 0; i < count; i++) {
        kept[0] = make_leaf(16);
        kept[1] = make_leaf(16);
        kept[0][0] = kept[1][0] = next_number++;
        assert_int_equal(
            ter_finalizer_set(small.heap, kept[0], i == 0 ? first : check_number, kept[1]), TER_OK);
    }
    kept[0] = kept[1] = NULL;
}

/* The queue has old ones, of which one was taken, and gets young ones, for which it must grow. */
static void collect_in_finalizer(void *object, void *data)
{
    check_number(object, data);
    make_finalizable(ITEMS, check_number);
    assert_int_equal(ter_finalizers_make_ready(small.heap), TER_OK);
    collect_young();
    collect_young();
}

static void grow_queue(void)
{
    ran = 0;
    make_finalizable(ITEMS / 2, collect_in_finalizer);
    collect_young();
    assert_int_equal(ter_finalizers_run(small.heap), ITEMS / 2 + ITEMS);
    assert_int_equal(ran, ITEMS / 2 + ITEMS);
}

static void what_is_ready_is_kept_young_or_old(void **state)
{
    (void)state;
    with_young("", grow_queue);
    with_young(",check_heap=1,poison=1", grow_queue);
}

/* ---- Guardians ---- */

static void poll_all(size_t expected)
{
    for (size_t i = 0; i < expected; i++) {
        const uintptr_t *object = ter_guardian_poll(small.heap, guardian);

        assert_non_null(object);
        assert_false(items[object[0]].guarded);
        items[object[0]].guarded = true;
    }
    assert_null(ter_guardian_poll(small.heap, guardian));
}

static void guard_items(size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        kept[i] = make_leaf(16);
        kept[i][0] = i;
        assert_int_equal(ter_guardian_add(small.heap, guardian, kept[i], kept[i]), TER_OK);
    }
}

/* Those that wait and those in the queue, of different ages. */
static void guard_young_and_old(void)
{
    guard_items(0, 100);
    collect_young();
    for (size_t i = 0; i < 50; i++)
        kept[i] = NULL;
    guard_items(100, 200);
    for (size_t i = 100; i < 150; i++)
        kept[i] = NULL;
    collect_young();
    collect_young();
    poll_all(50); /* those of the young */
    guard_items(200, ITEMS);
    ter_collect(small.mutator);
    collect_young();
    poll_all(50); /* the old ones */
    for (size_t i = 0; i < ITEMS; i++)
        assert_int_equal(items[i].guarded, i < 50 || (i >= 100 && i < 150));
    memset(kept, 0, sizeof kept);
    ter_collect(small.mutator);
    poll_all(200);
}

static void guardians_see_young_and_old(void **state)
{
    (void)state;
    with_young("", guard_young_and_old);
    with_young(",check_heap=1,poison=1", guard_young_and_old);
}

/* ---- How much is looked at ---- */

static struct ter_collector *collector(void)
{
    return &small.heap->collector;
}

static void expect_recent(size_t words)
{
    const struct ter_weak_recent *recent = &collector()->short_links.table.recent;

    assert_false(recent->all);
    assert_int_equal(recent->keys.count, words);
    assert_false(collector()->finalizers.waiting.recent.all);
    assert_int_equal(collector()->finalizers.waiting.recent.keys.count, words);
}

static void look_at_few(void)
{
    struct ter_random random = test_random();

    make_table(MANY);
    for (size_t i = 0; i < ITEMS; i++)
        make_item(i, &random);
    expect_recent(ITEMS);
    collect_young();
    assert_true(collector()->ephemerons.looks >= MANY);
    expect_recent(0);
    collect_young();
    assert_int_equal(collector()->ephemerons.looks, 0);
    drop_item(7);
    make_item(7, &random);
    expect_recent(1);
    /* A word is logged by itself, and each of the two leads to its element. */
    store_element(MANY - 1, kept[7], kept[7]);
    ter_write(small.mutator, table, &table[MANY - 2].value, kept[8]);
    table[MANY - 2].value = kept[8];
    collect_young();
    assert_in_range(collector()->ephemerons.looks, 1, 8);
    assert_ptr_equal(table[MANY - 1].key, kept[7]);
    assert_ptr_equal(table[MANY - 1].value, kept[7]);
    expect_recent(0);
}

static void what_is_old_is_not_looked_at(void **state)
{
    (void)state;
    with_young("", look_at_few);
}

/* More of them than there are places: then all are looked at, and it is right all the same. */
static void tell_often(void)
{
    struct ter_random random = test_random();

    make_table(ITEMS);
    for (size_t i = 0; i < ITEMS; i++)
        make_item(i, &random);
    collect_young();
    drop_item(5);
    items[5].there = false;
    make_item(6, &random); /* another in the same slot: the old one keeps its names */
    for (size_t round = 0; round < 10; round++)
        for (size_t i = 10; i < ITEMS; i++)
            touch_item(i);
    assert_true(collector()->short_links.table.recent.all);
    kept[6] = NULL;
    collect_young();
    assert_false(collector()->short_links.table.recent.all);
    for (size_t i = 10; i < ITEMS; i++)
        check_there(i);
    assert_null(items[6].word);
}

static void what_is_told_too_often_is_seen_all_the_same(void **state)
{
    (void)state;
    with_young("", tell_often);
}

/* ---- Freed by hand ---- */

/* Words that were logged belong to nobody then, whoever lies there next. */
static void free_logged(void)
{
    static const struct ter_object_layout slots = {.element_bytes = sizeof(uintptr_t),
                                                   .element = {.bitmap = 1}};
    const struct ter_kind_description holders = {
        .name = "holder", .layout = &slots, .flags = TER_KIND_NEVER_MOVES};
    unsigned kind;
    uintptr_t *holder, *data, word;

    assert_int_equal(ter_kind_define(small.heap, &holders, &kind), TER_OK);
    holder = ter_allocate(small.mutator, kind, TER_KIB(64));
    assert_non_null(holder);
    assert_int_equal(ter_pin(small.heap, holder), TER_OK);
    collect_young();
    ter_unpin(small.heap, holder);
    kept[0] = make_leaf(64);
    word = (uintptr_t)kept[0]; /* it moves: a slot would be updated */
    ter_write(small.mutator, holder, &holder[5], kept[0]);
    ter_write_range(small.mutator, holder, &holder[9], 3 * sizeof *holder);
    ter_free(small.mutator, holder);
    kept[1] = data = make_leaf(TER_KIB(64));
    assert_ptr_equal(data, holder);
    for (size_t i = 0; i < 16; i++)
        data[i] = word;
    ter_collect_young(small.mutator);
    for (size_t i = 0; i < 16; i++)
        assert_true(data[i] == word);
    test_check_spaces(small.heap);
}

static void logged_words_of_what_was_freed_are_forgotten(void **state)
{
    (void)state;
    with_young("", free_logged);
}

/* The word of an old object that was freed is cleared before another object lies there. */
static void free_named(void)
{
    kept[0] = make_leaf(TER_KIB(64));
    name_weakly(&items[0], kept[0]);
    collect_young();
    assert_ptr_equal(items[0].word, kept[0]);
    ter_free(small.mutator, kept[0]);
    kept[0] = NULL;
    ter_collect_young(small.mutator);
    assert_null(items[0].word);
}

static void words_of_what_was_freed_are_cleared(void **state)
{
    (void)state;
    with_young("", free_named);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_goes_when_its_time_has_come),
        cmocka_unit_test(what_is_ready_is_kept_young_or_old),
        cmocka_unit_test(guardians_see_young_and_old),
        cmocka_unit_test(what_is_old_is_not_looked_at),
        cmocka_unit_test(what_is_told_too_often_is_seen_all_the_same),
        cmocka_unit_test(logged_words_of_what_was_freed_are_forgotten),
        cmocka_unit_test(words_of_what_was_freed_are_cleared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
