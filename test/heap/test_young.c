/* SPDX-License-Identifier: MIT */
/*
 * Collections of young objects alone, under every plan that has them: what keeps a young object,
 * what such a collection leaves, what is logged and how often, and where there are none.
 */
#include "heap/heap.h"

#include <terrier/fast.h>

#include "small_heap.h"

#define HOLDERS 200u
#define WORDS 6u /* of a holder */

static struct small_heap small;
static uintptr_t *holders[HOLDERS]; /* exact slots */
static unsigned leaf;
static unsigned numbers[6]; /* of kinds of holders; 0: not defined yet */
static unsigned young_collections, whole_collections;

/* ---- Heaps ---- */

static void count_collection(void *context, const struct ter_collection_event *event)
{
    (void)context;
    if (event->phase != TER_PHASE_ENDED)
        return;
    young_collections += event->young == 1;
    whole_collections += event->young == 0;
}

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
    memset(numbers, 0, sizeof numbers);
    assert_int_equal(ter_roots_add_slots(small.heap, holders, HOLDERS, TER_ROOT_EXACT), TER_OK);
    ter_heap_on_collection(small.heap, count_collection, NULL);
    leaf = define(&(struct ter_kind_description){.name = "leaf", .flags = TER_KIND_NO_SLOTS});
    young_collections = whole_collections = 0;
}

static void close_heap(void)
{
    test_check_spaces(small.heap);
    small_heap_fini(&small);
}

/* With each plan that has young objects. */
static void with_young(const char *options, void (*test)(void))
{
    char text[160];

    snprintf(text, sizeof text, "stacks=exact,heap_initial=64M,young_bytes=1G%s", options);
    small_heap_try_plans(test_plan_has_young, text, open_heap, test, close_heap);
}

/* The same by one worker, by two and by four, who have a phase in each collection. */
static void with_workers(void (*test)(void))
{
    with_young("", test);
    with_young(",markers=2,stress=1000000000", test);
    with_young(",markers=4,stress=1000000000", test);
}

static void collect_young(void)
{
    unsigned before = young_collections;

    ter_collect_young(small.mutator);
    assert_int_equal(young_collections, before + 1);
}

static size_t count_of(unsigned kind)
{
    struct ter_kind_statistics statistics;

    assert_int_equal(ter_kind_count(small.heap, kind, &statistics), TER_OK);
    return (size_t)statistics.objects;
}

/* ---- Kinds of holders ---- */

static const struct ter_object_layout all_slots = {.element_bytes = sizeof(uintptr_t),
                                                   .element = {.bitmap = 1}};

static void visit_all(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    (void)context;
    for (uintptr_t slot = object; slot < object + bytes; slot += sizeof(uintptr_t))
        ter_trace_slot(trace, ter_slot_at(slot));
}

static const struct ter_kind_description kinds_of_holders[] = {
    {.name = "slots", .layout = &all_slots},
    {.name = "fixed", .layout = &all_slots, .flags = TER_KIND_NEVER_MOVES},
    {.name = "visited", .visitor = visit_all, .flags = TER_KIND_ONLY_SLOTS},
    {.name = "ambiguous", .flags = TER_KIND_AMBIGUOUS},
    {.name = "until-freed", .layout = &all_slots, .flags = TER_KIND_UNTIL_FREED},
    {.name = "remembered", .layout = &all_slots, .flags = TER_KIND_REMEMBERED},
};

_Static_assert(TER_ARRAY_LENGTH(kinds_of_holders) == TER_ARRAY_LENGTH(numbers), "one for each");

enum form { SLOT, RANGE, OBJECT, FORMS };

static void announce(enum form form, uintptr_t *object, size_t word, const void *value)
{
    if (form == SLOT)
        ter_write(small.mutator, object, &object[word], value);
    else if (form == RANGE)
        ter_write_range(small.mutator, object, &object[word], sizeof *object);
    else
        ter_write_object(small.mutator, object);
}

/* A new leaf in a word of a holder. */
static void store_leaf(enum form form, unsigned kind, size_t holder, size_t word, uintptr_t value)
{
    uintptr_t *made = ter_allocate(small.mutator, leaf, 2 * sizeof(uintptr_t));

    assert_non_null(made);
    made[1] = value;
    if ((kinds_of_holders[kind].flags & TER_KIND_REMEMBERED) == 0)
        announce(form, holders[holder], word, made);
    holders[holder][word] = (uintptr_t)made;
}

/* There is room for a few kinds in a heap: each is defined once. */
static unsigned number_of(unsigned kind)
{
    if (numbers[kind] == 0)
        numbers[kind] = define(&kinds_of_holders[kind]);
    return numbers[kind];
}

static void make_holders(unsigned kind, size_t bytes)
{
    unsigned number = number_of(kind);

    for (size_t i = 0; i < HOLDERS; i++) {
        holders[i] = ter_allocate(small.mutator, number, bytes);
        assert_non_null(holders[i]);
    }
}

static void drop_holders(unsigned kind)
{
    for (size_t i = 0; i < HOLDERS; i++) {
        if ((kinds_of_holders[kind].flags & TER_KIND_UNTIL_FREED) != 0)
            ter_free(small.mutator, holders[i]);
        holders[i] = NULL;
    }
}

static void check_leaves(uintptr_t round)
{
    for (size_t i = 0; i < HOLDERS; i++)
        for (size_t word = 0; word < WORDS; word++) {
            const uintptr_t *made = (const uintptr_t *)holders[i][word];

            if (made != NULL)
                assert_int_equal(made[1] >> 16, i * WORDS + word);
            assert_true(made == NULL || (made[1] & 0xffff) <= round);
        }
}

/* ---- What keeps a young object ---- */

static void keep_through(unsigned kind, size_t bytes)
{
    make_holders(kind, bytes);
    for (uintptr_t round = 0; round < 12; round++) {
        for (size_t i = round % 3; i < HOLDERS; i += 3) {
            size_t word = (i + round) % WORDS;

            store_leaf((enum form)(i % FORMS), kind, i, word, (i * WORDS + word) << 16 | round);
        }
        collect_young();
        check_leaves(round);
        test_check_spaces(small.heap);
    }
    drop_holders(kind);
    ter_collect(small.mutator);
    ter_collect(small.mutator);
    assert_int_equal(count_of(leaf), 0);
}

static void keep_through_each(void)
{
    for (unsigned kind = 0; kind < TER_ARRAY_LENGTH(kinds_of_holders); kind++) {
        keep_through(kind, WORDS * sizeof(uintptr_t));
        keep_through(kind, TER_KIB(20));
    }
}

static void old_objects_keep_young_ones(void **state)
{
    (void)state;
    with_workers(keep_through_each);
    with_young(",check_heap=1,poison=1", keep_through_each);
}

/* ---- What goes ---- */

static void leave_old(void)
{
    make_holders(1, WORDS * sizeof(uintptr_t));
    for (size_t i = 0; i < HOLDERS; i++)
        store_leaf(SLOT, 1, i, 0, i * WORDS << 16);
    collect_young();
    assert_int_equal(count_of(leaf), HOLDERS);
    for (size_t i = 0; i < HOLDERS; i++) {
        store_leaf(SLOT, 1, i, 0, i * WORDS << 16);
        store_leaf(SLOT, 1, i, 0, i * WORDS << 16); /* and the one before is garbage, young */
    }
    assert_in_range(count_of(leaf), 3 * HOLDERS, 3 * HOLDERS);
    collect_young();
    assert_int_equal(count_of(leaf), 2 * HOLDERS);
    check_leaves(0);
    ter_collect(small.mutator);
    assert_int_equal(count_of(leaf), HOLDERS);
    drop_holders(1);
}

static void what_is_old_stays_until_all_is_collected(void **state)
{
    (void)state;
    with_workers(leave_old);
}

static void free_large(void)
{
    make_holders(0, TER_KIB(20));
    collect_young();
    for (size_t i = 0; i < HOLDERS; i++)
        assert_non_null(ter_allocate(small.mutator, leaf, TER_KIB(20)));
    assert_int_equal(count_of(leaf), HOLDERS);
    collect_young();
    assert_int_equal(count_of(leaf), 0);
    drop_holders(0);
}

static void large_ones_go_young(void **state)
{
    (void)state;
    with_workers(free_large);
}

/* ---- What is freed by hand ---- */

/* Cells and pages that old objects had are taken by new ones, which are young all the same. */
static void reuse_freed(void)
{
    static const size_t sizes[] = {WORDS * sizeof(uintptr_t), TER_KIB(20)};
    unsigned number = number_of(1);

    for (size_t s = 0; s < TER_ARRAY_LENGTH(sizes); s++) {
        make_holders(1, sizes[s]);
        collect_young();
        for (uintptr_t round = 0; round < 8; round++) {
            for (size_t i = round % 2; i < HOLDERS; i += 2) {
                ter_free(small.mutator, holders[i]);
                holders[i] = ter_allocate(small.mutator, number, sizes[s]);
            }
            for (size_t i = round % 2; i < HOLDERS; i += 2)
                store_leaf(SLOT, 1, i, i % WORDS, (i * WORDS + i % WORDS) << 16 | round);
            ter_collect_young(small.mutator); /* of all, when it takes the freed for grown */
            check_leaves(round);
            test_check_spaces(small.heap);
        }
        drop_holders(1);
    }
}

static void what_was_freed_serves_young_ones(void **state)
{
    (void)state;
    with_workers(reuse_freed);
}

/*
 * What fills an object before the next safepoint is not announced, and keeps what it refers to,
 * also where old objects lay before.
 */
static void fill_unannounced(void)
{
    static const size_t sizes[] = {WORDS * sizeof(uintptr_t), TER_KIB(20)};

    for (size_t s = 0; s < 2 * TER_ARRAY_LENGTH(sizes); s++) {
        unsigned kind = s % 2 == 0 ? 0 : 1;

        make_holders(kind, sizes[s / 2]);
        collect_young();
        for (size_t i = 1; i < HOLDERS; i += 2)
            holders[i] = NULL;
        ter_collect(small.mutator);
        for (size_t i = 1; i < HOLDERS; i += 2) {
            uintptr_t *made = small.roots[0] = ter_allocate(small.mutator, leaf, 16);

            made[1] = i * WORDS << 16;
            holders[i] = ter_allocate(small.mutator, number_of(kind), sizes[s / 2]);
            holders[i][0] = (uintptr_t)small.roots[0];
            small.roots[0] = NULL;
        }
        collect_young();
        check_leaves(0);
        test_check_spaces(small.heap);
        drop_holders(kind);
    }
}

static void what_fills_a_new_object_is_not_announced(void **state)
{
    (void)state;
    with_workers(fill_unannounced);
}

/* Blocks whose objects are old from the beginning serve on after a collection of young ones. */
static void fill_immortal(void)
{
    unsigned number = number_of(4);
    size_t used = 0;

    for (size_t i = 0; i < HOLDERS; i++) {
        holders[i] = ter_allocate(small.mutator, number, WORDS * sizeof(uintptr_t));
        collect_young();
        if (i == 10)
            used = atomic_load(&small.heap->collector.arena.accounting.used_bytes);
    }
    assert_in_range(atomic_load(&small.heap->collector.arena.accounting.used_bytes), 0, used);
    drop_holders(4);
}

static void blocks_of_the_immortal_serve_on(void **state)
{
    (void)state;
    with_workers(fill_immortal);
}

/* ---- Moving and pins ---- */

static void move_once(void)
{
    bool moves = small.heap->collector.plan->loop->moves;
    uintptr_t *at[HOLDERS];

    make_holders(0, WORDS * sizeof(uintptr_t));
    memcpy(at, holders, sizeof at);
    small.roots[0] = holders[7]; /* a word that may be anything */
    collect_young();
    assert_ptr_equal(holders[7], at[7]);
    for (size_t i = 0; i < HOLDERS; i++)
        if (i != 7)
            assert_int_equal(holders[i] != at[i], moves);
    memcpy(at, holders, sizeof at);
    collect_young();
    assert_memory_equal(at, holders, sizeof at);
    small.roots[0] = NULL;
    drop_holders(0);
}

static void survivors_move_once_unless_pinned(void **state)
{
    (void)state;
    with_workers(move_once);
}

/* ---- What is logged ---- */

static void count_entry(void *context, uintptr_t address, unsigned form, uintptr_t end)
{
    (void)address, (void)form, (void)end;
    ++*(size_t *)context;
}

static size_t count_logged(void)
{
    struct ter_stores *stores = &small.heap->collector.allocator.stores;
    struct ter_stores seen;
    size_t count = 0;

    ter_stores_hand_over(small.mutator);
    seen = (struct ter_stores){.taken = stores->full};
    ter_stores_visit_taken(&seen, count_entry, &count);
    return count;
}

static void store_often(enum form form, size_t expected)
{
    size_t before = count_logged();

    for (unsigned time = 0; time < 5; time++)
        for (size_t i = 0; i < HOLDERS; i++)
            announce(form, holders[i], time % 2, holders[0]);
    assert_int_equal(count_logged() - before, expected);
}

static void log_once(void)
{
    make_holders(0, WORDS * sizeof(uintptr_t));
    for (unsigned form = SLOT; form < FORMS; form++)
        store_often((enum form)form, 0);
    for (unsigned round = 0; round < 3; round++) {
        collect_young();
        assert_int_equal(count_logged(), 0);
        store_often(round % 2 == 0 ? SLOT : RANGE, 2 * HOLDERS);
        store_often(OBJECT, HOLDERS);
    }
    drop_holders(0);
}

static void each_slot_is_logged_once_and_none_of_the_young(void **state)
{
    (void)state;
    with_workers(log_once);
}

static void remember_for_ever(void)
{
    make_holders(5, WORDS * sizeof(uintptr_t));
    for (unsigned round = 0; round < 5; round++) {
        for (size_t i = 0; i < HOLDERS; i++)
            ter_write_object(small.mutator, holders[i]); /* needless, and harmless */
        if (round == 3)
            ter_collect(small.mutator);
        else
            collect_young();
        assert_in_range(count_logged(), HOLDERS, HOLDERS);
    }
    drop_holders(5);
    ter_collect(small.mutator);
    assert_int_equal(count_logged(), 0);
}

static void remembered_objects_are_in_the_log_once(void **state)
{
    (void)state;
    with_workers(remember_for_ever);
}

/* ---- A log that is not complete ---- */

static uintptr_t *ready[HOLDERS]; /* exact slots: leaves that need no more memory */

static void make_ready(void)
{
    for (size_t i = 0; i < HOLDERS; i++) {
        ready[i] = ter_allocate(small.mutator, leaf, 2 * sizeof(uintptr_t));
        assert_non_null(ready[i]);
        ready[i][1] = i * WORDS << 16;
    }
}

/* Barriers take the bits of slots and have no memory to log them in. */
static void store_without_memory(void)
{
    test_fail_calls(TEST_ALL_CALLS, 0, TEST_FOR_EVER);
    for (size_t i = 0; i < HOLDERS; i++) {
        announce((enum form)(i % FORMS), holders[i], 0, ready[i]);
        holders[i][0] = (uintptr_t)ready[i];
        ready[i] = NULL;
    }
    test_stop_failing(NULL);
}

/* All are collected then; and what is stored to the same slots afterwards is logged again. */
static void lose_log(unsigned kind, size_t bytes)
{
    unsigned whole;

    make_holders(kind, bytes);
    ter_collect(small.mutator);
    make_ready();
    store_without_memory();
    assert_true(atomic_load(&small.heap->collector.allocator.stores.lost));
    whole = whole_collections;
    ter_collect_young(small.mutator);
    assert_int_equal(whole_collections, whole + 1);
    check_leaves(0);
    for (uintptr_t round = 1; round < 4; round++) {
        for (size_t i = 0; i < HOLDERS; i++)
            store_leaf((enum form)(i % FORMS), kind, i, 0, i * WORDS << 16 | round);
        collect_young();
        check_leaves(round);
        assert_int_equal(count_of(leaf), HOLDERS * (1 + round));
    }
    drop_holders(kind);
}

/* A heap for each kind of holders, since one keeps memory for its log. */
static unsigned lost_kind;
static size_t lost_bytes;

static void lose_log_once(void)
{
    assert_int_equal(ter_roots_add_slots(small.heap, ready, HOLDERS, TER_ROOT_EXACT), TER_OK);
    lose_log(lost_kind, lost_bytes);
    ter_roots_remove_slots(small.heap, ready, HOLDERS);
}

/* Those that are logged when they are made have memory for it. */
static void what_could_not_be_logged_is_looked_for(void **state)
{
    (void)state;
    for (lost_kind = 0; lost_kind < 3; lost_kind++) {
        lost_bytes = WORDS * sizeof(uintptr_t);
        with_young("", lose_log_once);
        lost_bytes = TER_KIB(20);
        with_young("", lose_log_once);
    }
}

/* ---- Weak things ---- */

static void forget_young(void)
{
    void *to_young = NULL, *to_old = NULL, *to_kept = NULL;

    make_holders(0, WORDS * sizeof(uintptr_t));
    collect_young();
    to_old = holders[1];
    assert_int_equal(ter_weak_add(small.heap, &to_old, holders[1]), TER_OK);
    to_young = ter_allocate(small.mutator, leaf, 16);
    assert_int_equal(ter_weak_add(small.heap, &to_young, to_young), TER_OK);
    store_leaf(SLOT, 0, 2, 0, 2 * WORDS << 16);
    to_kept = (void *)holders[2][0];
    assert_int_equal(ter_weak_add(small.heap, &to_kept, to_kept), TER_OK);
    holders[1] = NULL;
    collect_young();
    assert_null(to_young);
    assert_non_null(to_old);
    assert_ptr_equal(to_kept, (void *)holders[2][0]);
    ter_collect(small.mutator);
    assert_null(to_old);
    assert_ptr_equal(to_kept, (void *)holders[2][0]);
    assert_int_equal(ter_weak_remove(small.heap, &to_kept), TER_OK);
    drop_holders(0);
}

static void links_to_young_garbage_are_cleared(void **state)
{
    (void)state;
    with_workers(forget_young);
}

static unsigned finalized;

static void count_finalized(void *object, void *data)
{
    (void)object, (void)data;
    finalized++;
}

static void finalize_young(void)
{
    finalized = 0;
    make_holders(1, WORDS * sizeof(uintptr_t));
    collect_young();
    for (size_t i = 0; i < HOLDERS; i += 2)
        assert_int_equal(ter_finalizer_set(small.heap, holders[i], count_finalized, NULL), TER_OK);
    drop_holders(1);
    make_holders(1, WORDS * sizeof(uintptr_t));
    for (size_t i = 0; i < HOLDERS; i += 4)
        assert_int_equal(ter_finalizer_set(small.heap, holders[i], count_finalized, NULL), TER_OK);
    drop_holders(1);
    collect_young();
    ter_finalizers_run(small.heap);
    assert_int_equal(finalized, HOLDERS / 4);
    ter_collect(small.mutator);
    ter_finalizers_run(small.heap);
    assert_int_equal(finalized, HOLDERS / 4 + HOLDERS / 2);
}

static void finalizers_of_young_garbage_run(void **state)
{
    (void)state;
    with_workers(finalize_young);
}

/* ---- When ---- */

/* By itself the heap collects young objects, and all of them when the old ones have grown. */
static void churn(void)
{
    make_holders(0, WORDS * sizeof(uintptr_t));
    for (uintptr_t n = 0; n < 3000000; n++) {
        size_t i = n % HOLDERS;

        store_leaf(SLOT, 0, i, n % WORDS, (i * WORDS + n % WORDS) << 16);
    }
    check_leaves(0);
    assert_true(young_collections > 3);
    assert_true(young_collections > 3 * whole_collections);
    drop_holders(0);
}

static void most_collections_are_of_young_objects(void **state)
{
    (void)state;
    with_young(",heap_initial=4M,heap_max=8M", churn);
}

static uintptr_t *chain; /* an exact slot */

/* What is old dies too: a chain that grows and is cut again and again. */
static void churn_old(void)
{
    unsigned node = number_of(0);

    assert_int_equal(ter_roots_add_slots(small.heap, &chain, 1, TER_ROOT_EXACT), TER_OK);
    for (size_t i = 0; i < 2000000; i++) {
        uintptr_t *made = ter_allocate(small.mutator, node, 2 * sizeof(uintptr_t));

        assert_non_null(made);
        made[0] = i % 50000 == 0 ? 0 : (uintptr_t)chain;
        chain = made;
    }
    assert_true(young_collections > 0 && whole_collections > 0);
    chain = NULL;
    ter_roots_remove_slots(small.heap, &chain, 1);
}

static void old_garbage_goes_when_the_old_have_grown(void **state)
{
    (void)state;
    with_young(",heap_initial=4M,heap_max=8M", churn_old);
}

/* Long before the heap is full. */
static void fill_nursery(void)
{
    static const size_t sizes[] = {48, TER_KIB(40)};

    for (size_t s = 0; s < TER_ARRAY_LENGTH(sizes); s++) {
        young_collections = 0;
        for (size_t bytes = 0; bytes < TER_MIB(8); bytes += sizes[s])
            assert_non_null(ter_allocate(small.mutator, leaf, sizes[s]));
        assert_in_range(young_collections, 8 * 3, 8 * 4 + 1);
    }
    assert_int_equal(whole_collections, 0);
}

static void a_full_nursery_is_collected(void **state)
{
    (void)state;
    with_young(",young_bytes=256K", fill_nursery);
}

/* ---- Where they are not worth it ---- */

#define CELL_BYTES 96u

static uintptr_t *cells; /* an exact slot: a table of them */

static void replace_cell(size_t place)
{
    uintptr_t *cell = ter_allocate(small.mutator, leaf, CELL_BYTES);

    assert_non_null(cell);
    cell[1] = place;
    ter_write(small.mutator, cells, &cells[place], cell);
    cells[place] = (uintptr_t)cell;
}

static void make_cells(size_t count)
{
    assert_int_equal(ter_roots_add_slots(small.heap, &cells, 1, TER_ROOT_EXACT), TER_OK);
    cells = ter_allocate(small.mutator, number_of(0), count * sizeof *cells);
    assert_non_null(cells);
    for (size_t i = 0; i < count; i++)
        replace_cell(i);
}

static void drop_cells(size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(((uintptr_t *)cells[i])[1], i);
    cells = NULL;
    ter_roots_remove_slots(small.heap, &cells, 1);
}

/* A ring of all that was allocated lately: 4 MiB, as much as is young at once. */
static void turn_ring(void)
{
    size_t count = TER_MIB(4) / CELL_BYTES;

    make_cells(count);
    for (size_t i = 0; i < 40 * count; i++)
        replace_cell(i % count);
    /* Eight are tried, then three by three; with 4 MiB each 160 MiB would have 40. */
    assert_in_range(young_collections, 8, 20);
    /* Some 10 MiB lie free after a collection of all. */
    assert_in_range(whole_collections, 8, 2 * 160 / 10);
    drop_cells(count);
}

/* Then nearly all dies: they are collected by themselves again, and no store is missed. */
static void turn_ring_and_rest(void)
{
    size_t count = TER_MIB(4) / CELL_BYTES;
    unsigned before;

    make_cells(count);
    for (size_t i = 0; !small.heap->collector.arena.fills_up; i++)
        replace_cell(i % count);
    assert_int_equal(small.mutator->head.log_mask, 0);
    before = young_collections;
    for (size_t i = 0; young_collections < before + 50; i++) {
        assert_true(i < 100 * count);
        if (i % 64 == 0)
            replace_cell(i / 64 % count);
        else
            assert_non_null(ter_allocate(small.mutator, leaf, CELL_BYTES));
    }
    assert_int_equal(small.mutator->head.log_mask, UINTPTR_MAX);
    drop_cells(count);
}

static void they_are_tried_again(void **state)
{
    (void)state;
    with_young(",young_bytes=0,heap_initial=16M,heap_max=16M", turn_ring_and_rest);
}

static void what_mostly_survives_is_collected_with_all(void **state)
{
    (void)state;
    with_young(",young_bytes=0,heap_initial=16M,heap_max=16M", turn_ring);
}

/* What dies lies between what does not, in a heap of one and a half times what lives. */
static void replace_anywhere(void)
{
    size_t count = TER_MIB(8) / CELL_BYTES;
    struct ter_random random = test_random();

    make_cells(count);
    for (size_t i = 0; i < 10 * count; i++)
        replace_cell((size_t)ter_random_below(&random, count));
    drop_cells(count);
}

static void holes_serve_where_there_is_little_room(void **state)
{
    (void)state;
    with_young(",young_bytes=0,heap_initial=13M,heap_max=13M", replace_anywhere);
    with_young(",young_bytes=1M,heap_initial=13M,heap_max=13M", replace_anywhere);
}

/* ---- Where there are none ---- */

static void no_young(const char *options)
{
    for (size_t i = 0; i < TER_PLAN_COUNT; i++) {
        char text[200];

        if (!test_plan_has_young(ter_plans[i].plan))
            continue;
        snprintf(text, sizeof text, "plan=%s,%s", ter_plans[i].name, options);
        open_heap(text);
        assert_int_equal(small.mutator->head.barrier, 0);
        ter_collect_young(small.mutator);
        assert_int_equal(young_collections, 0);
        assert_int_equal(whole_collections, 1);
        small_heap_fini(&small);
    }
}

static void heaps_that_cannot_tell_collect_all(void **state)
{
    (void)state;
    no_young("barriers=1,stop=signals");
    no_young("barriers=1,objects=malloc");
    no_young("barriers=1,vm_space=1");
    no_young("stacks=ambiguous");
    no_young("stacks=exact,barriers=0");
}

static void other_plans_collect_all(void **state)
{
    (void)state;
    open_heap("plan=mark-sweep");
    ter_collect_young(small.mutator);
    assert_int_equal(young_collections, 0);
    assert_int_equal(whole_collections, 1);
    close_heap();
}

/* ---- The default ---- */

static void expect_plan(const char *options, const char *plan)
{
    struct ter_heap *heap;

    assert_int_equal(ter_heap_new_with(options, &heap), TER_OK);
    assert_string_equal(heap->options.plan, plan);
    assert_ptr_equal(heap->collector.plan, ter_plan_named(plan));
    ter_heap_free(heap);
}

static void exact_heaps_have_young_objects(void **state)
{
    (void)state;
    expect_plan("", "mark-sweep");
    expect_plan("stacks=exact", "young-immix");
    expect_plan("stacks=exact,barriers=1", "young-immix");
    expect_plan("stacks=exact,barriers=0", "mark-sweep");
    expect_plan("barriers=1", "mark-sweep");
    expect_plan("stacks=exact,objects=malloc", "mark-sweep");
    expect_plan("stacks=exact,vm_space=1", "mark-sweep");
    expect_plan("stacks=exact,plan=auto,check_barriers=1", "young-immix");
    expect_plan("stacks=exact,plan=semispace", "semispace");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_objects_keep_young_ones),
        cmocka_unit_test(what_is_old_stays_until_all_is_collected),
        cmocka_unit_test(large_ones_go_young),
        cmocka_unit_test(what_was_freed_serves_young_ones),
        cmocka_unit_test(what_fills_a_new_object_is_not_announced),
        cmocka_unit_test(blocks_of_the_immortal_serve_on),
        cmocka_unit_test(survivors_move_once_unless_pinned),
        cmocka_unit_test(each_slot_is_logged_once_and_none_of_the_young),
        cmocka_unit_test(remembered_objects_are_in_the_log_once),
        cmocka_unit_test(what_could_not_be_logged_is_looked_for),
        cmocka_unit_test(links_to_young_garbage_are_cleared),
        cmocka_unit_test(finalizers_of_young_garbage_run),
        cmocka_unit_test(most_collections_are_of_young_objects),
        cmocka_unit_test(old_garbage_goes_when_the_old_have_grown),
        cmocka_unit_test(a_full_nursery_is_collected),
        cmocka_unit_test(what_mostly_survives_is_collected_with_all),
        cmocka_unit_test(they_are_tried_again),
        cmocka_unit_test(holes_serve_where_there_is_little_room),
        cmocka_unit_test(heaps_that_cannot_tell_collect_all),
        cmocka_unit_test(other_plans_collect_all),
        cmocka_unit_test(exact_heaps_have_young_objects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
