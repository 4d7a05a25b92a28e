/* SPDX-License-Identifier: MIT */
/* Collections that a program holds back, and being told of those that happen; under every plan. */
#include "small_heap.h"

#include "heap/heap.h"

#define MUCH TER_MIB(16)

static struct small_heap small;

static bool never_collects(void)
{
    return small_heap_never_collects(&small);
}

static uint64_t collections(void)
{
    return small_heap_statistics(&small).collections;
}

/* Bytes that were got of those, in objects that nothing keeps: small, or as large as a page. */
static size_t allocate(size_t bytes)
{
    size_t one = small_heap_has_own_pages(&small) ? TER_KIB(4) : 64, got = 0;

    while (got < bytes && ter_allocate(small.mutator, TER_KIND_ATOMIC, one) != NULL)
        got += one;
    return got;
}

/* ---- Held ---- */

static void held_twice_is_allowed_twice(void)
{
    ter_collections_hold(small.heap);
    ter_collections_hold(small.heap);
    assert_int_equal(allocate(MUCH), MUCH);
    assert_int_equal(collections(), 0);
    assert_int_equal(ter_collections_allow(small.heap), TER_OK);
    assert_int_equal(allocate(MUCH), MUCH);
    assert_int_equal(collections(), 0);
    assert_int_equal(ter_collections_allow(small.heap), TER_OK);
    assert_int_equal(allocate(MUCH), MUCH);
    assert_true(never_collects() || collections() > 0);
    assert_int_equal(ter_collections_allow(small.heap), TER_ERROR_INVALID);
}

static void who_asks_gets_one(void)
{
    ter_collections_hold(small.heap);
    ter_collect(small.mutator);
    assert_int_equal(collections(), never_collects() ? 0 : 1);
    assert_int_equal(ter_collections_allow(small.heap), TER_OK);
}

static void memory_elsewhere_waits(void)
{
    ter_collections_hold(small.heap);
    ter_external_adjust(small.heap, (ptrdiff_t)MUCH);
    assert_int_equal(allocate(TER_KIB(64)), TER_KIB(64));
    assert_int_equal(collections(), 0);
    assert_int_equal(ter_collections_allow(small.heap), TER_OK);
    assert_int_equal(allocate(TER_KIB(64)), TER_KIB(64));
    assert_true(never_collects() || collections() > 0);
    ter_external_adjust(small.heap, -(ptrdiff_t)MUCH);
}

static void no_collection_of_stress(void)
{
    ter_collections_hold(small.heap);
    assert_int_equal(allocate(TER_KIB(64)), TER_KIB(64));
    assert_int_equal(collections(), 0);
    assert_int_equal(ter_collections_allow(small.heap), TER_OK);
}

/* The maximum holds, and it is the program that makes room. */
static void a_full_heap_says_so(void)
{
    ter_collections_hold(small.heap);
    assert_in_range(allocate(2 * MUCH), 1, MUCH);
    assert_int_equal(collections(), 0);
    if (!never_collects()) {
        ter_collect(small.mutator);
        assert_int_equal(allocate(TER_KIB(64)), TER_KIB(64));
    }
    assert_int_equal(ter_collections_allow(small.heap), TER_OK);
}

/* ---- Many weak things ---- */

#define WORDS 8200u
#define ROOMY ",heap_initial=256M" /* never full here, not of pages either */
#define BOUND TER_LEAST_WEAK_BOUND

static void *words[WORDS];

static uint64_t pressed(void)
{
    return small_heap_statistics(&small).collections_pressure;
}

/* So many, once the next object is allocated. */
static void assert_pressed(uint64_t wanted)
{
    assert_true(allocate(1) != 0);
    assert_int_equal(pressed(), never_collects() ? 0 : wanted);
}

/* Words that name `object`, or if that is NULL each one of its own, which nothing keeps. */
static void add_words(size_t first, size_t end, void *object)
{
    for (size_t i = first; i < end; i++) {
        words[i] = object != NULL ? object : ter_allocate(small.mutator, TER_KIND_ATOMIC, 16);
        assert_non_null(words[i]);
        assert_int_equal(ter_weak_add(small.heap, &words[i], words[i]), TER_OK);
    }
}

static void forget_words(void)
{
    for (size_t i = 0; i < WORDS; i++)
        (void)ter_weak_remove(small.heap, &words[i]);
}

static size_t words_left(void)
{
    size_t left = 0;

    for (size_t i = 0; i < WORDS; i++)
        left += words[i] != NULL;
    return left;
}

static TER_NOINLINE void add_garbage(void)
{
    add_words(0, BOUND, NULL);
    assert_int_equal(collections(), 0);
    add_words(BOUND, BOUND + 1, NULL);
    assert_int_equal(collections(), 0);
}

static void many_weak_words_want_a_collection(void)
{
    memset(words, 0, sizeof words);
    add_garbage();
    assert_pressed(1);
    assert_int_equal(collections(), pressed());
    assert_true(never_collects() || words_left() <= BOUND / 8);
    forget_words();
}

static void twice_as_many_if_they_are_kept(void)
{
    small.roots[0] = ter_allocate(small.mutator, TER_KIND_ATOMIC, 16);
    for (size_t i = 0; i < 2 * BOUND; i++) {
        add_words(i, i + 1, small.roots[0]);
        assert_pressed(i < BOUND ? 0 : 1);
    }
    add_words(2 * BOUND, 2 * BOUND + 1, small.roots[0]);
    assert_pressed(2);
    forget_words();
}

static void held_ones_wait(void)
{
    ter_collections_hold(small.heap);
    add_words(0, BOUND + 1, NULL);
    assert_pressed(0);
    assert_int_equal(collections(), 0);
    assert_int_equal(ter_collections_allow(small.heap), TER_OK);
    add_words(BOUND + 1, BOUND + 2, NULL);
    assert_pressed(1);
    forget_words();
}

static void last_words(void *object, void *data)
{
    (void)object;
    (void)data;
}

static ter_status set_last_words(void *object)
{
    return ter_finalizer_set(small.heap, object, last_words, NULL);
}

static struct ter_guardian *guardian;

static ter_status guard(void *object)
{
    return ter_guardian_add(small.heap, guardian, object, object);
}

/* One object more than the bound, which nothing else keeps. */
static TER_NOINLINE void register_many(ter_status (*registers)(void *object))
{
    for (size_t i = 0; i <= BOUND; i++) {
        assert_int_equal(collections(), 0);
        assert_int_equal(registers(ter_allocate(small.mutator, TER_KIND_ATOMIC, 16)), TER_OK);
    }
}

static void many_finalizers_want_one(void)
{
    register_many(set_last_words);
    assert_pressed(1);
    assert_true(never_collects() || ter_finalizers_run(small.heap) >= BOUND / 8 * 7);
}

static void so_do_many_guarded_objects(void)
{
    assert_int_equal(ter_guardian_new(small.heap, &guardian), TER_OK);
    register_many(guard);
    assert_pressed(1);
    assert_true(never_collects() || ter_guardian_poll(small.heap, guardian) != NULL);
    ter_guardian_free(small.heap, guardian);
}

#define FOR_EACH_PLAN(name, options, test)                                                         \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        small_heap_with_plans(&small, options, test, NULL);                                        \
    }

FOR_EACH_PLAN(nested, "", held_twice_is_allowed_twice)
FOR_EACH_PLAN(asked_for, "", who_asks_gets_one)
FOR_EACH_PLAN(elsewhere, "", memory_elsewhere_waits)
FOR_EACH_PLAN(stressed, ",stress=1", no_collection_of_stress)
FOR_EACH_PLAN(full, ",heap_max=16M", a_full_heap_says_so)
FOR_EACH_PLAN(weak_words, ROOMY, many_weak_words_want_a_collection)
FOR_EACH_PLAN(kept_words, ROOMY, twice_as_many_if_they_are_kept)
FOR_EACH_PLAN(held_words, ROOMY, held_ones_wait)
FOR_EACH_PLAN(finalizers, ROOMY, many_finalizers_want_one)
FOR_EACH_PLAN(guarded, ROOMY, so_do_many_guarded_objects)

/* ---- Told ---- */

struct diary {
    struct ter_collection_event events[TER_PHASE_COUNT];
    unsigned count;
};

static void write_down(void *context, const struct ter_collection_event *event)
{
    struct diary *diary = context;

    assert_int_equal(event->phase, diary->count % TER_PHASE_COUNT);
    diary->events[event->phase] = *event;
    diary->count++;
}

/* What is known at `known`, and not before. */
static void assert_known_at(const struct diary *diary, enum ter_phase known, size_t offset)
{
    for (unsigned phase = 0; phase < TER_PHASE_COUNT; phase++) {
        const char *event = (const char *)&diary->events[phase];
        uint64_t value;

        memcpy(&value, event + offset, sizeof value);
        if (phase < known)
            assert_int_equal(value, 0);
        else
            assert_true(value != 0);
    }
}

#define ASSERT_KNOWN_AT(diary, known, field)                                                       \
    assert_known_at(diary, TER_PHASE_##known, offsetof(struct ter_collection_event, field))

static void each_point_has_its_figures(void)
{
    struct diary diary = {.count = 0};
    struct ter_statistics statistics;
    const struct ter_collection_event *end = &diary.events[TER_PHASE_ENDED];

    small.roots[0] = small_heap_list(&small, TER_KIND_NORMAL, 100, 64);
    ter_heap_on_collection(small.heap, write_down, &diary);
    small_heap_collect(&small);
    ter_heap_on_collection(small.heap, NULL, NULL);
    statistics = small_heap_statistics(&small);
    if (never_collects()) {
        assert_int_equal(diary.count, 0);
        return;
    }
    assert_int_equal(diary.count, TER_PHASE_COUNT);
    ASSERT_KNOWN_AT(&diary, BEGINNING, number);
    ASSERT_KNOWN_AT(&diary, BEGINNING, start_ns);
    ASSERT_KNOWN_AT(&diary, BEGINNING, used_before_bytes);
    ASSERT_KNOWN_AT(&diary, RELEASED, mark_ns);
    ASSERT_KNOWN_AT(&diary, RELEASED, allocated_bytes);
    ASSERT_KNOWN_AT(&diary, RELEASED, live_objects);
    ASSERT_KNOWN_AT(&diary, RESUMED, pause_ns);
    ASSERT_KNOWN_AT(&diary, ENDED, total_ns);
    assert_int_equal(end->live_objects, statistics.live_objects);
    assert_int_equal(end->live_bytes, statistics.live_bytes);
    assert_int_equal(end->heap_bytes, statistics.heap_limit_bytes);
    assert_true(end->mark_ns <= end->pause_ns && end->pause_ns <= end->total_ns);
    assert_int_equal(end->number, 1);
    assert_int_equal(end->reason, TER_REASON_REQUEST);
    small_heap_collect(&small);
    assert_int_equal(diary.count, TER_PHASE_COUNT);
}

static void the_reason_is_told(void)
{
    struct diary diary = {.count = 0};

    ter_heap_on_collection(small.heap, write_down, &diary);
    assert_int_equal(allocate(MUCH), MUCH);
    if (never_collects())
        return;
    assert_true(diary.count > 0);
    assert_int_equal(diary.count % TER_PHASE_COUNT, 0);
    assert_int_equal(diary.events[TER_PHASE_ENDED].reason, TER_REASON_ALLOCATION);
    assert_int_equal(diary.events[TER_PHASE_ENDED].number, collections());
}

FOR_EACH_PLAN(figures, "", each_point_has_its_figures)
FOR_EACH_PLAN(reasons, "", the_reason_is_told)

static void reasons_have_names(void **state)
{
    (void)state;
    assert_string_equal(ter_collection_reason_name(TER_REASON_ALLOCATION), "heap full");
    assert_string_equal(ter_collection_reason_name(TER_REASON_STRESS), "stress");
    assert_string_equal(ter_collection_reason_name(TER_REASON_COUNT), "?");
}

/* ---- Misuse ---- */

struct caller {
    enum ter_phase phase;
    void (*call)(void);
};

static void tell_somebody_else(void)
{
    ter_heap_on_collection(small.heap, NULL, NULL);
}

static void allocate_one(void)
{
    ter_allocate(small.mutator, TER_KIND_NORMAL, 3000);
}

static void call_at(void *context, const struct ter_collection_event *event)
{
    const struct caller *caller = context;

    if (event->phase == caller->phase)
        caller->call();
}

static void collect_and_call(void *caller)
{
    small_heap_init(&small, "");
    ter_heap_on_collection(small.heap, call_at, caller);
    ter_collect(small.mutator);
}

static void callers_die(void **state)
{
    struct caller caller = {.phase = TER_PHASE_ENDED, .call = tell_somebody_else};

    (void)state;
    test_dies(collect_and_call, &caller, "terrier: ter_heap_on_collection: ");
    caller.phase = TER_PHASE_STOPPED;
    test_dies(collect_and_call, &caller, "terrier: ter_heap_on_collection: ");
    caller.call = allocate_one;
    test_dies(collect_and_call, &caller, "terrier: ter_allocate: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nested),
        cmocka_unit_test(asked_for),
        cmocka_unit_test(elsewhere),
        cmocka_unit_test(stressed),
        cmocka_unit_test(full),
        cmocka_unit_test(weak_words),
        cmocka_unit_test(kept_words),
        cmocka_unit_test(held_words),
        cmocka_unit_test(finalizers),
        cmocka_unit_test(guarded),
        cmocka_unit_test(figures),
        cmocka_unit_test(reasons),
        cmocka_unit_test(reasons_have_names),
        cmocka_unit_test(callers_die),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
