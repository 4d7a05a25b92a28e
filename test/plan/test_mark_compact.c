/* SPDX-License-Identifier: MIT */
/*
 * The plan that moves objects together when all is marked: that they keep their order, lie densely
 * around what stays, and need no room to go to; and that who knows an object by its address is not
 * misled by others that come to lie where it was.
 */
#include "heap/heap.h"

#include "small_heap.h"

#include <terrier/finalizers.h>
#include <terrier/weak.h>

#define OBJECTS 40000u
#define MOST_IN_BLOCK (TER_BYTES_IN_BLOCK - TER_BYTES_IN_GRANULE) /* of objects */

static struct small_heap small;
static struct ter_heap *heap; /* its own */
static struct ter_mutator *mutator;
static unsigned node; /* a kind: a slot, then anything */
static uintptr_t *objects[OBJECTS];
static uintptr_t *pinning; /* a word that pins */
static uintptr_t places[OBJECTS];

static void open_heap(const char *more)
{
    static const struct ter_object_layout layout = {.header_bytes = sizeof(uintptr_t),
                                                    .header = {.bitmap = 1}};
    char text[200];

    snprintf(text, sizeof text, "plan=mark-compact,stacks=exact,log=0%s", more);
    small_heap_init(&small, text);
    heap = small.heap;
    mutator = small.mutator;
    assert_int_equal(ter_kind_add_layout(heap, &layout, &node), TER_OK);
    memset(objects, 0, sizeof objects);
    pinning = NULL;
    assert_int_equal(ter_roots_add_slots(heap, objects, OBJECTS, TER_ROOT_EXACT), TER_OK);
    assert_int_equal(ter_roots_add_slots(heap, &pinning, 1, TER_ROOT_PINNING), TER_OK);
}

static void close_heap(void)
{
    test_check_spaces(heap);
    small_heap_fini(&small);
}

static size_t used_blocks(void)
{
    return atomic_load(&heap->collector.arena.accounting.used_bytes) / TER_BYTES_IN_BLOCK;
}

static void make(size_t i, size_t bytes)
{
    objects[i] = ter_allocate(mutator, node, bytes);
    assert_non_null(objects[i]);
    memset(objects[i] + 1, (int)(i % 251), bytes - sizeof(uintptr_t));
    objects[i][1] = i;
    if (i > 0)
        objects[i][0] = (uintptr_t)objects[i - 1];
    places[i] = (uintptr_t)objects[i];
}

/* Whole, and linked to the one before it that is kept, or to what only it keeps. */
static void check_object(size_t i, size_t bytes)
{
    const unsigned char *contents = (const unsigned char *)objects[i];

    assert_int_equal(objects[i][1], i);
    for (size_t at = 2 * sizeof(uintptr_t); at < bytes; at++)
        assert_int_equal(contents[at], i % 251);
    if (i > 0 && objects[i - 1] != NULL && objects[i][0] != 0)
        assert_ptr_equal((uintptr_t *)objects[i][0], objects[i - 1]);
}

/* Nothing keeps what is left out. */
static void keep_every(size_t step)
{
    for (size_t i = 0; i < OBJECTS; i++)
        if (i % step != 0)
            objects[i] = NULL;
    for (size_t i = 0; i < OBJECTS; i++)
        if (objects[i] != NULL)
            objects[i][0] = 0;
}

static size_t size_of(size_t i)
{
    return 16 + (i * 7 % 61) * 16;
}

/* ---- Order and density ---- */

static int by_place(const void *one, const void *other)
{
    uintptr_t a = places[*(const size_t *)one], b = places[*(const size_t *)other];

    return (a > b) - (a < b);
}

/* Those that are kept, by where they were. Runs of other sizes lie between: that is no index. */
static size_t in_their_order(size_t order[OBJECTS])
{
    size_t count = 0;

    for (size_t i = 0; i < OBJECTS; i++)
        if (objects[i] != NULL)
            order[count++] = i;
    qsort(order, count, sizeof order[0], by_place);
    return count;
}

static void objects_keep_their_order(void **state)
{
    static size_t order[OBJECTS];
    uintptr_t before = 0;
    size_t bytes = 0, moved = 0, count;

    (void)state;
    open_heap(",heap_initial=64M");
    for (size_t i = 0; i < OBJECTS; i++)
        make(i, size_of(i));
    keep_every(3);
    count = in_their_order(order);
    ter_collect(mutator);
    for (size_t at = 0; at < count; at++) {
        size_t i = order[at];

        check_object(i, size_of(i));
        assert_true((uintptr_t)objects[i] > before && (uintptr_t)objects[i] <= places[i]);
        before = (uintptr_t)objects[i];
        moved += before != places[i];
        bytes += ter_object_bytes(heap, ter_object_at(before));
    }
    assert_true(moved > OBJECTS / 3 - 100);
    /* An object that does not fit leaves the end of a block free: half of one of 480 on average. */
    assert_in_range(used_blocks(), bytes / MOST_IN_BLOCK, bytes / (MOST_IN_BLOCK - 600) + 1);
    close_heap();
}

static void links_lead_to_the_new_places(void **state)
{
    (void)state;
    open_heap(",heap_initial=64M");
    for (size_t i = 0; i < 2000; i++) /* dies, below all */
        assert_non_null(ter_allocate(mutator, node, size_of(i)));
    for (size_t i = 0; i < OBJECTS; i++)
        make(i, size_of(i));
    for (unsigned round = 0; round < 3; round++) {
        ter_collect(mutator);
        for (size_t i = 0; i < OBJECTS; i++)
            check_object(i, size_of(i));
        assert_int_not_equal((uintptr_t)objects[0], places[0]);
    }
    close_heap();
}

static void equal_objects_fill_their_blocks(void **state)
{
    const size_t in_block = MOST_IN_BLOCK / 64;

    (void)state;
    open_heap(",heap_initial=64M");
    for (size_t i = 0; i < OBJECTS; i++)
        make(i, 64);
    keep_every(2);
    ter_collect(mutator);
    assert_int_equal(used_blocks(), (OBJECTS / 2 + in_block - 1) / in_block);
    ter_collect(mutator);
    assert_int_equal(used_blocks(), (OBJECTS / 2 + in_block - 1) / in_block);
    close_heap();
}

static void large_steps_leave_no_object_behind(void **state)
{
    static const size_t sizes[] = {16, 8192, 4096, 1024, 16, 2048, 6144, 48};
    const size_t count = OBJECTS / 10;

    (void)state;
    open_heap(",heap_initial=64M");
    for (size_t i = 0; i < count; i++) {
        make(i, sizes[i % TER_ARRAY_LENGTH(sizes)]);
        for (size_t dead = 0; dead < i % 3; dead++)
            assert_non_null(ter_allocate(mutator, node, sizes[(i + dead) % 7]));
    }
    for (unsigned round = 0; round < 2; round++) {
        ter_collect(mutator);
        for (size_t i = 0; i < count; i++)
            check_object(i, sizes[i % TER_ARRAY_LENGTH(sizes)]);
    }
    close_heap();
}

/* ---- Islands ---- */

static void pin(size_t i)
{
    assert_int_equal(ter_pin(heap, objects[i]), TER_OK);
}

static void others_slide_around_what_is_pinned(void **state)
{
    static size_t order[OBJECTS];
    uintptr_t before = 0;
    size_t bytes = 0, islands = 0, count;

    (void)state;
    open_heap(",heap_initial=64M");
    for (size_t i = 0; i < OBJECTS; i++)
        make(i, size_of(i));
    keep_every(3);
    for (size_t i = 300; i < OBJECTS; i += 3000, islands++)
        pin(i);
    count = in_their_order(order);
    ter_collect(mutator);
    for (size_t at = 0; at < count; at++) {
        size_t i = order[at];
        uintptr_t place = (uintptr_t)objects[i];
        bool stays = i % 3000 == 300;

        check_object(i, size_of(i));
        bytes += ter_object_bytes(heap, ter_object_at(place));
        assert_true(place <= places[i]);
        if (stays)
            assert_int_equal(place, places[i]);
        else if (place != places[i]) /* or it shares a KiB with one that stays */
            assert_true(place > before);
        if (!stays && place != places[i])
            before = place;
    }
    assert_in_range(used_blocks(), bytes / MOST_IN_BLOCK,
                    bytes / (MOST_IN_BLOCK - 600) + 1 + islands);
    close_heap();
}

/* Islands in every KiB, so that hardly any gap has room for a unit. */
static void among_many_islands_nothing_is_lost(void **state)
{
    (void)state;
    for (size_t step = 3; step < 40; step = step * 2 + 1) {
        open_heap(",heap_initial=64M");
        for (size_t i = 0; i < OBJECTS / 4; i++)
            make(i, size_of(i * step));
        for (size_t i = 0; i < OBJECTS / 4; i++)
            if (i % 5 == 1)
                objects[i] = NULL;
            else if (i % step == 0)
                pin(i);
        for (unsigned round = 0; round < 3; round++) {
            ter_collect(mutator);
            for (size_t i = 0; i < OBJECTS / 4; i++) {
                if (objects[i] == NULL)
                    continue;
                assert_int_equal(objects[i][1], i);
                if (i % step == 0)
                    assert_int_equal((uintptr_t)objects[i], places[i]);
            }
        }
        close_heap();
    }
}

static void a_word_that_pins_keeps_its_object_in_place(void **state)
{
    (void)state;
    open_heap(",heap_initial=16M");
    for (size_t i = 0; i < 1000; i++)
        make(i, 48);
    keep_every(999);
    pinning = (uintptr_t *)((uintptr_t)objects[999] + 24);
    ter_collect(mutator);
    assert_int_equal((uintptr_t)objects[999], places[999]);
    pinning = NULL;
    ter_collect(mutator);
    assert_int_not_equal((uintptr_t)objects[999], places[999]);
    check_object(999, 48);
    assert_int_equal(used_blocks(), 1);
    close_heap();
}

/* ---- Memory ---- */

/* 8 MB live in a heap of 1.1 times that, through ten times as much garbage. */
static void a_heap_without_room_for_copies_is_enough(void **state)
{
    const size_t bytes = 224, count = (8u << 20) / bytes;
    char options[60];

    (void)state;
    assert_true(count < OBJECTS);
    snprintf(options, sizeof options, ",heap_initial=1M,heap_max=%zu", TER_MIB(8) / 10 * 11);
    open_heap(options);
    for (size_t i = 0; i < count; i++) {
        make(i, bytes);
        for (unsigned dead = 0; dead < 10; dead++)
            assert_non_null(ter_allocate(mutator, node, 16 + i % 30 * 16));
    }
    for (size_t i = 0; i < count; i++)
        check_object(i, bytes);
    close_heap();
}

/* ---- What knows objects by address ---- */

/* All lie side by side, and go one place down. */
static void make_row_and_let_the_first_die(size_t count)
{
    for (size_t i = 0; i < count; i++)
        make(i, 32);
    objects[0] = NULL;
    objects[1][0] = 0;
}

static void identity_hashes_go_with_their_objects(void **state)
{
    static uintptr_t hashes[OBJECTS];
    const size_t count = 3000;

    (void)state;
    open_heap(",heap_initial=16M");
    for (size_t i = 0; i < count; i++)
        make(i, 32);
    for (size_t i = 0; i < count; i++)
        hashes[i] = ter_identity_hash(heap, objects[i]);
    objects[0] = NULL;
    objects[1][0] = 0;
    ter_collect(mutator);
    for (size_t i = 1; i < count; i++) {
        assert_int_not_equal((uintptr_t)objects[i], places[i]);
        assert_int_equal(ter_identity_hash(heap, objects[i]), hashes[i]);
    }
    close_heap();
}

static size_t finalized;

static void note_finalized(void *object, void *data)
{
    const uintptr_t *other = data;

    assert_int_equal(((uintptr_t *)object)[1] + 1, other[1]);
    finalized++;
}

static void finalizers_go_with_their_objects(void **state)
{
    const size_t count = 3000;

    (void)state;
    open_heap(",heap_initial=16M");
    for (size_t i = 0; i < count; i++)
        make(i, 32);
    for (size_t i = 1; i + 1 < count; i += 2)
        assert_int_equal(ter_finalizer_set(heap, objects[i], note_finalized, objects[i + 1]),
                         TER_OK);
    objects[0] = NULL; /* below them all */
    objects[1][0] = 0;
    ter_collect(mutator);
    assert_int_equal(ter_finalizers_run(heap), 0);
    keep_every(2);
    finalized = 0;
    ter_collect(mutator);
    ter_collect(mutator);
    assert_int_equal(ter_finalizers_run(heap), count / 2 - 1);
    assert_int_equal(finalized, count / 2 - 1);
    close_heap();
}

/* The slot was a weak word that named one, and is no more: what it names now is the other's. */
static void a_slot_with_a_stale_link_is_updated_once(void **state)
{
    (void)state;
    open_heap(",heap_initial=16M");
    make_row_and_let_the_first_die(10);
    objects[9][0] = (uintptr_t)objects[3];
    assert_int_equal(ter_weak_add(heap, (void **)&objects[9][0], objects[3]), TER_OK);
    objects[9][0] = (uintptr_t)objects[4]; /* comes to lie where the third was */
    ter_collect(mutator);
    assert_int_equal((uintptr_t)objects[4], places[3]);
    assert_ptr_equal((uintptr_t *)objects[9][0], objects[4]);
    close_heap();
}

static void weak_words_follow(void **state)
{
    static void *named, *hidden_from_us;

    (void)state;
    open_heap(",heap_initial=16M");
    make_row_and_let_the_first_die(10);
    named = objects[5];
    assert_int_equal(ter_weak_add(heap, &named, objects[5]), TER_OK);
    objects[8][2] = (uintptr_t)objects[6]; /* no slot */
    assert_int_equal(ter_weak_add(heap, (void **)&objects[8][2], objects[6]), TER_OK);
    ter_collect(mutator);
    assert_ptr_equal(named, objects[5]);
    assert_ptr_equal((uintptr_t *)objects[8][2], objects[6]);
    hidden_from_us = objects[8] + 2;
    assert_int_equal(ter_weak_remove(heap, hidden_from_us), TER_OK);
    objects[5] = NULL;
    objects[6][0] = 0;
    ter_collect(mutator);
    assert_null(named);
    close_heap();
}

static void a_guardian_returns_what_stands_for_an_object(void **state)
{
    struct ter_guardian *guardian;

    (void)state;
    open_heap(",heap_initial=16M");
    make_row_and_let_the_first_die(10);
    assert_int_equal(ter_guardian_new(heap, &guardian), TER_OK);
    assert_int_equal(ter_guardian_add(heap, guardian, objects[3], objects[4]), TER_OK);
    assert_int_equal(ter_guardian_add(heap, guardian, objects[6], objects[6]), TER_OK);
    ter_collect(mutator); /* the fourth comes to lie where the third was */
    assert_null(ter_guardian_poll(heap, guardian));
    objects[3] = NULL;
    objects[4][0] = 0;
    ter_collect(mutator);
    assert_ptr_equal(ter_guardian_poll(heap, guardian), objects[4]);
    assert_null(ter_guardian_poll(heap, guardian));
    objects[6] = NULL;
    objects[7][0] = 0;
    ter_collect(mutator);
    assert_int_equal(((uintptr_t *)ter_guardian_poll(heap, guardian))[1], 6);
    close_heap();
}

/* A word in a slot that leads into the middle of an object, or to none, is no reference. */
static void what_is_no_reference_stays_as_it_is(void **state)
{
    uintptr_t middle, gone, odd;

    (void)state;
    open_heap(",heap_initial=16M");
    for (size_t i = 0; i < 10; i++)
        make(i, 64);
    gone = (uintptr_t)objects[0];
    objects[0] = NULL;
    middle = objects[7][0] = (uintptr_t)objects[6] + 32;
    odd = objects[8][0] = (uintptr_t)objects[6] + 1;
    objects[1][0] = 0;
    ter_collect(mutator);
    assert_int_not_equal((uintptr_t)objects[6], places[6]);
    assert_int_equal(objects[7][0], middle);
    assert_int_equal(objects[8][0], odd);
    assert_int_equal((uintptr_t)objects[1], gone);
    close_heap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_keep_their_order),
        cmocka_unit_test(links_lead_to_the_new_places),
        cmocka_unit_test(equal_objects_fill_their_blocks),
        cmocka_unit_test(large_steps_leave_no_object_behind),
        cmocka_unit_test(others_slide_around_what_is_pinned),
        cmocka_unit_test(among_many_islands_nothing_is_lost),
        cmocka_unit_test(a_word_that_pins_keeps_its_object_in_place),
        cmocka_unit_test(a_heap_without_room_for_copies_is_enough),
        cmocka_unit_test(identity_hashes_go_with_their_objects),
        cmocka_unit_test(finalizers_go_with_their_objects),
        cmocka_unit_test(a_slot_with_a_stale_link_is_updated_once),
        cmocka_unit_test(weak_words_follow),
        cmocka_unit_test(a_guardian_returns_what_stands_for_an_object),
        cmocka_unit_test(what_is_no_reference_stays_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
