/* SPDX-License-Identifier: MIT */
/*
 * Parcels, under every plan: a heap of known make-up gives the expected states; all parcels hold
 * what a walk through the objects finds there; together they are what is mapped.
 */
#include "heap/heap.h"
#include "heap/parcels.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "small_heap.h"

static struct small_heap small;

#define OBJECT_BYTES 64u
/* Four blocks of that, one granule less where a block keeps its last one free. */
#define OBJECTS_OF_FOUR 2044u
#define PARCELS_MOST 20000u

static struct ter_parcel parcels[PARCELS_MOST];
static size_t count;

static void note_parcel(void *context, const struct ter_parcel *parcel)
{
    (void)context;
    assert_true(count < PARCELS_MOST);
    assert_true(parcel->start % TER_PARCEL_BYTES == 0);
    assert_true((unsigned)parcel->state < TER_PARCEL_STATE_COUNT);
    assert_true(parcel->object_bytes + parcel->returned_bytes <= TER_PARCEL_BYTES);
    parcels[count++] = *parcel;
}

static void look(void)
{
    count = 0;
    assert_int_equal(ter_heap_parcels(small.heap, note_parcel, NULL), TER_OK);
}

static size_t count_state(enum ter_parcel_state state)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++)
        found += parcels[i].state == state;
    return found;
}

/* The parcel at that address, among those noted. */
static struct ter_parcel *parcel_at(uintptr_t address)
{
    for (size_t i = 0; i < count; i++)
        if (address - parcels[i].start < TER_PARCEL_BYTES)
            return &parcels[i];
    return NULL;
}

/* ---- Against a walk through the objects ---- */

static void take_from_parcels(void *context, ter_object object, size_t bytes, unsigned kind)
{
    uintptr_t at = object.bits, end = at + bytes;

    (void)context, (void)kind;
    while (at < end) {
        struct ter_parcel *parcel = parcel_at(at);
        size_t part;

        assert_non_null(parcel);
        part = ter_min(end, parcel->start + TER_PARCEL_BYTES) - at;
        assert_true(part <= parcel->object_bytes);
        parcel->object_bytes -= (uint32_t)part;
        at += part;
    }
}

static size_t sum_of_returned(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += parcels[i].returned_bytes;
    return sum;
}

/* Each byte of a parcel's objects is one of an object, and the other way round. */
static void check_against_walk(void)
{
    look();
    assert_int_equal(ter_heap_walk(small.heap, TER_OBJECTS_ALL, take_from_parcels, NULL), TER_OK);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(parcels[i].object_bytes, 0);
}

/* Of those that have pages of their own. */
static void add_pages(void *context, ter_object object, size_t bytes, unsigned kind)
{
    size_t *sum = context;

    (void)object, (void)kind;
    if (bytes > TER_SMALL_MAX_BYTES || small_heap_has_own_pages(&small))
        *sum += ter_align_up(bytes, TER_BYTES_IN_PAGE);
}

/* Of a policy that does not, one sees the objects and nothing else. */
static bool all_policies_tell(void)
{
    for (unsigned i = 0; i < small.heap->collector.space_count; i++)
        if (small.heap->collector.spaces[i].space->policy->for_each_parcel == NULL)
            return false;
    return true;
}

/* Of a heap without foreign memory. */
static void check_against_accounts(void)
{
    const struct ter_accounting *accounting = &small.heap->collector.arena.accounting;
    size_t in_use = 0;

    assert_int_equal(ter_heap_walk(small.heap, TER_OBJECTS_ALL, add_pages, &in_use), TER_OK);
    look();
    for (size_t i = 0; i < count; i++)
        if (parcels[i].state >= TER_PARCEL_YOUNG && parcels[i].state <= TER_PARCEL_FILLED)
            in_use += TER_PARCEL_BYTES;
    assert_int_equal(count * TER_PARCEL_BYTES, atomic_load(&accounting->mapped_bytes));
    if (!all_policies_tell())
        return;
    assert_int_equal(sum_of_returned(), atomic_load(&accounting->clean_bytes));
    assert_int_equal(in_use, atomic_load(&accounting->used_bytes));
}

static void check_order(void)
{
    for (size_t i = 1; i < count; i++)
        if (parcels[i].space == parcels[i - 1].space)
            assert_true(parcels[i].start > parcels[i - 1].start);
}

/* ---- A heap of known make-up ---- */

struct pair {
    struct pair *next;
    uintptr_t number;
};

static const struct ter_object_layout pair_layout = {.header_bytes = sizeof(struct pair),
                                                     .header = {.bitmap = 1}};
static const struct ter_kind_description pair_description = {.name = "pair",
                                                             .layout = &pair_layout};

static struct {
    struct ter_frame frame;
    struct pair *list;
} held; /* by an exact root */

static unsigned define_pairs(void)
{
    unsigned kind;

    assert_int_equal(ter_kind_define(small.heap, &pair_description, &kind), TER_OK);
    return kind;
}

/* Some of a long list stay when it goes, by themselves, so that their chunks do too. */
static void keep_lone_pair(size_t root)
{
    TER_STORE(small.mutator, held.list, held.list->next, NULL);
    small.roots[root] = held.list;
}

/* A list of objects that move, if the plan has any. */
static void make_pairs(size_t length, size_t bytes)
{
    unsigned kind = define_pairs();

    ter_frame_push(small.mutator, &held.frame, TER_FRAME_SHAPE(1, TER_ROOT_EXACT));
    held.list = NULL;
    for (size_t i = 0; i < length; i++) {
        struct pair *pair = ter_allocate(small.mutator, kind, bytes);

        assert_non_null(pair);
        TER_STORE(small.mutator, pair, pair->next, held.list);
        held.list = pair;
        if (i % 8000 == 7999)
            keep_lone_pair(i / 8000);
    }
}

static void let_pairs_go(void)
{
    held.list = NULL;
    ter_frame_pop(small.mutator, &held.frame);
}

struct expected {
    const char *plan;
    enum ter_parcel_state before, after; /* of small objects: a collection */
};

static const struct expected expected[] = {
    {"mark-sweep", TER_PARCEL_CELLS, TER_PARCEL_CELLS},
    {"no-gc", TER_PARCEL_FILLED, TER_PARCEL_FILLED},
    {"semispace", TER_PARCEL_YOUNG, TER_PARCEL_OLD},
    {"immix", TER_PARCEL_YOUNG, TER_PARCEL_OLD},
    {"young-immix", TER_PARCEL_YOUNG, TER_PARCEL_OLD},
};

/* What a plan that the table does not know shows is for the other tests. */
static const struct expected *expected_here(void)
{
    for (size_t i = 0; i < TER_ARRAY_LENGTH(expected); i++)
        if (strcmp(small.heap->options.plan, expected[i].plan) == 0)
            return &expected[i];
    return NULL;
}

static uint32_t object_bytes_of(enum ter_parcel_state state)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += parcels[i].state == state ? parcels[i].object_bytes : 0;
    return sum;
}

static void check_small(enum ter_parcel_state state)
{
    struct ter_parcel *first = parcel_at((uintptr_t)held.list);

    assert_non_null(first);
    assert_int_equal(first->state, state);
    assert_int_equal(first->cell_bytes, state == TER_PARCEL_CELLS ? OBJECT_BYTES : 0);
    assert_int_equal(object_bytes_of(state), OBJECTS_OF_FOUR * OBJECT_BYTES);
    assert_int_equal(count_state(state), 4);
    assert_true(first->object_bytes >= TER_PARCEL_BYTES - 4 * OBJECT_BYTES);
    assert_int_equal(first->pinned, 0);
}

#define KNOWN ",stacks=exact,heap_initial=256M,give_back=0"

static void look_at_small(void)
{
    const struct expected *here = expected_here();

    if (here == NULL)
        return;
    make_pairs(OBJECTS_OF_FOUR, OBJECT_BYTES);
    look();
    check_order();
    check_small(here->before);
    check_against_walk();
    check_against_accounts();
    small_heap_collect(&small);
    look();
    check_small(here->after);
    check_against_walk();
    check_against_accounts();
    let_pairs_go();
}

static void known_make_up(void **state)
{
    (void)state;
    small_heap_with_plans(&small, KNOWN, look_at_small, NULL);
}

/* ---- What is given back, and what was never taken ---- */

static void look_at_free(void)
{
    size_t unused, free_before;

    if (small_heap_never_collects(&small) || expected_here() == NULL)
        return;
    make_pairs(100 * OBJECTS_OF_FOUR, OBJECT_BYTES);
    look();
    unused = count_state(TER_PARCEL_UNUSED);
    assert_true(unused > 0);
    let_pairs_go();
    small_heap_collect(&small);
    small_heap_collect(&small);
    look();
    free_before = count_state(TER_PARCEL_FREE);
    assert_true(free_before > 30);
    check_against_accounts();
    ter_heap_release_memory(small.heap);
    look();
    assert_true(count_state(TER_PARCEL_FREE) < free_before);
    check_against_accounts();
    check_against_walk();
    /* Some of what was given back is taken ahead of its use. */
    make_pairs(90 * OBJECTS_OF_FOUR, OBJECT_BYTES);
    check_against_accounts();
    let_pairs_go();
}

static void free_and_given_back(void **state)
{
    (void)state;
    small_heap_with_plans(&small, KNOWN, look_at_free, NULL);
}

/* ---- Large objects ---- */

static TER_NOINLINE void allocate_at(unsigned root, unsigned kind, size_t bytes)
{
    small.roots[root] = ter_allocate(small.mutator, kind, bytes);
    assert_non_null(small.roots[root]);
}

static void check_parcels_from(uintptr_t start, const enum ter_parcel_state *states,
                               const uint32_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        const struct ter_parcel *parcel = parcel_at(start + i * TER_PARCEL_BYTES);

        assert_non_null(parcel);
        assert_int_equal(parcel->state, states[i]);
        assert_int_equal(parcel->object_bytes, bytes[i]);
    }
}

static void look_at_large(void)
{
    static const enum ter_parcel_state both[] = {TER_PARCEL_LARGE,      TER_PARCEL_LARGE_REST,
                                                 TER_PARCEL_LARGE_REST, TER_PARCEL_LARGE,
                                                 TER_PARCEL_LARGE_REST, TER_PARCEL_RETURNED};
    static const uint32_t both_bytes[] = {32768, 32768, 32768, 32768, 12288, 0};
    static const enum ter_parcel_state one[] = {TER_PARCEL_FREE, TER_PARCEL_FREE, TER_PARCEL_FREE,
                                                TER_PARCEL_LARGE, TER_PARCEL_LARGE_REST};
    static const uint32_t one_bytes[] = {0, 0, 0, 28672, 12288};
    uintptr_t start;

    allocate_at(0, TER_KIND_ATOMIC, 25 * 4096); /* three parcels and a page */
    allocate_at(1, TER_KIND_ATOMIC, 10 * 4096);
    start = (uintptr_t)small.roots[0];
    if (expected_here() == NULL || start % TER_PARCEL_BYTES != 0)
        return;
    look();
    check_parcels_from(start, both, both_bytes, TER_ARRAY_LENGTH(both));
    check_against_walk();
    check_against_accounts();
    ter_free(small.mutator, small.roots[0]);
    small.roots[0] = NULL;
    look();
    check_parcels_from(start, one, one_bytes, TER_ARRAY_LENGTH(one));
    check_against_accounts();
}

static void large_objects(void **state)
{
    (void)state;
    small_heap_with_plans(&small, ",heap_initial=256M,give_back=0,populate=0", look_at_large, NULL);
}

/* ---- Pins, and what never moves ---- */

static void check_pinned(const struct pair *pair, bool moves, unsigned objects)
{
    const struct ter_parcel *parcel;

    look();
    parcel = parcel_at((uintptr_t)pair);
    assert_non_null(parcel);
    assert_int_equal(parcel->pinned, moves ? objects : 0);
}

static void look_at_pins(void)
{
    const struct ter_sft *owner;
    struct pair *first, *second;
    bool moves;

    make_pairs(100, OBJECT_BYTES);
    first = held.list;
    second = first->next;
    owner = ter_heap_owner(small.heap, (uintptr_t)first);
    moves = ter_space_of(owner)->policy->moves;
    assert_int_equal(ter_pin(small.heap, first), TER_OK);
    assert_int_equal(ter_pin(small.heap, first), TER_OK);
    assert_int_equal(ter_pin(small.heap, second), TER_OK);
    check_pinned(first, moves, 2);
    /* Twice, in two ways. */
    (void)owner->pin(owner, ter_object_at((uintptr_t)second));
    check_pinned(first, moves, 2);
    small_heap_collect(&small);
    check_pinned(first, moves, 2);
    ter_unpin(small.heap, first);
    ter_unpin(small.heap, first);
    ter_unpin(small.heap, second);
    check_pinned(second, moves, 1);
    (void)owner->unpin(owner, ter_object_at((uintptr_t)second));
    check_pinned(second, moves, 0);
    let_pairs_go();
}

static void pinned(void **state)
{
    (void)state;
    small_heap_with_plans(&small, KNOWN, look_at_pins, NULL);
}

static void look_at_immortal(void)
{
    const struct ter_parcel *parcel;

    allocate_at(0, TER_KIND_UNCOLLECTABLE, 48);
    look();
    parcel = parcel_at((uintptr_t)small.roots[0]);
    assert_non_null(parcel);
    assert_int_equal(parcel->object_bytes, 48);
    /* Where nothing is collected, everything is. */
    if (expected_here() == NULL || small_heap_never_collects(&small))
        return;
    assert_int_equal(parcel->state, TER_PARCEL_IMMORTAL);
    assert_int_equal(parcel->cell_bytes, 48);
    assert_string_equal(ter_parcel_state_name(parcel->state), "immortal");
}

static void immortal(void **state)
{
    (void)state;
    small_heap_with_plans(&small, ",heap_initial=256M", look_at_immortal, NULL);
}

/* ---- Any heap ---- */

static void change_at_random(struct ter_random *random, unsigned pair_kind)
{
    unsigned kinds[] = {TER_KIND_ATOMIC, TER_KIND_NORMAL, TER_KIND_UNCOLLECTABLE, pair_kind};
    unsigned root = (unsigned)test_below(random, SMALL_ROOTS);
    size_t bytes = 16 + test_below(random, test_below(random, 20) == 0 ? 200000 : 600);

    if (small.roots[root] != NULL && test_below(random, 3) == 0) {
        ter_free(small.mutator, small.roots[root]);
        small.roots[root] = NULL;
    } else {
        allocate_at(root, kinds[test_below(random, 4)], bytes);
    }
}

static struct ter_random shared_random;

static void look_at_random(void)
{
    struct ter_random random = shared_random;
    unsigned steps = (unsigned)test_count(3000, 60000), pair_kind = define_pairs();

    for (unsigned step = 1; step <= steps; step++) {
        change_at_random(&random, pair_kind);
        if (step % 1000 != 0)
            continue;
        if (step % 2000 == 0)
            small_heap_collect(&small);
        check_against_walk();
        check_against_accounts();
        check_order();
    }
}

static void any_heap(void **state)
{
    (void)state;
    shared_random = test_random();
    small_heap_with_plans(&small, "", look_at_random, NULL);
}

/* ---- A policy that says nothing ---- */

static void count_bytes(void *context, const struct ter_parcel *parcel)
{
    size_t *sums = context;

    sums[0]++;
    sums[1] += parcel->object_bytes;
    sums[2] += parcel->start ^ parcel->object_bytes;
    assert_true(parcel->state == TER_PARCEL_FREE || parcel->state == TER_PARCEL_OTHER ||
                ter_space_of(parcel->space)->policy->for_each_parcel != NULL);
}

static void look_without_policy(void)
{
    struct ter_random random = shared_random;
    unsigned pair_kind = define_pairs();

    for (unsigned step = 0; step < 500; step++)
        change_at_random(&random, pair_kind);
    for (unsigned i = 0; i < small.heap->collector.space_count; i++) {
        struct ter_space *space = small.heap->collector.spaces[i].space;
        const struct ter_policy *own = space->policy;
        struct ter_policy silent = *own;
        size_t told[3] = {0}, found[3] = {0};

        silent.for_each_parcel = NULL;
        ter_space_for_each_parcel(space, count_bytes, told);
        space->policy = &silent;
        ter_space_for_each_parcel(space, count_bytes, found);
        space->policy = own;
        assert_memory_equal(told, found, sizeof told);
    }
}

static void a_silent_policy(void **state)
{
    (void)state;
    shared_random = test_random();
    small_heap_with_plans(&small, "", look_without_policy, NULL);
}

/* ---- Foreign memory ---- */

static void malloc_objects(void **state)
{
    (void)state;
    small_heap_init(&small, "objects=malloc");
    small_heap_list_at(&small, 0, 3000, 200);
    allocate_at(1, TER_KIND_ATOMIC, 9u << 20); /* over several chunks */
    look();
    assert_true(count_state(TER_PARCEL_FOREIGN) >= 18 + (9u << 20) / TER_PARCEL_BYTES);
    check_against_walk();
    small_heap_fini(&small);
}

static void vm_ranges(void **state)
{
    static TER_ALIGNED(32768) unsigned char memory[3 * 32768];

    (void)state;
    small_heap_init(&small, "vm_space=1");
    assert_int_equal(ter_vm_space_add(small.heap, memory + 100, 40000 - 100, TER_VM_ROOTS, NULL, 0),
                     TER_OK);
    look();
    assert_int_equal(count_state(TER_PARCEL_FOREIGN), 2);
    assert_int_equal(parcel_at((uintptr_t)memory)->object_bytes, 32768 - 100);
    assert_int_equal(parcel_at((uintptr_t)memory + 32768)->object_bytes, 40000 - 32768);
    small_heap_fini(&small);
}

/* ---- Beside threads that allocate ---- */

static atomic_bool over;
static atomic_size_t rounds;

/* A thread's rounds, where each object takes addresses that none had. */
#define ROUNDS_OF_OWN_PAGES 10u

static uint64_t rounds_to_see(void)
{
    return small_heap_has_own_pages(&small) ? 2 * ROUNDS_OF_OWN_PAGES : test_count(100, 2000);
}

static void *allocate_until_over(void *argument)
{
    struct ter_mutator *mutator;
    void *volatile last = NULL;
    unsigned step = 0;

    (void)argument;
    assert_int_equal(ter_mutator_bind(small.heap, &mutator), TER_OK);
    while (!atomic_load(&over)) {
        void *object = ter_allocate(mutator, TER_KIND_NORMAL, 16 + step++ % 400);

        if (step % 5 == 0 && last != NULL) {
            ter_free(mutator, last);
            object = NULL;
        }
        last = object;
        if (step % 1000 == 0) {
            ter_allocate(mutator, TER_KIND_ATOMIC, 20000);
            atomic_fetch_add(&rounds, 1);
            if (small_heap_has_own_pages(&small) && step / 1000 == ROUNDS_OF_OWN_PAGES)
                break;
        }
    }
    ter_mutator_unbind(mutator);
    return NULL;
}

static void look_beside(void)
{
    pthread_t threads[2];

    atomic_store(&over, false);
    atomic_store(&rounds, 0);
    ter_mutator_leave(small.mutator);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, allocate_until_over, NULL), 0);
    for (unsigned i = 0; i < 100 || atomic_load(&rounds) < rounds_to_see(); i++) {
        look();
        check_order();
    }
    atomic_store(&over, true);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    ter_mutator_enter(small.mutator);
    check_against_walk();
}

static void beside_allocation(void **state)
{
    (void)state;
    small_heap_with_plans(&small, ",heap_initial=1M,heap_max=64M,log=0", look_beside, NULL);
}

/* ---- Misuse ---- */

static void bad_arguments(void **state)
{
    (void)state;
    small_heap_init(&small, "");
    assert_int_equal(ter_heap_parcels(small.heap, NULL, NULL), TER_ERROR_INVALID);
    assert_int_equal(ter_heap_map(small.heap, 1, (enum ter_map_form)2, 0), TER_ERROR_INVALID);
    assert_int_equal(ter_heap_map(small.heap, 1, TER_MAP_SVG, 15), TER_ERROR_INVALID);
    assert_int_equal(ter_heap_map(small.heap, 1, TER_MAP_TEXT, 129), TER_ERROR_INVALID);
    assert_int_equal(ter_heap_map(small.heap, -1, TER_MAP_TEXT, 0), TER_ERROR_SYSTEM);
    assert_string_equal(ter_parcel_state_name(TER_PARCEL_STATE_COUNT), "");
    small_heap_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_make_up),     cmocka_unit_test(free_and_given_back),
        cmocka_unit_test(large_objects),     cmocka_unit_test(pinned),
        cmocka_unit_test(immortal),          cmocka_unit_test(any_heap),
        cmocka_unit_test(a_silent_policy),   cmocka_unit_test(malloc_objects),
        cmocka_unit_test(beside_allocation), cmocka_unit_test(vm_ranges),
        cmocka_unit_test(bad_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
