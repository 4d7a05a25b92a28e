/* SPDX-License-Identifier: MIT */
/*
 * The plan that marks in place and leaves blocks with little: which blocks are left, that what lies
 * between objects serves again to the granule, and that it gets by with little more than what
 * lives.
 */
#include "heap/heap.h"

#include "small_heap.h"

#define OBJECTS 40000u

static struct small_heap small;
static struct ter_heap *heap; /* its own */
static struct ter_mutator *mutator;
static unsigned node;
static uintptr_t *objects[OBJECTS]; /* exact slots */
static uintptr_t places[OBJECTS];   /* when they were last looked at */

static void open_heap(const char *more)
{
    static const struct ter_object_layout layout = {.header_bytes = sizeof(uintptr_t),
                                                    .header = {.bitmap = 1}};
    char text[200];

    snprintf(text, sizeof text, "plan=immix,stacks=exact,log=0%s", more);
    small_heap_init(&small, text);
    heap = small.heap;
    mutator = small.mutator;
    assert_int_equal(ter_kind_add_layout(heap, &layout, &node), TER_OK);
    memset(objects, 0, sizeof objects);
    assert_int_equal(ter_roots_add_slots(heap, objects, OBJECTS, TER_ROOT_EXACT), TER_OK);
}

static void close_heap(void)
{
    test_check_spaces(heap);
    small_heap_fini(&small);
}

static size_t used(void)
{
    return atomic_load(&heap->collector.arena.accounting.used_bytes);
}

static void make(size_t i, size_t bytes)
{
    objects[i] = ter_allocate(mutator, node, bytes);
    assert_non_null(objects[i]);
    objects[i][1] = i;
    places[i] = (uintptr_t)objects[i];
}

/* How many are elsewhere; all are right. */
static size_t count_moved(void)
{
    size_t moved = 0;

    for (size_t i = 0; i < OBJECTS; i++) {
        if (objects[i] == NULL)
            continue;
        assert_int_equal(objects[i][1], i);
        moved += (uintptr_t)objects[i] != places[i];
        places[i] = (uintptr_t)objects[i];
    }
    return moved;
}

static void keep_every(size_t step)
{
    for (size_t i = 0; i < OBJECTS; i++)
        if (i % step != 0)
            objects[i] = NULL;
}

/* A heap that is full of them, of which the collector knows that all live. */
static void open_with_objects(size_t bytes)
{
    open_heap(",heap_initial=64M");
    for (size_t i = 0; i < OBJECTS; i++)
        make(i, bytes);
    ter_collect(mutator);
    ter_collect(mutator);
    count_moved();
}

/* ---- What is left ---- */

static void what_is_dense_stays(void **state)
{
    (void)state;
    open_heap(",heap_initial=64M");
    for (size_t i = 0; i < OBJECTS; i++)
        make(i, 32 + i % 7 * 16);
    ter_collect(mutator); /* of what is new nothing is known yet */
    count_moved();
    for (unsigned round = 0; round < 3; round++) {
        ter_collect(mutator);
        assert_int_equal(count_moved(), 0);
    }
    close_heap();
}

static void what_is_sparse_moves(void **state)
{
    (void)state;
    open_with_objects(64);
    keep_every(20);
    ter_collect(mutator); /* learns what lives in each */
    count_moved();
    ter_collect(mutator); /* and leaves them */
    assert_int_equal(count_moved(), OBJECTS / 20);
    assert_true(used() < OBJECTS / 20 * 64 + TER_KIB(256));
    ter_collect(mutator);
    assert_int_equal(count_moved(), 0);
    close_heap();
}

/*
 * A dangling reference, to where a hole begins, in a block that is left: what lies there is taken
 * for nothing, also where it could be the new place of an object.
 */
static void a_stale_word_is_left_alone(void **state)
{
    (void)state;
    open_with_objects(64);
    for (size_t i = 1; i < OBJECTS; i++)
        objects[i][0] = (uintptr_t)objects[i - 1] - 5 * TER_BYTES_IN_BLOCK;
    keep_every(20);
    ter_collect(mutator);
    objects[0][0] = 0;
    objects[1] = (uintptr_t *)places[1];
    ter_collect(mutator);
    assert_int_not_equal((uintptr_t)objects[0], places[0]); /* its block was left */
    assert_int_equal((uintptr_t)objects[1], places[1]);
    objects[1] = NULL;
    close_heap();
}

/* Where there is no room for copies nothing moves, and nothing is lost. */
static void without_room_all_stays(void **state)
{
    size_t i = 0;

    (void)state;
    open_heap(",heap_initial=2M,heap_max=2M");
    for (; i < OBJECTS; i++) {
        objects[i] = ter_allocate(mutator, node, 64);
        if (objects[i] == NULL)
            break;
        objects[i][1] = i;
        places[i] = (uintptr_t)objects[i];
        assert_true(used() <= TER_MIB(2));
    }
    assert_true(i * 64 > TER_MIB(2) - TER_KIB(192));
    ter_collect(mutator);
    count_moved();
    keep_every(3);
    ter_collect(mutator);
    assert_true(used() <= TER_MIB(2));
    count_moved();
    close_heap();
}

static void pinned_ones_stay_in_blocks_that_are_left(void **state)
{
    (void)state;
    open_heap(",heap_initial=64M");
    for (size_t i = 0; i < OBJECTS; i++)
        make(i, 64);
    keep_every(20);
    for (size_t i = 0; i < OBJECTS; i += 60)
        assert_int_equal(ter_pin(heap, objects[i]), TER_OK);
    for (unsigned round = 0; round < 4; round++) {
        ter_collect(mutator);
        for (size_t i = 0; i < OBJECTS; i += 60)
            assert_int_equal((uintptr_t)objects[i], places[i]);
        count_moved();
    }
    for (size_t i = 0; i < OBJECTS; i += 60)
        ter_unpin(heap, objects[i]);
    ter_collect(mutator);
    ter_collect(mutator);
    count_moved();
    assert_true(used() < OBJECTS / 20 * 64 + TER_KIB(256));
    close_heap();
}

/* ---- What lies between ---- */

/* Half of the objects go, no two side by side, and as many come in their places. */
static void holes_serve_again(void **state)
{
    size_t before;

    (void)state;
    open_with_objects(48);
    before = used();
    for (size_t i = 0; i < OBJECTS; i += 2)
        objects[i] = NULL;
    for (size_t i = 1; i < OBJECTS; i += 4)
        assert_int_equal(ter_pin(heap, objects[i]), TER_OK); /* or it is all moved together */
    ter_collect(mutator);
    count_moved();
    for (size_t i = 0; i < OBJECTS; i += 2)
        make(i, i % 4 == 0 ? 48 : 32);
    assert_true(used() <= before + TER_KIB(64));
    test_check_spaces(heap);
    ter_collect(mutator);
    count_moved();
    close_heap();
}

/* Sizes at random come and go in a quarter more than what lives. */
static void a_quarter_more_is_enough(void **state)
{
    enum { KEPT = 8000, STEPS = 400000, MOST = TER_MIB(3) };
    struct ter_random dice = test_random();
    size_t sizes[KEPT] = {0}, live = 0;

    (void)state;
    open_heap(",heap_initial=3M,heap_max=3M");
    for (size_t step = 0; step < STEPS; step++) {
        size_t i = test_below(&dice, KEPT), bytes = 16 + test_below(&dice, 600);

        bytes = ter_align_up(bytes, 16);
        live -= sizes[i];
        sizes[i] = 0;
        objects[i] = NULL;
        if (live + bytes > MOST * 4 / 5)
            continue;
        make(i, bytes);
        sizes[i] = bytes;
        live += bytes;
        assert_true(used() <= MOST);
        if (step % 50000 == 0)
            count_moved();
    }
    count_moved();
    assert_true(live > MOST / 2);
    close_heap();
}

/* ---- Several workers ---- */

static void workers_agree(void **state)
{
    (void)state;
    open_heap(",heap_initial=64M,markers=4,stress=20000");
    for (unsigned round = 0; round < 6; round++) {
        for (size_t i = round % 2; i < OBJECTS; i += 2) {
            make(i, 32 + i * 16 % 400);
            objects[i][0] = (uintptr_t)objects[i / 2 * 2];
        }
        keep_every(2 + round);
        ter_collect(mutator);
        for (size_t i = 0; i < OBJECTS; i++)
            if (objects[i] != NULL && objects[i][0] != 0)
                assert_int_equal(ter_heap_find(heap, objects[i][0]).bits, objects[i][0]);
        count_moved();
        test_check_spaces(heap);
    }
    close_heap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_dense_stays),
        cmocka_unit_test(what_is_sparse_moves),
        cmocka_unit_test(a_stale_word_is_left_alone),
        cmocka_unit_test(without_room_all_stays),
        cmocka_unit_test(pinned_ones_stay_in_blocks_that_are_left),
        cmocka_unit_test(holes_serve_again),
        cmocka_unit_test(a_quarter_more_is_enough),
        cmocka_unit_test(workers_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
