/* SPDX-License-Identifier: MIT */
/* Heaps: life, two at once, what is kept and what goes, limits, growth, misuse. */
#include "heap/heap.h"
#include "small_heap.h"

SMALL_HEAP_FIXTURE(small, "")

/* ---- Life ---- */

static void nothing_stays_after_free(void **state)
{
    size_t before = 0, after;

    (void)state;
    /* The first round lets the C library take what it keeps. */
    for (unsigned round = 0; round < 3; round++) {
        uintptr_t start;
        size_t bytes;

        before = round == 1 ? test_count_mappings("") : before;
        assert_int_equal(test_count_mappings("terrier:"), 0);
        small_heap_init(&small, "");
        start = small.heap->collector.arena.layout.heap_start;
        bytes = ter_layout_heap_bytes(&small.heap->collector.arena.layout);
        small.roots[0] = small_heap_list(&small, TER_KIND_NORMAL, 1000, 100);
        small.roots[1] = small_heap_list(&small, TER_KIND_UNCOLLECTABLE, 10, 100);
        small.roots[2] = small_heap_list(&small, TER_KIND_ATOMIC, 10, 20000);
        small_heap_collect(&small);
        assert_ptr_equal(ter_heap_of_word(start), small.heap);
        assert_true(test_is_mapped(start, bytes));
        small_heap_fini(&small);
        assert_null(ter_heap_of_word(start));
        assert_false(test_is_mapped(start, bytes));
        assert_int_equal(test_count_mappings("terrier:"), 0);
    }
    after = test_count_mappings("");
    if (!TER_HAS_SANITIZER)
        assert_int_equal(after, before);
}

/* Every refused call: a status, and nothing left behind. */
static void refused_heaps(void **state)
{
    struct ter_options options;
    uint64_t failed = 1;

    (void)state;
    ter_options_init(&options);
    options.log = 0;
    snprintf(options.report, sizeof options.report, "json");
    snprintf(options.report_file, sizeof options.report_file, "/dev/null");
    for (uint64_t k = 0; failed != 0; k++) {
        struct ter_heap *heap = NULL;
        ter_status status;

        test_fail_calls(TEST_ALL_CALLS, k, TEST_FOR_EVER);
        status = ter_heap_new(&options, &heap);
        test_stop_failing(&failed);
        assert_int_equal(status == TER_OK, failed == 0);
        if (status == TER_OK)
            ter_heap_free(heap);
        else
            assert_null(heap);
        assert_int_equal(test_count_mappings("terrier:"), 0);
    }
    snprintf(options.layout, sizeof options.layout, "no-such-layout");
    assert_int_equal(ter_heap_new(&options, &small.heap), TER_ERROR_INVALID);
    assert_int_equal(test_count_mappings("terrier:"), 0);
}

static void two_heaps_do_not_see_each_other(void **state)
{
    struct small_heap other;
    void *object, *alien;

    (void)state;
    small_heap_init(&other, "");
    object = ter_allocate(small.mutator, TER_KIND_NORMAL, 64);
    alien = ter_allocate(other.mutator, TER_KIND_NORMAL, 64);
    assert_ptr_equal(ter_heap_of_word((uintptr_t)object), small.heap);
    assert_ptr_equal(ter_heap_of_word((uintptr_t)alien + 63), other.heap);
    assert_int_equal(ter_heap_find(other.heap, (uintptr_t)object).bits, 0);
    assert_int_equal(ter_heap_find(small.heap, (uintptr_t)alien).bits, 0);
    assert_true(ter_sft_is_empty(ter_heap_owner(small.heap, (uintptr_t)alien)));
    assert_int_equal(ter_heap_owner(small.heap, (uintptr_t)object)->kind, TER_SPACE_MARK_SWEEP);
    assert_null(ter_heap_of_word(0));
    assert_null(ter_heap_of_word(UINTPTR_MAX));
    assert_null(ter_heap_of_word((uintptr_t)&other));
    /* What one heap's objects refer to in the other keeps nothing. */
    other.roots[0] = alien;
    *(void **)alien = object;
    small_heap_collect(&other);
    assert_int_equal(small_heap_statistics(&small).collections, 0);
    small_heap_fini(&other);
    assert_null(ter_heap_of_word((uintptr_t)alien));
    assert_ptr_equal(ter_heap_of_word((uintptr_t)object), small.heap);
}

static void the_directory_has_an_end(void **state)
{
    struct ter_options options;
    struct ter_heap *heaps[TER_MAX_HEAPS + 1];
    size_t count = 0;
    ter_status status;

    (void)state;
    ter_options_init(&options);
    snprintf(options.layout, sizeof options.layout, "%s", "32bit");
    options.log = 0;
    while ((status = ter_heap_new(&options, &heaps[count])) == TER_OK)
        assert_true(++count <= TER_MAX_HEAPS);
    /* 32-bit address spaces are full before. */
    assert_true(sizeof(uintptr_t) < 8 || status == TER_ERROR_FULL);
    for (size_t i = 0; i < count; i++) {
        uintptr_t start = heaps[i]->collector.arena.layout.heap_start;

        assert_ptr_equal(ter_heap_of_word(start), heaps[i]);
        ter_heap_free(heaps[i]);
        assert_null(ter_heap_of_word(start));
    }
    assert_int_equal(test_count_mappings("terrier:heap"), 0);
}

/* ---- What is kept and what goes ---- */

static TER_NOINLINE void make_things(uintptr_t *hidden)
{
    void **holder = ter_allocate(small.mutator, TER_KIND_ATOMIC, 64);
    void **interior = ter_allocate(small.mutator, TER_KIND_NORMAL, 3000);
    void *kept = ter_allocate(small.mutator, TER_KIND_ATOMIC, 500);
    void *dropped = ter_allocate(small.mutator, TER_KIND_NORMAL, 500);

    interior[300] = (char *)kept + 499;
    holder[0] = dropped;
    small.roots[0] = holder;
    small.roots[1] = (char *)interior + 2999;
    hidden[0] = test_hide(holder);
    hidden[1] = test_hide(interior);
    hidden[2] = test_hide(kept);
    hidden[3] = test_hide(dropped);
}

static TER_NOINLINE bool is_there(uintptr_t hidden)
{
    return ter_heap_find(small.heap, ~hidden).bits == ~hidden;
}

static void atomic_objects_keep_nothing(void **state)
{
    uintptr_t hidden[4];

    (void)state;
    make_things(hidden);
    for (size_t i = 0; i < 4; i++)
        assert_true(is_there(hidden[i]));
    small_heap_collect(&small);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(is_there(hidden[i]), i != 3);
    small.roots[0] = small.roots[1] = NULL;
    small_heap_collect(&small);
    for (size_t i = 0; i < 4; i++)
        assert_false(is_there(hidden[i]));
}

static TER_NOINLINE void make_uncollectable(uintptr_t *hidden, unsigned kind, size_t bytes)
{
    void **object = ter_allocate(small.mutator, kind, bytes);
    void *child = ter_allocate(small.mutator, TER_KIND_NORMAL, 40);

    object[2] = child;
    hidden[0] = test_hide(object);
    hidden[1] = test_hide(child);
}

static void uncollectable_objects_stay(void **state)
{
    static const size_t sizes[] = {40, 8192, 8193, 100000};

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(sizes); i++) {
        uintptr_t normal[2], atomic[2];

        make_uncollectable(normal, TER_KIND_UNCOLLECTABLE, sizes[i]);
        make_uncollectable(atomic, TER_KIND_ATOMIC_UNCOLLECTABLE, sizes[i]);
        small_heap_collect(&small);
        small_heap_collect(&small);
        assert_true(is_there(normal[0]) && is_there(normal[1]) && is_there(atomic[0]));
        assert_false(is_there(atomic[1]));
        ter_free(small.mutator, test_show(normal[0]));
        ter_free(small.mutator, test_show(atomic[0]));
        assert_false(is_there(normal[0]) || is_there(atomic[0]));
        small_heap_collect(&small);
        assert_false(is_there(normal[1]));
    }
}

static void stacks_and_added_ranges_are_roots(void **state)
{
    void *volatile on_stack = small_heap_list(&small, TER_KIND_NORMAL, 50, 64);
    void *words[4] = {NULL};
    void **range = malloc(sizeof words);

    (void)state;
    assert_non_null(range);
    range[1] = small_heap_list(&small, TER_KIND_NORMAL, 70, 64);
    range[3] = small_heap_list(&small, TER_KIND_NORMAL, 30, 64);
    assert_int_equal(ter_roots_add_range(small.heap, range, range + 4), TER_OK);
    small_heap_collect(&small);
    small_heap_check_list(&small, on_stack, 50);
    small_heap_check_list(&small, range[1], 70);
    small_heap_check_list(&small, range[3], 30);
    assert_int_equal(ter_roots_remove_range(small.heap, range + 1, range + 2), TER_OK);
    small_heap_collect(&small);
    small_heap_check_list(&small, range[3], 30);
    assert_in_range(small_heap_statistics(&small).live_objects, 80, 80 + 70 / 2);
    assert_int_equal(ter_roots_remove_range(small.heap, range, range + 4), TER_OK);
    free(range);
}

static void *static_root;

static void static_data_are_roots(void **state)
{
    struct ter_options options;
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    static uintptr_t hidden[1000];

    (void)state;
    ter_options_init(&options);
    assert_int_equal(ter_heap_new(&options, &heap), TER_OK);
    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    for (size_t i = 0; i < 1000; i++) {
        void **object = ter_allocate(mutator, TER_KIND_NORMAL, 64);

        *object = static_root;
        static_root = object;
        hidden[i] = test_hide(object);
    }
    ter_collect(mutator);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(ter_heap_find(heap, ~hidden[i]).bits, ~hidden[i]);
    static_root = NULL;
    ter_mutator_unbind(mutator);
    ter_heap_free(heap);
}

/* ---- Lists deeper and wider than the mark stack ---- */

static TER_NOINLINE void *make_wide(unsigned kind, size_t width, size_t length)
{
    void **volatile array = ter_allocate(small.mutator, kind, width * sizeof(void *));

    assert_non_null(array);
    for (size_t i = 0; i < width; i++)
        array[i] = small_heap_list(&small, TER_KIND_NORMAL, length, 32);
    return array;
}

static TER_NOINLINE void check_wide(void **array, size_t width, size_t length)
{
    for (size_t i = 0; i < width; i++)
        small_heap_check_list(&small, array[i], length);
}

static void an_overflowing_mark_stack_loses_nothing(void **state)
{
    const size_t width = 20000, length = 4, deep = 30000;
    uint64_t failed;

    (void)state;
    small.roots[0] = make_wide(TER_KIND_NORMAL, width, length);
    small.roots[1] = make_wide(TER_KIND_UNCOLLECTABLE, width / 2, length);
    small.roots[2] = small_heap_list(&small, TER_KIND_NORMAL, deep, 48);
    test_fail_calls(TEST_CALL(REALLOCATE), 0, TEST_FOR_EVER);
    small_heap_collect(&small);
    test_stop_failing(&failed);
    assert_true(failed > 0);
    assert_false(small.heap->collector.tracer.stack.overflowed);
    assert_in_range(small_heap_statistics(&small).live_objects, width * length * 3 / 2 + 2 + deep,
                    width * length * 3 / 2 + 2 + deep + SMALL_SLACK);
    check_wide(small.roots[0], width, length);
    check_wide(small.roots[1], width / 2, length);
    small_heap_check_list(&small, small.roots[2], deep);
    ter_free(small.mutator, small.roots[1]);
    memset(small.roots, 0, 3 * sizeof small.roots[0]);
    small_heap_collect(&small);
    small_heap_collect(&small);
    assert_true(small_heap_statistics(&small).live_objects <= 10 * SMALL_SLACK);
}

/* Wide arrays among what an overflow drops: looking for that overflows again. */
static TER_NOINLINE void *make_wide_of_wide(size_t narrow, size_t wide, size_t width)
{
    void **volatile array =
        ter_allocate(small.mutator, TER_KIND_NORMAL, (narrow + wide) * sizeof(void *));

    for (size_t i = 0; i < narrow; i++)
        array[i] = small_heap_list(&small, TER_KIND_NORMAL, 1, 32);
    for (size_t i = narrow; i < narrow + wide; i++)
        array[i] = make_wide(TER_KIND_NORMAL, width, 2);
    return array;
}

static void overflows_inside_overflows(void **state)
{
    const size_t narrow = 9000, wide = 3, width = 12000;
    void **array;

    (void)state;
    small.roots[0] = make_wide_of_wide(narrow, wide, width);
    test_fail_calls(TEST_CALL(REALLOCATE), 0, TEST_FOR_EVER);
    small_heap_collect(&small);
    test_stop_failing(NULL);
    assert_in_range(small_heap_statistics(&small).live_objects, 1 + narrow + wide * (1 + 2 * width),
                    1 + narrow + wide * (1 + 2 * width) + SMALL_SLACK);
    array = small.roots[0];
    for (size_t i = 0; i < narrow; i++)
        small_heap_check_list(&small, array[i], 1);
    for (size_t i = narrow; i < narrow + wide; i++)
        check_wide(array[i], width, 2);
}

/* ---- Limits ---- */

static TER_NOINLINE size_t fill_heap(size_t bytes)
{
    size_t count = 0;
    void **object;

    while ((object = ter_allocate(small.mutator, TER_KIND_NORMAL, bytes)) != NULL) {
        object[0] = small.roots[0];
        object[1] = (void *)count++;
        small.roots[0] = object;
        assert_true(count < 1000000);
    }
    return count;
}

static TER_NOINLINE void check_filled(size_t count)
{
    void **object = small.roots[0];

    while (count-- > 0) {
        assert_int_equal((uintptr_t)object[1], count);
        object = object[0];
    }
    assert_null(object);
}

/* Object by object, so that a word left on a stack keeps one of them at most. */
static TER_NOINLINE void drop_filled(void)
{
    void **object = small.roots[0];

    small.roots[0] = NULL;
    while (object != NULL) {
        void **next = object[0];

        object[0] = NULL;
        object = next;
    }
}

static void full_heap(const char *options, uint64_t most)
{
    static const size_t sizes[] = {16, 100, 3000, 8192, 9000, 70000};

    small_heap_init(&small, options);
    for (unsigned round = 0; round < 2; round++)
        for (size_t i = 0; i < TER_ARRAY_LENGTH(sizes); i++) {
            size_t count = fill_heap(sizes[i]);
            struct ter_statistics statistics = small_heap_statistics(&small);

            assert_true(count * sizes[i] <= most);
            /* Nothing was refused that would have fit, by far. */
            assert_true(count * sizes[i] * 2 >= most - 8 * 70000);
            assert_true(statistics.peak_used_bytes <= most);
            assert_true(statistics.heap_limit_bytes <= most);
            check_filled(count);
            drop_filled();
            test_clear_stack();
        }
    small_heap_fini(&small);
}

static void a_full_heap_refuses_and_recovers(void **state)
{
    (void)state;
    full_heap("heap_max=2M", TER_MIB(2));
    full_heap("heap_max=2M,heap_initial=16M", TER_MIB(2));
    full_heap("heap_max=3000000,stress=5000", 3000000);
}

static void large_limits_are_no_small_ones(void **state)
{
    struct small_heap large;

    (void)state;
    small_heap_init(&large, "heap_max=4294983680");
    assert_non_null(ter_allocate(large.mutator, TER_KIND_NORMAL, 1000000));
    small_heap_fini(&large);
}

static void impossible_sizes(void **state)
{
    const size_t sizes[] = {SIZE_MAX,     SIZE_MAX - 15,     SIZE_MAX / 2,       SIZE_MAX / 2 + 1,
                            SIZE_MAX - 1, SIZE_MAX - 0x1000, (SIZE_MAX >> 2) * 3};
    void *object = ter_allocate(small.mutator, TER_KIND_NORMAL, 100);

    (void)state;
    memset(object, 0x33, 100);
    for (size_t i = 0; i < TER_ARRAY_LENGTH(sizes); i++) {
        assert_null(ter_allocate(small.mutator, TER_KIND_NORMAL, sizes[i]));
        assert_null(ter_allocate(small.mutator, TER_KIND_ATOMIC_UNCOLLECTABLE, sizes[i]));
        assert_null(ter_reallocate(small.mutator, object, sizes[i]));
    }
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(((unsigned char *)object)[i], 0x33);
    assert_non_null(ter_allocate(small.mutator, TER_KIND_NORMAL, 0));
}

/* ---- Freeing and growing ---- */

/* Objects freed by hand are used again, also those of blocks that were full at the last sweep. */
static TER_NOINLINE uint64_t allocate_and_free_all(size_t count, size_t bytes)
{
    static void *objects[4000];

    for (size_t i = 0; i < count; i++) {
        objects[i] = ter_allocate(small.mutator, TER_KIND_UNCOLLECTABLE, bytes);
        assert_non_null(objects[i]);
        memset(objects[i], 0x11, bytes);
    }
    small_heap_collect(&small);
    for (size_t i = 0; i < count; i++)
        ter_free(small.mutator, objects[i]);
    return small_heap_statistics(&small).used_bytes;
}

static void freed_objects_are_used_again(void **state)
{
    uint64_t used, again;

    (void)state;
    for (size_t bytes = 16; bytes <= 8192; bytes *= 8) {
        used = allocate_and_free_all(2000, bytes);
        again = allocate_and_free_all(2000, bytes);
        assert_true(again <= used + 2 * TER_BYTES_IN_BLOCK);
    }
}

static void double_free(void *object)
{
    ter_free(small.mutator, object);
    ter_free(small.mutator, object);
}

static void free_interior(void *object)
{
    ter_free(small.mutator, (char *)object + 16);
}

static void free_alien(void *object)
{
    (void)object;
    ter_free(small.mutator, &small);
}

static void reallocate_freed(void *object)
{
    ter_free(small.mutator, object);
    (void)ter_reallocate(small.mutator, object, 7);
}

static void ask_size_of_nothing(void *object)
{
    (void)ter_object_bytes(small.heap, ter_object_at((uintptr_t)object + 1));
}

static void unknown_kind(void *object)
{
    (void)object;
    (void)ter_allocate(small.mutator, 15, 16);
}

static void free_bound_heap(void *object)
{
    (void)object;
    ter_heap_free(small.heap);
}

static void misuse_stops(void **state)
{
    (void)state;
    for (size_t bytes = 64; bytes <= 64000; bytes *= 1000) {
        void *object = ter_allocate(small.mutator, TER_KIND_NORMAL, bytes);
        char address[32];

        snprintf(address, sizeof address, "%p", object);
        test_dies(double_free, object, address);
        test_dies(double_free, object, "ter_free");
        test_dies(free_interior, object, "no object");
        test_dies(free_alien, object, "EMPTY");
        test_dies(reallocate_freed, object, "ter_reallocate");
        test_dies(ask_size_of_nothing, object, "ter_object_bytes");
        ter_free(small.mutator, object);
    }
    test_dies(unknown_kind, NULL, "kind 15");
    test_dies(free_bound_heap, NULL, "mutator");
}

static void trace_nothing(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    (void)context, (void)trace, (void)object, (void)bytes;
}

static void kinds_have_an_end(void **state)
{
    unsigned kind = 99, count = TER_KIND_ATOMIC_UNCOLLECTABLE + 1;

    (void)state;
    while (ter_kind_add(small.heap, trace_nothing, NULL, &kind) == TER_OK)
        assert_int_equal(kind, count++);
    assert_int_equal(count, TER_MAX_KINDS);
    assert_int_equal(ter_kind_add(small.heap, trace_nothing, NULL, &kind), TER_ERROR_FULL);
}

#define HEAP_TEST(test) cmocka_unit_test_setup_teardown(test, make_heap, free_heap)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_stays_after_free),
        cmocka_unit_test(refused_heaps),
        HEAP_TEST(two_heaps_do_not_see_each_other),
        cmocka_unit_test(the_directory_has_an_end),
        HEAP_TEST(atomic_objects_keep_nothing),
        HEAP_TEST(uncollectable_objects_stay),
        HEAP_TEST(stacks_and_added_ranges_are_roots),
        cmocka_unit_test(static_data_are_roots),
        HEAP_TEST(an_overflowing_mark_stack_loses_nothing),
        HEAP_TEST(overflows_inside_overflows),
        cmocka_unit_test(a_full_heap_refuses_and_recovers),
        cmocka_unit_test(large_limits_are_no_small_ones),
        HEAP_TEST(impossible_sizes),
        HEAP_TEST(freed_objects_are_used_again),
        HEAP_TEST(misuse_stops),
        HEAP_TEST(kinds_have_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
