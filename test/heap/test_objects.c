/* SPDX-License-Identifier: MIT */
/* Objects through the public functions: growing, finalizers, visits, statistics. */
#include "small_heap.h"

SMALL_HEAP_FIXTURE(small, "")

/* ---- Sizes ---- */

static void every_small_size(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes <= 9000; bytes += 1 + bytes / 300) {
        unsigned char *object = ter_allocate(small.mutator, TER_KIND_NORMAL, bytes);
        size_t real = ter_object_bytes(small.heap, ter_object_at((uintptr_t)object));

        assert_int_equal((uintptr_t)object % 16, 0);
        assert_true(real >= bytes && real >= 16 && real % 16 == 0);
        assert_true(real <= bytes + bytes / 4 + 32);
        assert_int_equal(ter_heap_find(small.heap, (uintptr_t)object + real - 1).bits,
                         (uintptr_t)object);
        for (size_t i = 0; i < real; i++)
            assert_int_equal(object[i], 0);
        memset(object, 0xff, real);
    }
}

static TER_NOINLINE void check_reallocate(unsigned kind, size_t old, size_t bytes)
{
    unsigned char *object = ter_allocate(small.mutator, kind, old);
    unsigned char *moved;
    size_t real;

    for (size_t i = 0; i < old; i++)
        object[i] = (unsigned char)(i * 7);
    moved = ter_reallocate(small.mutator, object, bytes);
    assert_non_null(moved);
    for (size_t i = 0; i < ter_min(old, bytes); i++)
        assert_int_equal(moved[i], (unsigned char)(i * 7));
    real = ter_object_bytes(small.heap, ter_object_at((uintptr_t)moved));
    assert_true(real >= bytes);
    for (size_t i = bytes; i < real && kind == TER_KIND_NORMAL; i++)
        assert_int_equal(moved[i], 0);
    for (size_t i = old; i < bytes && kind == TER_KIND_NORMAL; i++)
        assert_int_equal(moved[i], 0);
    if (moved != object)
        assert_int_equal(ter_heap_find(small.heap, (uintptr_t)object).bits, 0);
}

static void reallocation(void **state)
{
    static const size_t sizes[] = {0,    1,    15,   16,    17,    100,   513,   4000,
                                   8191, 8192, 8193, 12288, 12289, 40000, 40960, 300000};

    (void)state;
    for (unsigned kind = TER_KIND_ATOMIC; kind <= TER_KIND_NORMAL; kind++)
        for (size_t i = 0; i < TER_ARRAY_LENGTH(sizes); i++)
            for (size_t j = 0; j < TER_ARRAY_LENGTH(sizes); j++)
                check_reallocate(kind, sizes[i], sizes[j]);
    assert_non_null(ter_reallocate(small.mutator, NULL, 100));
    ter_free(small.mutator, NULL);
}

/* ---- Finalizers ---- */

static uintptr_t finalized[64];
static size_t finalized_count;

static void note(void *object, void *data)
{
    assert_true(finalized_count < TER_ARRAY_LENGTH(finalized));
    assert_int_equal(ter_heap_find(small.heap, (uintptr_t)object).bits, (uintptr_t)object);
    finalized[finalized_count++] = (uintptr_t)data;
}

/* A chain of ten, each finalized before what it refers to. */
static TER_NOINLINE void make_chain(void)
{
    void **next = NULL;

    for (size_t i = 10; i-- > 0;) {
        void **object = ter_allocate(small.mutator, TER_KIND_NORMAL, 64);

        object[3] = next;
        next = object;
        assert_int_equal(ter_finalizer_set(small.heap, object, note, (void *)(i + 1)), TER_OK);
    }
}

static void finalizers_run_in_order(void **state)
{
    (void)state;
    finalized_count = 0;
    make_chain();
    assert_int_equal(small_heap_statistics(&small).finalizers_waiting, 10);
    for (size_t i = 0; i < 30 && finalized_count < 10; i++) {
        test_clear_stack();
        small_heap_collect(&small);
        assert_int_equal(small_heap_statistics(&small).finalizers_ready,
                         small_heap_statistics(&small).finalizers_found - finalized_count);
        ter_finalizers_run(small.heap);
    }
    assert_int_equal(finalized_count, 10);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(finalized[i], i + 1);
    assert_int_equal(small_heap_statistics(&small).finalizers_waiting, 0);
    assert_int_equal(small_heap_statistics(&small).finalizers_found, 10);
    assert_int_equal(ter_finalizers_run(small.heap), 0);
}

static TER_NOINLINE void set_and_drop(bool release, bool move, bool unset)
{
    for (size_t i = 0; i < 20; i++) {
        void *object = ter_allocate(small.mutator, TER_KIND_NORMAL, 48);

        assert_int_equal(ter_finalizer_set(small.heap, object, note, NULL), TER_OK);
        if (unset)
            assert_int_equal(ter_finalizer_set(small.heap, object, NULL, NULL), TER_OK);
        if (move)
            object = ter_reallocate(small.mutator, object, 500);
        if (release)
            ter_free(small.mutator, object);
    }
}

/* Objects that take the place of freed ones have no finalizers of theirs. */
static void freed_objects_have_no_finalizers(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        finalized_count = 0;
        set_and_drop(i == 0, i == 1, i == 2);
        assert_int_equal(small_heap_statistics(&small).finalizers_waiting, 0);
        small_heap_list(&small, TER_KIND_NORMAL, 40, 48);
        small_heap_collect(&small);
        small_heap_collect(&small);
        assert_int_equal(ter_finalizers_run(small.heap), 0);
        assert_int_equal(finalized_count, 0);
    }
}

static void finalizers_are_for_objects(void **state)
{
    char *object = ter_allocate(small.mutator, TER_KIND_NORMAL, 48);

    (void)state;
    assert_int_equal(ter_finalizer_set(small.heap, object + 16, note, NULL), TER_ERROR_INVALID);
    assert_int_equal(ter_finalizer_set(small.heap, NULL, note, NULL), TER_ERROR_INVALID);
    assert_int_equal(ter_finalizer_set(small.heap, &small, note, NULL), TER_ERROR_INVALID);
    test_fail_calls(TEST_ALL_CALLS, 0, TEST_FOR_EVER);
    assert_int_equal(ter_finalizer_set(small.heap, object, note, NULL), TER_ERROR_NO_MEMORY);
    test_stop_failing(NULL);
    assert_int_equal(small_heap_statistics(&small).finalizers_waiting, 0);
}

/* ---- Visits and statistics ---- */

struct visit {
    size_t objects, bytes;
};

static void visit_object(void *context, ter_object object, size_t bytes)
{
    struct visit *visit = context;

    assert_int_equal(ter_object_bytes(small.heap, object), bytes);
    visit->objects++;
    visit->bytes += bytes;
}

static void statistics_agree_with_visits(void **state)
{
    struct ter_statistics statistics;
    struct visit visit = {0, 0};

    (void)state;
    small.roots[0] = small_heap_list(&small, TER_KIND_NORMAL, 1000, 96);
    small.roots[1] = small_heap_list(&small, TER_KIND_UNCOLLECTABLE, 100, 160);
    small.roots[2] = small_heap_list(&small, TER_KIND_NORMAL, 10, 32000);
    small.roots[3] = ter_allocate(small.mutator, TER_KIND_ATOMIC, 5000);
    small_heap_collect(&small);
    ter_heap_for_each_object(small.heap, visit_object, &visit);
    statistics = small_heap_statistics(&small);
    assert_int_equal(visit.objects, 1111);
    assert_int_equal(statistics.live_objects, visit.objects);
    assert_int_equal(statistics.live_bytes, visit.bytes);
    assert_true(statistics.used_bytes >= statistics.live_bytes);
    assert_true(statistics.mapped_bytes >= statistics.used_bytes);
    assert_true(statistics.allocated_bytes >= statistics.live_bytes);
    assert_true(statistics.peak_used_bytes >= statistics.used_bytes);
    assert_true(statistics.heap_limit_bytes >= statistics.used_bytes);
    assert_int_equal(statistics.root_bytes, SMALL_ROOTS * sizeof(void *));
    assert_true(statistics.collections_requested == 1);
    assert_true(statistics.collections ==
                statistics.collections_requested + statistics.collections_heap_full);
    assert_true(statistics.pause_median_ns <= statistics.pause_p95_ns);
    assert_true(statistics.pause_p95_ns <= statistics.pause_max_ns);
    assert_true(statistics.pause_max_ns <= statistics.pause_total_ns);
}

/* Callers built with an older, shorter struct get what they know. */
static void shorter_statistics(void **state)
{
    struct ter_statistics statistics;

    (void)state;
    memset(&statistics, 0x77, sizeof statistics);
    ter_heap_statistics(small.heap, &statistics, offsetof(struct ter_statistics, collections));
    assert_int_equal(statistics.struct_bytes, offsetof(struct ter_statistics, collections));
    assert_int_equal(statistics.version, TER_STATISTICS_VERSION);
    assert_true(statistics.collections == UINT64_C(0x7777777777777777));
    ter_heap_statistics(small.heap, &statistics, sizeof statistics + 100);
    assert_int_equal(statistics.struct_bytes, sizeof statistics);
}

static void allocation_is_counted(void **state)
{
    uint64_t before;

    (void)state;
    small_heap_collect(&small);
    before = small_heap_statistics(&small).allocated_bytes;
    small_heap_list(&small, TER_KIND_ATOMIC, 1000, 64);
    small_heap_list(&small, TER_KIND_ATOMIC, 10, 16384);
    small_heap_collect(&small);
    assert_true(small_heap_statistics(&small).allocated_bytes - before == 1000 * 64 + 10 * 16384);
}

#define HEAP_TEST(test) cmocka_unit_test_setup_teardown(test, make_heap, free_heap)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HEAP_TEST(every_small_size),           HEAP_TEST(reallocation),
        HEAP_TEST(finalizers_run_in_order),    HEAP_TEST(freed_objects_have_no_finalizers),
        HEAP_TEST(finalizers_are_for_objects), HEAP_TEST(statistics_agree_with_visits),
        HEAP_TEST(shorter_statistics),         HEAP_TEST(allocation_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
