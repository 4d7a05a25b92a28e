/* SPDX-License-Identifier: MIT */
/*
 * What a collection calls: every phase once and in order, in every record that was added; and what
 * of its time is the pause.
 */
#include "heap/heap.h"

#include <time.h>

#include "small_heap.h"

#define SLEEP_NS UINT64_C(20000000)

struct listener {
    struct ter_callbacks callbacks;
    unsigned passed[TER_PHASE_COUNT + 1];
    size_t count;
    enum ter_phase sleeps_in;
    struct ter_collection collection;
    bool forbids;
    struct listener *before; /* is called first */
};

static void sleep_some(void)
{
    const struct timespec time = {0, (long)SLEEP_NS};

    nanosleep(&time, NULL);
}

static void passed(void *context, const struct ter_passage *passage)
{
    struct listener *listener = context;

    assert_in_range(listener->count, 0, TER_PHASE_COUNT);
    if (listener->before != NULL)
        assert_int_equal(listener->before->count, listener->count + 1);
    listener->passed[listener->count++] = passage->phase;
    if (passage->phase == listener->sleeps_in)
        sleep_some();
    if (passage->phase == TER_PHASE_ENDED)
        listener->collection = *passage->collection;
}

static bool allowed(void *context, enum ter_collection_reason reason)
{
    const struct listener *listener = context;

    assert_int_equal(reason, TER_REASON_REQUEST);
    return !listener->forbids;
}

static void listen(struct listener *listener, struct small_heap *small)
{
    memset(listener, 0, sizeof *listener);
    listener->callbacks =
        (struct ter_callbacks){.allowed = allowed, .passed = passed, .context = listener};
    listener->sleeps_in = TER_PHASE_COUNT;
    ter_callbacks_add(&small->heap->collector.callbacks, &listener->callbacks);
}

static void phases_come_in_order(void **state)
{
    struct listener first, second;
    struct small_heap small;

    (void)state;
    small_heap_init(&small, "");
    listen(&first, &small);
    listen(&second, &small);
    second.before = &first;
    small_heap_collect(&small);
    assert_int_equal(second.count, TER_PHASE_COUNT);
    for (unsigned phase = 0; phase < TER_PHASE_COUNT; phase++)
        assert_int_equal(second.passed[phase], phase);
    small_heap_fini(&small);
}

static void all_must_allow_it(void **state)
{
    struct listener first, second;
    struct small_heap small;

    (void)state;
    small_heap_init(&small, "");
    listen(&first, &small);
    listen(&second, &small);
    second.forbids = true;
    small_heap_collect(&small);
    assert_int_equal(first.count, 0);
    assert_int_equal(small_heap_statistics(&small).collections, 0);
    second.forbids = false;
    small_heap_collect(&small);
    assert_int_equal(small_heap_statistics(&small).collections, 1);
    small_heap_fini(&small);
}

/* While the other threads stand, and after they may run again. */
static void the_pause_ends_when_threads_may_run(void **state)
{
    static const struct {
        enum ter_phase phase;
        bool in_pause, in_marking;
    } rows[] = {
        {TER_PHASE_STOPPED, true, true},
        {TER_PHASE_MARKED, true, true},
        {TER_PHASE_RELEASED, true, false},
        {TER_PHASE_RESUMED, false, false},
    };

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(rows); i++) {
        struct ter_statistics statistics;
        const struct ter_collection *collection;
        struct listener listener;
        struct small_heap small;

        small_heap_init(&small, "");
        listen(&listener, &small);
        listener.sleeps_in = rows[i].phase;
        small_heap_collect(&small);
        collection = &listener.collection;
        assert_true(collection->total_ns >= collection->pause_ns + !rows[i].in_pause * SLEEP_NS);
        assert_int_equal(collection->pause_ns, collection->mark_ns + collection->sweep_ns);
        assert_int_equal(collection->pause_ns >= SLEEP_NS, rows[i].in_pause);
        assert_int_equal(collection->mark_ns >= SLEEP_NS, rows[i].in_marking);
        statistics = small_heap_statistics(&small);
        assert_int_equal(statistics.pause_total_ns, collection->pause_ns);
        assert_int_equal(statistics.pause_max_ns, collection->pause_ns);
        assert_int_equal(statistics.collection_total_ns, collection->total_ns);
        assert_int_equal(statistics.collection_max_ns, collection->total_ns);
        small_heap_fini(&small);
    }
}

/* Freeing what was dead in malloc's memory comes after the pause. */
static void what_is_freed_later_is_no_pause(void **state)
{
    struct listener listener;
    struct small_heap small;

    (void)state;
    small_heap_init(&small, "objects=malloc");
    for (size_t i = 0; i < 20000; i++)
        assert_non_null(ter_allocate(small.mutator, TER_KIND_ATOMIC, 64));
    listen(&listener, &small);
    small_heap_collect(&small);
    assert_true(listener.collection.total_ns > listener.collection.pause_ns);
    small_heap_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phases_come_in_order),
        cmocka_unit_test(all_must_allow_it),
        cmocka_unit_test(the_pause_ends_when_threads_may_run),
        cmocka_unit_test(what_is_freed_later_is_no_pause),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
