/* SPDX-License-Identifier: MIT */
/* The plan that moves objects: what moves, what stays, and that nobody keeps an old place. */
#include "heap/heap.h"

#include "heap/exact_roots.h"
#include "small_heap.h"
#include "spaces.h"

#define ROOTS 8u
#define LIST 20000u

enum { NEXT, VALUE };

static uintptr_t roots[ROOTS];
static struct ter_heap *heap;
static struct ter_mutator *mutator;
static unsigned pair; /* a kind: a slot, then anything */

static void report(void *context, ter_root_slot_visitor *visit, void *visitor_context)
{
    (void)context;
    for (unsigned i = 0; i < ROOTS; i++)
        visit(visitor_context, ter_slot_at((uintptr_t)&roots[i]));
}

static void open_heap(const char *more)
{
    static const struct ter_object_layout layout = {.header_bytes = sizeof(uintptr_t),
                                                    .header = {.bitmap = 1}};
    struct ter_options options;
    char text[200], message[200];

    snprintf(text, sizeof text, "plan=semispace,scan_program=0,scan_libraries=0%s", more);
    ter_options_init(&options);
    assert_int_equal(ter_options_parse(&options, text, message, sizeof message), TER_OK);
    assert_int_equal(ter_heap_new(&options, &heap), TER_OK);
    memset(roots, 0, sizeof roots);
    ter_heap_report_roots(heap, report, NULL);
    ter_heap_scan_stacks(heap, false);
    assert_int_equal(ter_kind_add_layout(heap, &layout, &pair), TER_OK);
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
}

static void close_heap(void)
{
    test_check_spaces(heap);
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
}

static uintptr_t *new_pair(size_t bytes, uintptr_t value)
{
    uintptr_t *object = ter_allocate(mutator, pair, bytes);

    assert_non_null(object);
    object[VALUE] = value;
    return object;
}

static const struct ter_sft *owner_of(uintptr_t object)
{
    return ter_heap_owner(heap, object);
}

static bool is_object(uintptr_t word)
{
    return ter_heap_find(heap, word).bits == word && word != 0;
}

/* ---- What moves ---- */

/* A list of objects of many sizes; every fourth is pinned when `pinned`. */
static void make_list(bool pinned)
{
    for (size_t i = 0; i < LIST; i++) {
        uintptr_t *object = new_pair(16 + i * 40 % 3000, i);

        object[NEXT] = roots[0];
        roots[0] = (uintptr_t)object;
        if (pinned && i % 4 == 0)
            assert_true(owner_of(roots[0])->pin(owner_of(roots[0]), ter_object_at(roots[0])));
    }
}

static void check_list(bool pinned, uintptr_t places[LIST])
{
    uintptr_t at = roots[0];
    size_t moved = 0;

    for (size_t i = LIST; i-- > 0; at = ((uintptr_t *)at)[NEXT]) {
        assert_true(is_object(at));
        assert_int_equal(((uintptr_t *)at)[VALUE], i);
        if (pinned && i % 4 == 0)
            assert_true(places[i] == 0 || places[i] == at);
        moved += places[i] != at;
        places[i] = at;
    }
    assert_int_equal(at, 0);
    assert_true(moved >= LIST / 2);
}

static void a_list_survives(bool pinned)
{
    static uintptr_t places[LIST];

    open_heap(",heap_initial=200M");
    memset(places, 0, sizeof places);
    make_list(pinned);
    check_list(pinned, places);
    for (unsigned i = 0; i < 4; i++) {
        ter_collect(mutator);
        check_list(pinned, places);
    }
    close_heap();
}

static void objects_move_with_all_that_they_hold(void **state)
{
    (void)state;
    a_list_survives(false);
}

static void pinned_objects_stay_among_those_that_move(void **state)
{
    (void)state;
    a_list_survives(true);
}

static void what_is_pinned_says_so_and_dies_all_the_same(void **state)
{
    uintptr_t place;
    const struct ter_sft *owner;
    ter_object object;

    (void)state;
    open_heap("");
    roots[0] = place = (uintptr_t)new_pair(64, 1);
    owner = owner_of(place);
    object = ter_object_at(place);
    assert_true(owner->is_movable(owner, object));
    assert_false(owner->is_pinned(owner, object));
    assert_true(owner->pin(owner, object));
    assert_false(owner->pin(owner, object));
    assert_true(owner->is_pinned(owner, object) && !owner->is_movable(owner, object));
    ter_collect(mutator);
    assert_int_equal(roots[0], place);
    assert_true(owner->unpin(owner, object));
    assert_false(owner->unpin(owner, object));
    ter_collect(mutator);
    assert_int_not_equal(roots[0], place);
    assert_false(is_object(place));
    place = roots[0];
    assert_true(owner->pin(owner, ter_object_at(place)));
    roots[0] = 0;
    ter_collect(mutator);
    assert_false(is_object(place));
    close_heap();
}

/* ---- Ambiguous words ---- */

static void ambiguous_words_pin(void **state)
{
    uintptr_t place, *holder;

    (void)state;
    open_heap("");
    place = (uintptr_t)new_pair(64, 7);
    holder = ter_allocate(mutator, TER_KIND_NORMAL, 64);
    holder[3] = place + 20;
    roots[0] = (uintptr_t)holder;
    roots[1] = place;
    ter_collect(mutator);
    assert_ptr_equal((void *)roots[0], holder);
    assert_int_equal(roots[1], place);
    holder[3] = 0;
    ter_collect(mutator);
    assert_int_not_equal(roots[1], place);
    assert_int_equal(((uintptr_t *)roots[1])[VALUE], 7);
    close_heap();
}

static uintptr_t *revived;

static void revive(void *object, void *data)
{
    (void)data;
    revived = object;
}

/* It is dead when the collection begins, and a finalizer brings it back with what it names. */
static void words_in_dead_objects_pin_too(void **state)
{
    uintptr_t place, *holder;

    (void)state;
    open_heap("");
    place = (uintptr_t)new_pair(64, 8);
    holder = ter_allocate(mutator, TER_KIND_NORMAL, 64);
    holder[0] = place;
    assert_int_equal(ter_finalizer_set(heap, holder, revive, NULL), TER_OK);
    roots[0] = place;
    revived = NULL;
    ter_collect(mutator);
    assert_int_equal(roots[0], place);
    ter_finalizers_run(heap);
    assert_ptr_equal(revived, holder);
    assert_int_equal(((uintptr_t *)holder[0])[VALUE], 8);
    close_heap();
}

/* ---- Weak things ---- */

static void *given_object, *given_data;

static void take_both(void *object, void *data)
{
    given_object = object;
    given_data = data;
}

static void finalizers_are_given_the_places_of_now(void **state)
{
    uintptr_t *object, *data;

    (void)state;
    open_heap("");
    object = new_pair(48, 1);
    data = new_pair(48, 2);
    roots[0] = (uintptr_t)object;
    assert_int_equal(ter_finalizer_set(heap, object, take_both, (char *)data + 20), TER_OK);
    for (unsigned i = 0; i < 3; i++)
        ter_collect(mutator);
    assert_ptr_not_equal((void *)roots[0], object);
    object = (uintptr_t *)roots[0];
    roots[0] = 0;
    ter_collect(mutator);
    ter_collect(mutator);
    given_object = NULL;
    ter_finalizers_run(heap);
    assert_non_null(given_object);
    assert_int_equal(((uintptr_t *)given_object)[VALUE], 1);
    assert_int_equal(*(uintptr_t *)((char *)given_data - 20 + sizeof(uintptr_t)), 2);
    close_heap();
}

static void links_follow_their_objects_and_holders(void **state)
{
    struct ter_collector *collector;
    uintptr_t *holder;
    bool existed;

    (void)state;
    open_heap("");
    collector = &heap->collector;
    roots[0] = (uintptr_t)new_pair(64, 1);
    roots[1] = (uintptr_t)new_pair(64, 2);
    holder = (uintptr_t *)roots[0];
    holder[4] = roots[1];
    holder[5] = ~roots[1];
    ter_allocator_lock(&collector->allocator);
    for (unsigned word = 4; word < 6; word++)
        assert_int_equal(
            ter_links_register(word == 4 ? &collector->short_links : &collector->long_links,
                               (uintptr_t)&holder[word], roots[1], &existed),
            TER_OK);
    ter_allocator_unlock(&collector->allocator);
    for (unsigned i = 0; i < 3; i++) {
        ter_collect(mutator);
        assert_ptr_not_equal((void *)roots[0], holder);
        holder = (uintptr_t *)roots[0];
        assert_int_equal(holder[4], roots[1]);
        assert_int_equal(holder[5], ~roots[1]);
    }
    roots[1] = 0;
    ter_collect(mutator);
    holder = (uintptr_t *)roots[0];
    assert_int_equal(holder[4], 0);
    assert_int_equal(holder[5], 0);
    close_heap();
}

/* ---- Memory ---- */

static size_t used(void)
{
    return atomic_load(&heap->collector.arena.accounting.used_bytes);
}

static void what_was_left_goes_back(void **state)
{
    (void)state;
    open_heap(",heap_initial=200M");
    make_list(false);
    assert_true(used() > TER_MIB(20));
    roots[0] = 0;
    ter_collect(mutator);
    assert_true(used() < TER_MIB(1));
    for (unsigned i = 0; i < 8; i++)
        ter_collect(mutator);
    assert_true(ter_accounting_resident(&heap->collector.arena.accounting) < TER_MIB(4));
    close_heap();
}

/* More survives than there is room for: it stays, and all is right. */
static void a_full_heap_gives_null_and_goes_on(void **state)
{
    size_t objects = 0, counted = 0;

    (void)state;
    open_heap(",heap_initial=4M,heap_max=4M");
    for (;;) {
        uintptr_t *object = ter_allocate(mutator, pair, 64);

        if (object == NULL)
            break;
        object[VALUE] = objects++;
        object[NEXT] = roots[0];
        roots[0] = (uintptr_t)object;
        assert_true(used() <= TER_MIB(4));
    }
    assert_true(objects > TER_MIB(2) / 64);
    for (uintptr_t at = roots[0]; at != 0; at = ((uintptr_t *)at)[NEXT])
        assert_int_equal(((uintptr_t *)at)[VALUE], objects - ++counted);
    assert_int_equal(counted, objects);
    roots[0] = 0;
    assert_non_null(ter_allocate(mutator, pair, 64));
    close_heap();
}

/* Of every ten objects one is let live: all blocks are kept, and there is no room for copies. */
static void a_full_heap_of_holes_goes_on(void **state)
{
    const size_t bytes = 64;
    size_t objects = 0, kept = 0;

    (void)state;
    open_heap(",heap_initial=4M,heap_max=4M");
    for (uintptr_t *object; (object = ter_allocate(mutator, pair, bytes)) != NULL; objects++) {
        object[NEXT] = roots[0];
        roots[0] = (uintptr_t)object;
    }
    for (uintptr_t *object = (uintptr_t *)roots[0]; object != NULL; kept++) {
        uintptr_t *next = object;

        object[VALUE] = kept;
        for (unsigned i = 0; i < 10 && next != NULL; i++)
            next = (uintptr_t *)next[NEXT];
        object[NEXT] = (uintptr_t)next;
        object = next;
    }
    ter_collect(mutator);
    for (size_t i = 0; i < 10 * objects; i++)
        assert_non_null(ter_allocate(mutator, pair, bytes));
    assert_true(used() <= TER_MIB(4));
    objects = kept;
    kept = 0;
    for (uintptr_t at = roots[0]; at != 0; at = ((uintptr_t *)at)[NEXT])
        assert_int_equal(((uintptr_t *)at)[VALUE], kept++);
    assert_int_equal(kept, objects);
    close_heap();
}

/* Objects of different sizes that were allocated one after the other lie near each other. */
static void sizes_lie_together(void **state)
{
    uintptr_t first;

    (void)state;
    open_heap("");
    first = (uintptr_t)new_pair(32, 0);
    assert_true((uintptr_t)new_pair(48, 0) - first < TER_KIB(4));
    assert_true((uintptr_t)new_pair(512, 0) - first < TER_KIB(4));
    close_heap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_move_with_all_that_they_hold),
        cmocka_unit_test(pinned_objects_stay_among_those_that_move),
        cmocka_unit_test(what_is_pinned_says_so_and_dies_all_the_same),
        cmocka_unit_test(ambiguous_words_pin),
        cmocka_unit_test(words_in_dead_objects_pin_too),
        cmocka_unit_test(finalizers_are_given_the_places_of_now),
        cmocka_unit_test(links_follow_their_objects_and_holders),
        cmocka_unit_test(what_was_left_goes_back),
        cmocka_unit_test(a_full_heap_gives_null_and_goes_on),
        cmocka_unit_test(a_full_heap_of_holes_goes_on),
        cmocka_unit_test(sizes_lie_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
