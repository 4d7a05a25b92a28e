/* SPDX-License-Identifier: MIT */
/*
 * Heaps are values: several with different layouts, maps and plans live side by side, unknown to
 * each other, come and go in any order, and leave nothing behind.
 */
#include "heap/heap.h"

#include <pthread.h>

#include <terrier/terrier.h>

#include "small_heap.h"
#include "support.h"

static const char *const sorts[] = {
    "",
    "layout=small,sft_map=dense",
    "layout=32bit",
    "layout=32bit,plan=no-gc",
    "layout=small,sft_map=sparse,stress=100",
    "plan=no-gc,sft_map=dense",
};

#define SORTS TER_ARRAY_LENGTH(sorts)
#define LENGTH 50u

struct member {
    struct small_heap small;
    bool alive;
    uintptr_t start;
    size_t bytes;
};

static void open_heap(struct member *member, size_t sort)
{
    small_heap_init(&member->small, sorts[sort]);
    member->alive = true;
    member->start = member->small.heap->collector.arena.layout.heap_start;
    member->bytes = ter_layout_heap_bytes(&member->small.heap->collector.arena.layout);
}

static void close_heap(struct member *member)
{
    small_heap_fini(&member->small);
    member->alive = false;
    assert_null(ter_heap_of_word(member->start));
    /* What is parked for the next heap is nobody's. */
    ter_os_set_parking(false);
    assert_false(test_is_mapped(member->start, member->bytes));
    ter_os_set_parking(true);
}

/* A list in one heap whose elements also refer to objects of another. */
static TER_NOINLINE void work(struct member *members, size_t one, size_t other)
{
    struct member *here = &members[one], *there = &members[other];
    void **list;

    here->small.roots[0] =
        small_heap_list(&here->small, TER_KIND_NORMAL, LENGTH, 4 * sizeof(void *));
    small_heap_list(&here->small, TER_KIND_ATOMIC, 3, 30000);
    if (there->alive)
        for (list = here->small.roots[0]; list != NULL; list = list[0])
            list[2] = there->small.roots[0];
}

static void check_heaps(const struct member *members)
{
    for (size_t i = 0; i < SORTS; i++) {
        void *head = members[i].alive ? members[i].small.roots[0] : NULL;

        if (head == NULL)
            continue;
        small_heap_check_list(&members[i].small, head, LENGTH);
        assert_ptr_equal(ter_heap_of_word((uintptr_t)head + 5), members[i].small.heap);
        for (size_t k = 0; k < SORTS; k++)
            if (k != i && members[k].alive) {
                struct ter_heap *other = members[k].small.heap;

                assert_int_equal(ter_heap_find(other, (uintptr_t)head).bits, 0);
                assert_true(ter_sft_is_empty(ter_heap_owner(other, (uintptr_t)head)));
            }
    }
}

static void live_side_by_side(struct ter_random *random)
{
    struct member members[SORTS] = {0};

    for (unsigned step = 0; step < test_iterations(300); step++) {
        size_t i = test_below(random, SORTS);

        if (!members[i].alive)
            open_heap(&members[i], i);
        else if (test_below(random, 20) == 0)
            close_heap(&members[i]);
        else if (test_below(random, 4) == 0)
            ter_collect(members[i].small.mutator);
        else
            work(members, i, test_below(random, SORTS));
        if (step % 16 == 0)
            check_heaps(members);
    }
    for (size_t i = 0; i < SORTS; i++)
        if (members[i].alive)
            close_heap(&members[i]);
}

static void heaps_come_and_go(void **state)
{
    struct ter_random random = test_random();
    size_t before;

    (void)state;
    live_side_by_side(&random); /* the C library takes what it keeps */
    before = test_count_mappings("");
    live_side_by_side(&random);
    assert_int_equal(test_count_mappings("terrier:"), 0);
    if (!TER_HAS_SANITIZER)
        assert_int_equal(test_count_mappings(""), before);
}

/* From an object that is kept in one heap to a list in the other. */
static TER_NOINLINE void make_reference(struct member *members)
{
    members[0].small.roots[0] = small_heap_list(&members[0].small, TER_KIND_NORMAL, 1, 64);
    ((void **)members[0].small.roots[0])[2] =
        small_heap_list(&members[1].small, TER_KIND_NORMAL, 1000, 64);
}

/* What one heap's objects refer to in another keeps nothing there. */
static void references_between_heaps_keep_nothing(void **state)
{
    struct member members[2] = {0};
    uint64_t live;

    (void)state;
    open_heap(&members[0], 1);
    open_heap(&members[1], 4); /* high up, where no small number looks like a reference */
    make_reference(members);
    small_heap_collect_now(&members[0].small);
    small_heap_collect_now(&members[1].small);
    live = small_heap_statistics(&members[1].small).live_objects;
    assert_true(live < 100);
    assert_true(small_heap_statistics(&members[0].small).live_objects >= 1);
    close_heap(&members[1]);
    close_heap(&members[0]);
}

/* Under no-gc what was allocated stays, up to the limit of the heap, and then memory is out. */
static void no_gc_never_collects(void **state)
{
    struct small_heap small;
    size_t count = 0;

    (void)state;
    small_heap_init(&small, "plan=no-gc,heap_max=4M");
    while (ter_allocate(small.mutator, TER_KIND_NORMAL, 1000) != NULL)
        count++;
    assert_true(count > 3500 && count <= TER_MIB(4) / 1000);
    assert_null(ter_allocate(small.mutator, TER_KIND_NORMAL, 100000));
    ter_collect(small.mutator);
    assert_int_equal(small_heap_statistics(&small).collections, 0);
    assert_null(ter_allocate(small.mutator, TER_KIND_NORMAL, 1000));
    small_heap_fini(&small);
}

static void *allocate_one(void *heap)
{
    struct ter_mutator *mutator;

    assert_int_equal(ter_mutator_bind(heap, &mutator), TER_OK);
    assert_non_null(ter_allocate(mutator, TER_KIND_ATOMIC, 64));
    ter_mutator_unbind(mutator);
    return NULL;
}

/* What a thread left of its block is there for others, also when the heap may grow no more. */
static void no_gc_uses_what_threads_left(void **state)
{
    struct small_heap small;
    pthread_t thread;

    (void)state;
    small_heap_init(&small, "plan=no-gc,heap_max=1M");
    assert_int_equal(pthread_create(&thread, NULL, allocate_one, small.heap), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    while (ter_allocate(small.mutator, TER_KIND_NORMAL, 1000) != NULL)
        ;
    for (unsigned i = 0; i < 3; i++)
        assert_non_null(ter_allocate(small.mutator, TER_KIND_ATOMIC, 8192));
    assert_null(ter_allocate(small.mutator, TER_KIND_ATOMIC, 8192));
    small_heap_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heaps_come_and_go),
        cmocka_unit_test(references_between_heaps_keep_nothing),
        cmocka_unit_test(no_gc_never_collects),
        cmocka_unit_test(no_gc_uses_what_threads_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
