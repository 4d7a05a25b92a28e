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
        cmocka_unit_test(nested),      cmocka_unit_test(asked_for),
        cmocka_unit_test(elsewhere),   cmocka_unit_test(stressed),
        cmocka_unit_test(full),        cmocka_unit_test(figures),
        cmocka_unit_test(reasons),     cmocka_unit_test(reasons_have_names),
        cmocka_unit_test(callers_die),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
