/* SPDX-License-Identifier: MIT */
/* Windows and inline allocation; forms of allocation; memory that is out; memory elsewhere. */
#include "heap/heap.h"

#include <string.h>

#include "small_heap.h"

static struct small_heap small;

static void with_plans(const char *options, void (*test)(void))
{
    small_heap_with_plans(&small, options, test, NULL);
}

static struct ter_window *window_of(size_t bytes)
{
    return ter_window(small.mutator, TER_KIND_NORMAL, bytes);
}

/* ---- Windows ---- */

static void the_public_layout_is_the_heaps(void **state)
{
    (void)state;
    small_heap_init(&small, "");
    for (size_t bytes = 0; bytes <= TER_INLINE_MOST_BYTES; bytes++) {
        size_t index = bytes == 0 ? 0 : (bytes - 1) / 16;
        struct ter_window *window = window_of(bytes);

        assert_ptr_equal(window, ter_mutator_windows(small.mutator) +
                                     TER_KIND_NORMAL * TER_WINDOWS_OF_KIND + index);
        assert_int_equal(window->bytes, (index + 1) * 16);
    }
    assert_int_equal(window_of(TER_WINDOW_MOST_BYTES)->bytes, TER_WINDOW_MOST_BYTES);
    assert_null(window_of(TER_WINDOW_MOST_BYTES + 1));
    small_heap_fini(&small);
}

static void check_object(const unsigned char *object, size_t bytes)
{
    assert_non_null(object);
    assert_int_equal((uintptr_t)object % 16, 0);
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(object[i], 0);
    assert_ptr_equal((void *)ter_heap_find(small.heap, (uintptr_t)object + bytes / 2).bits, object);
}

static void fill_windows(void)
{
    static const size_t sizes[] = {1, 16, 32, 500, 600, 8192};

    for (size_t i = 0; i < TER_ARRAY_LENGTH(sizes); i++) {
        struct ter_window *window = window_of(sizes[i]);

        for (size_t n = 0; n < 1000; n++) {
            unsigned char *object = ter_allocate_fast(small.mutator, window);

            check_object(object, sizes[i]);
            memset(object, 0xa5, sizes[i]);
            if (n % 200 == 0)
                ter_collect(small.mutator);
        }
    }
}

static void windows_give_objects(void **state)
{
    (void)state;
    with_plans("", fill_windows);
    with_plans(",stress=50", fill_windows);
    with_plans(",objects=malloc", fill_windows);
}

/* Under every plan that has some: a call fills the window, and most objects come out of it. */
static void fill_at_once(void)
{
    static const size_t sizes[] = {16, 32, 200, 512};

    if (small_heap_has_own_pages(&small))
        return; /* its windows stay empty */
    for (size_t i = 0; i < TER_ARRAY_LENGTH(sizes); i++) {
        struct ter_window *window = window_of(sizes[i]);
        unsigned calls = 0;

        for (unsigned n = 0; n < 200; n++) {
            uintptr_t next = window->cursor;
            bool is_empty = next == window->limit;
            void *object = ter_allocate_fast(small.mutator, window);

            calls += is_empty;
            assert_true(is_empty || (uintptr_t)object == next);
            check_object(object, sizes[i]);
        }
        assert_in_range(calls, 1, 50);
    }
}

static void windows_are_filled(void **state)
{
    (void)state;
    with_plans("", fill_at_once);
}

struct pair {
    void *first, *second;
};

static void make_lists(void)
{
    for (unsigned list = 0; list < 8; list++) {
        struct pair *head = NULL;

        for (size_t n = 0; n < 2000; n++) {
            struct pair *pair = TER_NEW(small.mutator, TER_KIND_NORMAL, struct pair);

            check_object((unsigned char *)pair, sizeof *pair);
            TER_STORE(small.mutator, pair, pair->first, head);
            head = pair;
            small.roots[0] = head;
        }
        ter_collect(small.mutator);
        for (size_t n = 0; n < 2000; n++, head = head->first)
            assert_non_null(head);
        assert_null(head);
    }
    check_object(ter_allocate_inline(small.mutator, TER_KIND_NORMAL, 0), 1);
    check_object(ter_allocate_inline(small.mutator, TER_KIND_NORMAL, 100000), 100000);
}

static void objects_are_made_inline(void **state)
{
    (void)state;
    with_plans("", make_lists);
    with_plans(",stress=100", make_lists);
}

static void use_of_another_window(void *context)
{
    static struct ter_window window;

    (void)context;
    (void)ter_allocate_fast(small.mutator, &window);
}

static void window_of_no_kind(void *context)
{
    (void)context;
    (void)ter_window(small.mutator, 63, 16);
}

static void inline_without_kind(void *context)
{
    (void)context;
    (void)ter_allocate_inline(small.mutator, 4000, 16);
}

static void window_too_small(void *context)
{
    struct ter_kind_description description = {.name = "triple",
                                               .size = {.form = TER_SIZE_FIXED, .bytes = 24},
                                               .flags = TER_KIND_NO_SLOTS};
    unsigned kind;

    (void)context;
    assert_int_equal(ter_kind_define(small.heap, &description, &kind), TER_OK);
    assert_non_null(ter_window(small.mutator, kind, 24));
    (void)ter_window(small.mutator, kind, 16);
}

static void misuse_of_windows_stops(void **state)
{
    (void)state;
    small_heap_init(&small, "");
    test_dies(use_of_another_window, NULL, "another mutator");
    test_dies(window_of_no_kind, NULL, "kind 63");
    test_dies(inline_without_kind, NULL, "kind 4000");
    test_dies(window_too_small, NULL, "\"triple\" have 24 bytes, not 16");
    small_heap_fini(&small);
}

/* ---- Forms ---- */

static void align_all(void)
{
    static const size_t sizes[] = {0, 1, 24, 100, 3000, 8192, 20000};

    for (size_t alignment = 1; alignment <= 4096; alignment *= 2)
        for (size_t i = 0; i < TER_ARRAY_LENGTH(sizes); i++)
            for (unsigned n = 0; n < 5; n++) {
                void *object = ter_allocate_as(small.mutator, TER_KIND_NORMAL, sizes[i], alignment,
                                               TER_ALLOCATE_PLAIN);

                check_object(object, sizes[i]);
                assert_int_equal((uintptr_t)object % alignment, 0);
                assert_true(ter_object_bytes(small.heap, ter_object_at((uintptr_t)object)) >=
                            sizes[i]);
            }
}

static void objects_are_aligned(void **state)
{
    (void)state;
    with_plans("", align_all);
    with_plans(",stress=7", align_all);
    with_plans(",objects=malloc", align_all);
    with_plans(",heap_max=4M", align_all);
}

static void dirty_then_zeroed(void)
{
    for (unsigned n = 0; n < 300; n++) {
        unsigned char *object = ter_allocate(small.mutator, TER_KIND_ATOMIC, 48);

        memset(object, 0xff, 48);
        ter_free(small.mutator, object);
        object = ter_allocate_as(small.mutator, TER_KIND_ATOMIC, 48, 1, TER_ALLOCATE_ZEROED);
        check_object(object, 48);
        memset(object, 0xff, 48);
    }
}

static void memory_is_zeroed_when_asked_for(void **state)
{
    (void)state;
    with_plans("", dirty_then_zeroed);
}

static uint64_t collections(void)
{
    return small_heap_statistics(&small).collections;
}

/* Until a collection is due, and no further; what is refused is there after one. */
static void allocate_without_collecting(void)
{
    uint64_t before = collections();
    size_t refused = 0;

    for (size_t n = 0; n < 20000; n++) {
        void *object =
            ter_allocate_as(small.mutator, TER_KIND_ATOMIC, 1000, 1, TER_ALLOCATE_NO_COLLECT);

        if (object != NULL)
            continue;
        refused++;
        assert_int_equal(collections(), before);
        assert_non_null(ter_allocate(small.mutator, TER_KIND_ATOMIC, 1000));
        if (collections() == before)
            ter_collect(small.mutator);
        before = collections();
    }
    assert_int_equal(collections(), before);
    assert_int_equal(refused > 0, !small_heap_never_collects(&small));
}

static void no_collection_where_none_is_wanted(void **state)
{
    (void)state;
    with_plans("", allocate_without_collecting);
}

static void staying_and_remembered(void)
{
    struct ter_kind_description description = {
        .name = "cell",
        .layout =
            &(struct ter_object_layout){.element_bytes = sizeof(void *), .element = {.bitmap = 1}}};
    unsigned kind, count;

    assert_int_equal(ter_kind_define(small.heap, &description, &kind), TER_OK);
    count = small.heap->collector.allocator.kind_count;
    for (unsigned form = 0; form < 16; form++) {
        void *object = ter_allocate_as(small.mutator, kind, 32, 1, form);

        check_object(object, 32);
        assert_int_equal(ter_object_kind(small.heap, object), kind);
        if (!small.heap->collector.allocator.small[0]->policy->moves)
            assert_true(small.heap->collector.allocator.kind_count <= count + 1);
    }
    assert_string_equal(ter_kind_name(small.heap, count), "cell");
}

static void forms_are_kinds_to_nobody(void **state)
{
    (void)state;
    with_plans("", staying_and_remembered);
}

static void align_to_three(void *context)
{
    (void)context;
    (void)ter_allocate_as(small.mutator, TER_KIND_NORMAL, 16, 3, 0);
}

static void align_too_far(void *context)
{
    (void)context;
    (void)ter_allocate_as(small.mutator, TER_KIND_NORMAL, 16, 8192, 0);
}

static void alignments_are_checked(void **state)
{
    (void)state;
    small_heap_init(&small, "");
    test_dies(align_to_three, NULL, "power of two");
    test_dies(align_too_far, NULL, "8192");
    small_heap_fini(&small);
}

/* ---- Memory that is out ---- */

static unsigned asked;
static void *reserve;

static void *give_reserve(void *context, struct ter_mutator *mutator, unsigned kind, size_t bytes)
{
    assert_ptr_equal(context, &asked);
    assert_ptr_equal(mutator, small.mutator);
    assert_int_equal(kind, TER_KIND_ATOMIC);
    assert_true(bytes > 0);
    asked++;
    return reserve;
}

static void run_out(void)
{
    static char sentinel;

    reserve = &sentinel;
    asked = 0;
    assert_null(ter_allocate(small.mutator, TER_KIND_ATOMIC, 64 << 20));
    ter_heap_on_out_of_memory(small.heap, give_reserve, &asked);
    assert_ptr_equal(ter_allocate(small.mutator, TER_KIND_ATOMIC, 64 << 20), &sentinel);
    assert_ptr_equal(ter_allocate_as(small.mutator, TER_KIND_ATOMIC, 64 << 20, 4096, 0), &sentinel);
    assert_int_equal(asked, 2);
    assert_null(
        ter_allocate_as(small.mutator, TER_KIND_ATOMIC, 64 << 20, 1, TER_ALLOCATE_NO_COLLECT));
    assert_int_equal(asked, 2);
    assert_non_null(ter_allocate(small.mutator, TER_KIND_ATOMIC, 100));
}

/* Not inline: nothing of the list may stay in the frame of who collects then. */
static TER_NOINLINE size_t fill_with_a_list(struct ter_window *window)
{
    void **list = NULL, **object;
    size_t count = 0;

    while ((object = ter_allocate_fast(small.mutator, window)) != NULL) {
        *object = list;
        list = object;
        small.roots[0] = list;
        count++;
    }
    small.roots[0] = NULL;
    return count;
}

static void fill_small(void)
{
    struct ter_window *window = ter_window(small.mutator, TER_KIND_NORMAL, 64);
    size_t count = fill_with_a_list(window), again = 0;

    assert_true(count > (small_heap_has_own_pages(&small) ? 400 : 10000));
    small_heap_collect(&small);
    while (!small_heap_never_collects(&small) && again < count / 2 &&
           ter_allocate_fast(small.mutator, window) != NULL)
        again++;
    assert_true(small_heap_never_collects(&small) || again == count / 2);
}

static void the_heap_goes_on_without_memory(void **state)
{
    (void)state;
    with_plans(",heap_max=2M", run_out);
    with_plans(",heap_max=2M,objects=malloc", run_out);
    with_plans(",heap_max=2M", fill_small);
}

/* ---- Memory elsewhere ---- */

/* 2,000 objects of 32 bytes are nothing, but what hangs on them is 2 GB. */
static void press(void)
{
    uint64_t before = collections();

    for (unsigned n = 0; n < 2000; n++) {
        assert_non_null(TER_NEW(small.mutator, TER_KIND_ATOMIC, struct pair));
        ter_external_adjust(small.heap, 1 << 20);
        if (n % 8 == 7)
            ter_external_adjust(small.heap, -(8 << 20));
    }
    assert_int_equal(collections() > before + 10, !small_heap_never_collects(&small));
    before = collections();
    for (unsigned n = 0; n < 2000; n++)
        assert_non_null(TER_NEW(small.mutator, TER_KIND_ATOMIC, struct pair));
    assert_true(collections() <= before + 1 || small_heap_has_own_pages(&small));
}

static void memory_elsewhere_presses(void **state)
{
    (void)state;
    with_plans("", press);
    with_plans(",objects=malloc", press);
}

static void take_away_too_much(void *context)
{
    (void)context;
    ter_external_adjust(small.heap, -1);
}

static void what_was_not_added_is_not_taken_away(void **state)
{
    (void)state;
    small_heap_init(&small, "");
    test_dies(take_away_too_much, NULL, "than was added");
    small_heap_fini(&small);
}

/* ---- Versions ---- */

static void other_versions_are_refused(void **state)
{
    ter_status (*function)(const struct ter_options *, struct ter_heap **) = ter_heap_new;
    struct ter_heap *heap = NULL;

    (void)state;
    assert_int_equal(ter_heap_new_for(TER_ABI_VERSION + 1, NULL, &heap), TER_ERROR_INVALID);
    assert_null(heap);
    assert_int_equal(ter_heap_new_for(TER_ABI_VERSION, NULL, &heap), TER_OK);
    ter_heap_free(heap);
    assert_int_equal(function(NULL, &heap), TER_OK);
    ter_heap_free(heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_public_layout_is_the_heaps),
        cmocka_unit_test(windows_give_objects),
        cmocka_unit_test(windows_are_filled),
        cmocka_unit_test(objects_are_made_inline),
        cmocka_unit_test(misuse_of_windows_stops),
        cmocka_unit_test(objects_are_aligned),
        cmocka_unit_test(memory_is_zeroed_when_asked_for),
        cmocka_unit_test(no_collection_where_none_is_wanted),
        cmocka_unit_test(forms_are_kinds_to_nobody),
        cmocka_unit_test(alignments_are_checked),
        cmocka_unit_test(the_heap_goes_on_without_memory),
        cmocka_unit_test(memory_elsewhere_presses),
        cmocka_unit_test(what_was_not_added_is_not_taken_away),
        cmocka_unit_test(other_versions_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
