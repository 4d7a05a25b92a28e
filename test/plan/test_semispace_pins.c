/* SPDX-License-Identifier: MIT */
/*
 * A heap that moves objects while three in ten are pinned, by each way that there is, and others
 * come and go: what is pinned keeps its place, all the rest moves, nothing is lost, and the memory
 * between what is pinned goes back when it is not any more. A model outside the heap knows it all.
 */
#include "heap/heap.h"

#include <terrier/terrier.h>

#include "small_heap.h"

#define OBJECTS 4000u
#define SLOTS 2u          /* of an object, its first words; a number follows */
#define MOST_BYTES 12000u /* some are large objects */

enum way { NOT_PINNED, BY_COUNT, BY_SLOT, BY_WORD, BY_FLAG, WAYS };

struct expected {
    uintptr_t place; /* when it was last looked at */
    uintptr_t value;
    size_t bytes;
    unsigned slots[SLOTS]; /* objects that they lead to */
    enum way way;
};

static struct ter_heap *heap;
static struct ter_mutator *mutator;
static unsigned node;
static uintptr_t *objects[OBJECTS]; /* exact slots */
static uintptr_t *pinning[OBJECTS]; /* slots that pin */
static uintptr_t **holder;          /* in slot_of_holder: ambiguous words */
static void *slot_of_holder;
static struct expected expected[OBJECTS];
static struct ter_random dice;

/* ---- The heap ---- */

static void open_heap(const char *more)
{
    static const struct ter_object_layout layout = {.header_bytes = SLOTS * sizeof(uintptr_t),
                                                    .header = {.bitmap = (1u << SLOTS) - 1}};
    struct ter_options options;
    char text[200];

    snprintf(text, sizeof text, "plan=semispace,stacks=exact,log=0,%s", more);
    ter_options_init(&options);
    assert_int_equal(ter_options_parse(&options, text, NULL, 0), TER_OK);
    assert_int_equal(ter_heap_new(&options, &heap), TER_OK);
    assert_int_equal(ter_kind_add_layout(heap, &layout, &node), TER_OK);
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    memset(objects, 0, sizeof objects);
    memset(pinning, 0, sizeof pinning);
    memset(expected, 0, sizeof expected);
    slot_of_holder = NULL;
    assert_int_equal(ter_roots_add_slots(heap, objects, OBJECTS, TER_ROOT_EXACT), TER_OK);
    assert_int_equal(ter_roots_add_slots(heap, pinning, OBJECTS, TER_ROOT_PINNING), TER_OK);
    assert_int_equal(ter_roots_add_slots(heap, &slot_of_holder, 1, TER_ROOT_EXACT), TER_OK);
    slot_of_holder = ter_allocate(mutator, TER_KIND_NORMAL, OBJECTS * sizeof(uintptr_t *));
    assert_non_null(slot_of_holder);
}

static void close_heap(void)
{
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
}

static size_t used(void)
{
    return atomic_load(&heap->collector.arena.accounting.used_bytes);
}

/* ---- What the model says ---- */

static size_t live_bytes(void)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < OBJECTS; i++)
        bytes += expected[i].bytes;
    return bytes;
}

static void write_value(unsigned i)
{
    for (size_t at = SLOTS; at < expected[i].bytes / sizeof(uintptr_t); at++)
        objects[i][at] = expected[i].value + at;
}

static void check_object(unsigned i)
{
    const uintptr_t *object = objects[i];

    assert_int_equal(ter_heap_find(heap, (uintptr_t)object).bits, (uintptr_t)object);
    for (unsigned slot = 0; slot < SLOTS; slot++)
        assert_ptr_equal((void *)object[slot], objects[expected[i].slots[slot]]);
    for (size_t at = SLOTS; at < expected[i].bytes / sizeof(uintptr_t); at++)
        assert_int_equal(object[at], expected[i].value + at);
}

/* How many moved; none of those that are pinned. */
static unsigned check_all(void)
{
    unsigned moved = 0;

    for (unsigned i = 0; i < OBJECTS; i++) {
        check_object(i);
        if (expected[i].way != NOT_PINNED)
            assert_int_equal((uintptr_t)objects[i], expected[i].place);
        moved += (uintptr_t)objects[i] != expected[i].place;
        expected[i].place = (uintptr_t)objects[i];
    }
    test_check_spaces(heap);
    return moved;
}

static unsigned count_not_pinned(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < OBJECTS; i++)
        count += expected[i].way == NOT_PINNED && ter_is_movable(heap, objects[i]);
    return count;
}

/* ---- What happens ---- */

static void unpin(unsigned i)
{
    if (expected[i].way == BY_COUNT)
        ter_unpin(heap, objects[i]);
    pinning[i] = NULL;
    holder = slot_of_holder;
    holder[i] = NULL;
    /* An object that was allocated so never moves. */
    if (expected[i].way != BY_FLAG)
        expected[i].way = NOT_PINNED;
}

static void pin(unsigned i, enum way way)
{
    holder = slot_of_holder;
    expected[i].way = way;
    if (way == BY_COUNT)
        assert_int_equal(ter_pin(heap, objects[i]), TER_OK);
    else if (way == BY_SLOT)
        pinning[i] = objects[i];
    else
        holder[i] = (uintptr_t *)((uintptr_t)objects[i] + test_below(&dice, expected[i].bytes));
}

/* Where memory is scarce there may be none: then the old one goes on. */
static void renew(unsigned i)
{
    size_t bytes = (SLOTS + 1) * sizeof(uintptr_t) + test_below(&dice, 400);
    bool never_moves = test_below(&dice, 20) == 0;
    uintptr_t *object;

    if (test_below(&dice, 100) == 0)
        bytes = test_below(&dice, MOST_BYTES) + (SLOTS + 1) * sizeof(uintptr_t);
    object = never_moves ? ter_allocate_as(mutator, node, bytes, 1, TER_ALLOCATE_NEVER_MOVES)
                         : ter_allocate(mutator, node, bytes);
    if (object == NULL && objects[i] != NULL)
        return;
    assert_non_null(object);
    unpin(i);
    objects[i] = object;
    expected[i] = (struct expected){.value = (uintptr_t)ter_random_next(&dice),
                                    .bytes = bytes,
                                    .way = never_moves ? BY_FLAG : NOT_PINNED,
                                    .place = (uintptr_t)object};
    write_value(i);
}

static void lead_somewhere(unsigned i)
{
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        unsigned to = (unsigned)test_below(&dice, OBJECTS);

        expected[i].slots[slot] = to;
        ter_write(mutator, objects[i], &objects[i][slot], objects[to]);
        objects[i][slot] = (uintptr_t)objects[to];
    }
}

static void note_places(void)
{
    for (unsigned i = 0; i < OBJECTS; i++)
        expected[i].place = (uintptr_t)objects[i];
}

/* Three in ten are pinned afterwards, a third of those others than before. */
static void change(unsigned one_in)
{
    for (unsigned i = 0; i < OBJECTS; i++)
        if (objects[i] == NULL || test_below(&dice, one_in) == 0)
            renew(i);
    for (unsigned i = 0; i < OBJECTS; i++)
        lead_somewhere(i);
    for (unsigned i = 0; i < OBJECTS; i++) {
        if (test_below(&dice, 3) != 0 || expected[i].way == BY_FLAG)
            continue;
        unpin(i);
        if (test_below(&dice, 10) < 3)
            pin(i, BY_COUNT + (enum way)test_below(&dice, 3));
    }
    note_places();
}

/* ---- Tests ---- */

static void most_move_around_what_is_pinned(void **state)
{
    unsigned rounds = test_iterations(12);

    (void)state;
    dice = test_random();
    open_heap("heap_initial=64M");
    for (unsigned i = 0; i < rounds; i++) {
        unsigned not_pinned, moved;

        change(3);
        not_pinned = count_not_pinned();
        ter_collect(mutator);
        moved = check_all();
        assert_int_equal(moved, not_pinned);
        /* Whole blocks stay for what is pinned in them, but not for long. */
        assert_true(used() < 10 * live_bytes());
    }
    for (unsigned i = 0; i < OBJECTS; i++)
        unpin(i);
    ter_collect(mutator);
    check_all();
    assert_true(used() < 2 * live_bytes() + TER_MIB(1));
    close_heap();
}

/* There is not always room for copies: then objects stay, and all is right. */
static void all_is_right_where_memory_is_scarce(void **state)
{
    unsigned rounds = test_iterations(12);

    (void)state;
    dice = test_random();
    open_heap("heap_initial=1M,heap_max=5M");
    for (unsigned i = 0; i < rounds; i++) {
        change(10);
        ter_collect(mutator);
        check_all();
        assert_true(used() <= TER_MIB(5));
    }
    close_heap();
}

/* Collections at any allocation, so that all steps see objects that are half linked. */
static void all_is_right_with_many_collections(void **state)
{
    unsigned rounds = test_iterations(2);

    (void)state;
    dice = test_random();
    open_heap("heap_initial=64M,stress=97");
    for (unsigned i = 0; i < rounds; i++) {
        change(3);
        ter_collect(mutator);
        check_all();
    }
    close_heap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(most_move_around_what_is_pinned),
        cmocka_unit_test(all_is_right_where_memory_is_scarce),
        cmocka_unit_test(all_is_right_with_many_collections),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
