/* SPDX-License-Identifier: MIT */
/*
 * Several workers that copy: an object to which many lead at once moves once, all of it, and
 * everybody is told the same new place; also where some stay, where there is no room for more
 * copies, and where there are fewer threads than were asked for. Under the plans with young objects
 * too, in collections of those alone.
 *
 * Tables lead to the same objects in the same order, so workers that have different ones meet at
 * each object: whoever comes later finds it half copied. In every other table neighbours change
 * places, so that two workers also move, at the same time, what has its bits in one word.
 */
#include "heap/heap.h"

#include <terrier/terrier.h>

#include "small_heap.h"

#define TABLES 24u
#define ROUNDS 20u

enum { STAMP, LINK }; /* of a shared object: the last word is the stamp again */

static struct ter_heap *heap;
static struct ter_mutator *mutator;
static const char *plan = "semispace";
static unsigned table, shared, visited, leaf;
static uintptr_t *tables[TABLES]; /* exact roots */
static size_t length;             /* of each table */
static uintptr_t odd[4];          /* words; [0] is 0: there are no objects with them */
static struct ter_random random_numbers;

/* ---- A heap ---- */

static void visit_link(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    uintptr_t *words = (uintptr_t *)object;
    uintptr_t before = words[LINK], after;

    (void)context, (void)bytes;
    after = (uintptr_t)ter_trace_object(trace, (void *)before);
    if (after != before)
        words[LINK] = after;
}

static void add_kinds(void)
{
    static const struct ter_object_layout table_layout = {.element_bytes = sizeof(uintptr_t),
                                                          .element = {.bitmap = 1}};
    static const struct ter_object_layout shared_layout = {.header_bytes = 2 * sizeof(uintptr_t),
                                                           .header = {.bitmap = 1u << LINK}};
    const struct ter_kind_description by_visitor = {.visitor = visit_link,
                                                    .flags = TER_KIND_ONLY_SLOTS};
    const struct ter_kind_description without_slots = {.flags = TER_KIND_NO_SLOTS};

    assert_int_equal(ter_kind_add_layout(heap, &table_layout, &table), TER_OK);
    assert_int_equal(ter_kind_add_layout(heap, &shared_layout, &shared), TER_OK);
    assert_int_equal(ter_kind_define(heap, &by_visitor, &visited), TER_OK);
    assert_int_equal(ter_kind_define(heap, &without_slots, &leaf), TER_OK);
}

/* Under stress, that never comes, each collection has a parallel phase. */
static void open_heap(unsigned workers, const char *more)
{
    struct ter_options options;
    char text[200];

    snprintf(text, sizeof text,
             "plan=%s,log=0,stacks=exact,scan_program=0,scan_libraries=0,stress=1000000000,"
             "markers=%u%s",
             plan, workers, more);
    ter_options_init(&options);
    test_parse_options(&options, text);
    assert_int_equal(ter_heap_new(&options, &heap), TER_OK);
    add_kinds();
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    memset(tables, 0, sizeof tables);
    assert_int_equal(ter_roots_add_slots(heap, (void **)tables, TABLES, TER_ROOT_EXACT), TER_OK);
}

static void close_heap(void)
{
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
    assert_int_equal(test_count_mappings("terrier:"), 0);
}

/* ---- What is in it ---- */

static size_t bytes_of(size_t number)
{
    return number % 8 == 0 ? 6000 + number % 2000 : 32 + number * 16 % 600;
}

/* Odd, so that none looks like a new place, as one in some thousands would with 32 bits. */
static uintptr_t stamp_of(size_t number)
{
    return (number * 2654435761u + 12345) | 1;
}

static unsigned kind_of(size_t number)
{
    const unsigned kinds[] = {shared, visited, leaf};

    return kinds[number % TER_ARRAY_LENGTH(kinds)];
}

/* Of some objects the first word is what may be mistaken for a new place. */
static bool is_odd(size_t number)
{
    return odd[0] != 0 && number % 7 == 3;
}

static uintptr_t word_of(size_t number, size_t word)
{
    if (word == STAMP && is_odd(number))
        return odd[number % TER_ARRAY_LENGTH(odd)];
    return word == LINK ? 0 : stamp_of(number) + word;
}

static void stamp(uintptr_t *object, size_t number)
{
    size_t words = bytes_of(number) / sizeof(uintptr_t);

    for (size_t i = 0; i < words; i++)
        object[i] = word_of(number, i);
}

/* It leads to one that came before it. */
static void make_object(size_t number)
{
    uintptr_t *object = ter_allocate(mutator, kind_of(number), bytes_of(number));

    assert_non_null(object);
    stamp(object, number);
    if (kind_of(number) != leaf && number != 0)
        object[LINK] = tables[0][test_below(&random_numbers, number)];
    ter_write(mutator, tables[0], &tables[0][number], object);
    tables[0][number] = (uintptr_t)object;
}

static void make_objects(void)
{
    for (size_t i = 0; i < length; i++)
        make_object(i);
}

/* Of an object in a table; `length` is even. */
static size_t place_of(unsigned of_table, size_t number)
{
    return number ^ (of_table % 2);
}

static void tell_all_tables(void)
{
    for (unsigned i = 1; i < TABLES; i++) {
        ter_write_range(mutator, tables[i], tables[i], length * sizeof(uintptr_t));
        for (size_t k = 0; k < length; k++)
            tables[i][place_of(i, k)] = tables[0][k];
    }
}

static void make_tables(size_t objects)
{
    length = objects;
    for (unsigned i = 0; i < TABLES; i++) {
        tables[i] = ter_allocate(mutator, table, length * sizeof(uintptr_t));
        assert_non_null(tables[i]);
    }
    make_objects();
    tell_all_tables();
}

static void check_object(size_t number)
{
    const uintptr_t *object = (const uintptr_t *)tables[0][number];
    size_t words = bytes_of(number) / sizeof(uintptr_t);

    for (unsigned i = 1; i < TABLES; i++)
        assert_int_equal(tables[i][place_of(i, number)], (uintptr_t)object);
    assert_int_equal(ter_heap_find(heap, (uintptr_t)object).bits, (uintptr_t)object);
    for (size_t i = 0; i < words; i++)
        if (i != LINK)
            assert_int_equal(object[i], word_of(number, i));
    if (kind_of(number) != leaf && number != 0)
        assert_int_equal(ter_heap_find(heap, object[LINK]).bits, object[LINK]);
}

static void check_objects(void)
{
    for (size_t i = 0; i < length; i++)
        check_object(i);
    test_check_spaces(heap);
}

/* Each object is there once. */
static void check_all(void)
{
    struct ter_statistics statistics;

    check_objects();
    ter_heap_statistics(heap, &statistics, sizeof statistics);
    assert_int_equal(statistics.live_objects, length + TABLES);
}

static void make_garbage(void)
{
    for (size_t i = 0; i < length / 2; i++)
        assert_non_null(ter_allocate(mutator, kind_of(i), bytes_of(i)));
}

/* How many of the objects moved. */
static size_t moved_by(void (*act)(struct ter_mutator *mutator))
{
    uintptr_t *before = malloc(length * sizeof(uintptr_t));
    size_t moved = 0;

    assert_non_null(before);
    memcpy(before, tables[0], length * sizeof(uintptr_t));
    act(mutator);
    for (size_t i = 0; i < length; i++)
        moved += before[i] != tables[0][i];
    free(before);
    return moved;
}

static size_t collect(void)
{
    size_t moved = moved_by(ter_collect);

    check_all();
    return moved;
}

static unsigned rounds(void)
{
    return (unsigned)test_count(ROUNDS, 20 * ROUNDS);
}

/* Less where all is slow. */
static size_t many(void)
{
    return test_is_emulated() || TER_HAS_SANITIZER ? 600 : 4000;
}

/* ---- Tests ---- */

static void all_move_once(unsigned workers, const char *more)
{
    open_heap(workers, more);
    make_tables(many());
    for (unsigned i = 0; i < rounds(); i++) {
        make_garbage();
        assert_int_equal(collect(), length);
        assert_int_equal(heap->collector.workers.threads.count, workers - 1);
    }
    close_heap();
}

static void each_object_moves_once(void **state)
{
    (void)state;
    random_numbers = test_random();
    for (unsigned workers = 1; workers <= 4; workers++)
        all_move_once(workers, "");
    all_move_once(16, "");
}

static void in_every_layout(void **state)
{
    static const char *const more[] = {",layout=small", ",sft_map=dense", ",sft_map=sparse",
                                       ",give_back=0", ",check_heap=1,poison=1"};

    (void)state;
    random_numbers = test_random();
    for (size_t i = 0; i < TER_ARRAY_LENGTH(more); i++)
        all_move_once(3, more[i]);
}

/* Those that were pinned are where they were. */
static void what_is_pinned_stays(void **state)
{
    uintptr_t *places;

    (void)state;
    random_numbers = test_random();
    open_heap(3, "");
    make_tables(many());
    for (size_t i = 0; i < length; i += 3)
        assert_int_equal(ter_pin(heap, (void *)tables[0][i]), TER_OK);
    places = malloc(length * sizeof(uintptr_t));
    assert_non_null(places);
    memcpy(places, tables[0], length * sizeof(uintptr_t));
    for (unsigned i = 0; i < rounds(); i++) {
        assert_int_equal(collect(), length - (length + 2) / 3);
        for (size_t k = 0; k < length; k += 3)
            assert_int_equal(places[k], tables[0][k]);
    }
    for (size_t i = 0; i < length; i += 3)
        ter_unpin(heap, (void *)tables[0][i]);
    assert_int_equal(collect(), length);
    free(places);
    close_heap();
}

/* Free memory of the space, memory that it may get, and what says that nothing is there. */
static void find_odd_words(void)
{
    const struct ter_space *space = heap->collector.spaces[0].space;
    uintptr_t free =
        ter_align_down(space->range.start + space->range.mapped_bytes - 1, TER_BYTES_IN_BLOCK);

    while (ter_copy_block_of(space->arena, free)->state != TER_COPY_FREE)
        free -= TER_BYTES_IN_BLOCK;
    odd[0] = free + 64;
    odd[1] = space->range.start + space->range.extent_bytes - TER_BYTES_IN_BLOCK;
    odd[2] = TER_COPY_NONE;
    odd[3] = free;
}

/* By one worker they all move. */
static void what_looks_like_a_new_place_misleads_nobody(void **state)
{
    size_t odd_ones = 0;
    unsigned wanted;

    (void)state;
    random_numbers = test_random();
    open_heap(3, "");
    assert_non_null(ter_allocate(mutator, leaf, 32));
    find_odd_words();
    make_tables(many());
    for (size_t i = 0; i < length; i++)
        odd_ones += is_odd(i);
    for (unsigned i = 0; i < rounds(); i++)
        assert_in_range(collect(), length - odd_ones, length - odd_ones / 4);
    wanted = heap->collector.workers.wanted;
    heap->collector.workers.wanted = 0;
    assert_int_equal(collect(), length);
    heap->collector.workers.wanted = wanted;
    memset(odd, 0, sizeof odd);
    close_heap();
}

/* Some move, and some find no room: which it is, all workers say the same. */
static void who_finds_no_room_stays(void **state)
{
    struct ter_copy_space *space;
    size_t moved = 0, kept = 0;

    (void)state;
    random_numbers = test_random();
    open_heap(4, ",heap_max=24M,heap_initial=24M");
    make_tables(many() / 2);
    space = ter_copy_space_of(heap->collector.spaces[0].space);
    for (unsigned i = 0; i < 2 * rounds(); i++) {
        size_t some;

        /* What is in use leaves so many blocks. */
        heap->collector.trigger.max_bytes =
            atomic_load(&heap->collector.arena.accounting.used_bytes) +
            test_below(&random_numbers, space->blocks.in_use + 1) * TER_BYTES_IN_BLOCK;
        some = collect();
        moved += some;
        kept += length - some;
    }
    assert_true(moved != 0 && kept != 0);
    close_heap();
}

/* ---- Young objects ---- */

static uint64_t young_collections(void)
{
    struct ter_statistics statistics;

    ter_heap_statistics(heap, &statistics, sizeof statistics);
    return statistics.collections_young;
}

/* Of all objects, or of some, new ones take the place, which are young. */
static void replace(size_t step)
{
    for (size_t i = 0; i < length; i += step)
        make_object(i);
    tell_all_tables();
}

/* Room for some blocks beside what is in use, or none; then as much as the option said. */
static size_t collect_young_in(size_t blocks)
{
    uint64_t before = young_collections();
    size_t most = heap->collector.trigger.max_bytes, moved;

    heap->collector.trigger.max_bytes =
        atomic_load(&heap->collector.arena.accounting.used_bytes) + blocks * TER_BYTES_IN_BLOCK;
    moved = moved_by(ter_collect_young);
    heap->collector.trigger.max_bytes = most;
    assert_int_equal(young_collections(), before + 1);
    check_objects();
    return moved;
}

static void replace_and_collect(unsigned workers, const char *more)
{
    size_t moved = 0, objects = 0;

    open_heap(workers, more);
    make_tables(many() / 2);
    ter_collect(mutator);
    for (unsigned i = 0; i < 2 * rounds(); i++) {
        size_t step = 1 + i % 3;

        replace(step);
        moved += collect_young_in(test_below(&random_numbers, 120 / step));
        objects += (length + step - 1) / step;
        ter_collect(mutator);
        check_objects();
    }
    /* Some did, and some found no room; in few rounds there may always be room, or never. */
    assert_true(moved <= objects);
    assert_true(rounds() < ROUNDS || (moved > 0 && moved < objects));
    close_heap();
}

static void young_ones_move_once_or_stay(void **state)
{
    (void)state;
    random_numbers = test_random();
    for (size_t i = 0; i < TER_PLAN_COUNT; i++) {
        const struct ter_plan *one = ter_plans[i].plan;

        if (!test_plan_has_young(one) || !one->loop->moves)
            continue;
        plan = ter_plans[i].name;
        for (unsigned workers = 1; workers <= 4; workers++)
            replace_and_collect(workers, ",heap_initial=64M,heap_max=64M,young_bytes=1G");
        replace_and_collect(3, ",heap_initial=64M,heap_max=64M,young_bytes=1G,poison=1");
    }
    plan = "semispace";
}

/* Whole collections of the plan with young objects that copies all. */
static void gen_copy_moves_all_once(void **state)
{
    (void)state;
    random_numbers = test_random();
    plan = "gen-copy";
    for (unsigned workers = 2; workers <= 4; workers++)
        all_move_once(workers, "");
    plan = "semispace";
}

static void threads_that_are_refused_are_done_without(void **state)
{
    (void)state;
    random_numbers = test_random();
    for (unsigned first = 0; first < 4; first++) {
        uint64_t refused;

        open_heap(4, "");
        test_fail_calls(TEST_CALL(THREAD), first, TEST_FOR_EVER);
        make_tables(many() / 4);
        assert_int_equal(collect(), length);
        assert_int_equal(heap->collector.workers.threads.count, ter_min(first, 3));
        test_stop_failing(&refused);
        assert_int_equal(refused != 0, first < 3);
        assert_int_equal(collect(), length);
        assert_int_equal(heap->collector.workers.threads.count, 3);
        close_heap();
    }
}

/* What is left of blocks that copies went to is allocated in before fresh ones are. */
static void rests_are_used(void **state)
{
    size_t before, after;

    (void)state;
    random_numbers = test_random();
    open_heap(4, "");
    make_tables(100);
    ter_collect(mutator);
    before = ter_copy_space_of(heap->collector.spaces[0].space)->blocks.in_use;
    assert_non_null(ter_allocate(mutator, leaf, 32));
    after = ter_copy_space_of(heap->collector.spaces[0].space)->blocks.in_use;
    assert_int_equal(after, before);
    check_all();
    close_heap();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_object_moves_once),
        cmocka_unit_test(in_every_layout),
        cmocka_unit_test(what_is_pinned_stays),
        cmocka_unit_test(what_looks_like_a_new_place_misleads_nobody),
        cmocka_unit_test(who_finds_no_room_stays),
        cmocka_unit_test(young_ones_move_once_or_stay),
        cmocka_unit_test(gen_copy_moves_all_once),
        cmocka_unit_test(threads_that_are_refused_are_done_without),
        cmocka_unit_test(rests_are_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
