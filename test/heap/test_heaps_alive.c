/* SPDX-License-Identifier: MIT */
/* Hundreds of heaps at once: found by any word, made and ended by several threads, over a fork;
 * cheap. */
#include "heap/heap.h"
#include "small_heap.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAPS 200u
#define KEPT 20u

struct member {
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    uintptr_t **kept; /* KEPT objects that say whose they are */
};

/* What the heaps of a test are like. */
static const char *wishes = "";

/* A layout that fits as often as is wanted, where there are not that many places of the usual one.
 */
static void read_options(struct ter_options *options)
{
    ter_options_init(options);
    options->scan_program = options->scan_libraries = 0;
    options->log = 0;
    assert_int_equal(ter_options_parse(options, wishes, NULL, 0), TER_OK);
    if (TER_HAS_SANITIZER)
        snprintf(options->layout, sizeof options->layout, "custom:start=0:extent=64M:slots=4");
}

static size_t heaps_here(void)
{
    if (sizeof(uintptr_t) < 8)
        return 2;
    if (TER_HAS_TSAN)
        return 30; /* a fork takes two locks of each, and it knows 64 that a thread has at once */
    return TER_HAS_SANITIZER || test_is_emulated() ? 40 : HEAPS;
}

static void open_member(struct member *member, uintptr_t number)
{
    struct ter_options options;

    read_options(&options);
    assert_int_equal(ter_heap_new(&options, &member->heap), TER_OK);
    assert_int_equal(ter_mutator_bind(member->heap, &member->mutator), TER_OK);
    member->kept = ter_allocate(member->mutator, TER_KIND_UNCOLLECTABLE, KEPT * sizeof(void *));
    for (unsigned i = 0; i < KEPT; i++) {
        member->kept[i] = ter_allocate(member->mutator, TER_KIND_NORMAL, i % 4 == 3 ? 20000 : 64);
        *member->kept[i] = number;
    }
}

static void check_member(const struct member *member, uintptr_t number)
{
    const struct ter_layout *layout = &member->heap->collector.arena.layout;
    uintptr_t last = layout->heap_start + ter_layout_heap_bytes(layout) - 1;

    for (unsigned i = 0; i < 100; i++)
        assert_non_null(ter_allocate(member->mutator, TER_KIND_NORMAL, 200));
    ter_collect(member->mutator);
    for (unsigned i = 0; i < KEPT; i++) {
        assert_int_equal(*member->kept[i], number);
        assert_ptr_equal(ter_heap_of_word((uintptr_t)member->kept[i]), member->heap);
    }
    assert_ptr_equal(ter_heap_of_word(layout->heap_start), member->heap);
    assert_ptr_equal(ter_heap_of_word(last), member->heap);
    assert_ptr_not_equal(ter_heap_of_word(layout->heap_start - 1), member->heap);
    assert_ptr_not_equal(ter_heap_of_word(last + 1), member->heap);
}

static void end_member(const struct member *member)
{
    ter_mutator_unbind(member->mutator);
    ter_heap_free(member->heap);
}

/* Where no other thread may take the place at once. */
static void close_member(const struct member *member)
{
    uintptr_t word = (uintptr_t)member->kept;

    end_member(member);
    assert_null(ter_heap_of_word(word));
}

static struct member members[HEAPS];

static void many_are_alive(void **state)
{
    const size_t count = heaps_here(), before = test_count_mappings("terrier:");

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < count; i++)
            open_member(&members[i], i);
        for (size_t i = 0; i < count; i++)
            check_member(&members[i], i);
        /* Every third, and others come in their places. */
        for (size_t i = 0; i < count; i += 3)
            close_member(&members[i]);
        for (size_t i = 0; i < count; i += 3)
            open_member(&members[i], i);
        for (size_t i = 0; i < count; i++)
            check_member(&members[i], i);
        for (size_t i = count; i > 0; i--)
            close_member(&members[i - 1]);
        assert_int_equal(test_count_mappings("terrier:"), before);
        assert_int_equal(ter_directory_count(), 0);
    }
}

static const char *const plan_wishes[] = {
#define WISHES(identifier, name, ...) "stacks=exact,plan=" name,
    TER_PLANS(WISHES)
#undef WISHES
};

static void many_are_alive_under_every_plan(void **state)
{
    for (size_t i = 0; i < sizeof plan_wishes / sizeof *plan_wishes; i++) {
        wishes = plan_wishes[i];
        many_are_alive(state);
    }
    wishes = "";
}

/* Where each object takes calls of the system, fewer do. */
static unsigned so_many(const struct member *member)
{
    if (member->heap->collector.spaces[0].space->policy->own_pages)
        return 50;
    return TER_HAS_SANITIZER || test_is_emulated() ? 200 : 10000;
}

/* A thousand objects each, while another heap lives. */
static void ten_thousand_in_turn(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof plan_wishes / sizeof *plan_wishes; i++) {
        unsigned count;

        wishes = plan_wishes[i];
        open_member(&members[0], 0);
        count = so_many(&members[0]);
        for (unsigned k = 1; k <= count; k++) {
            open_member(&members[1], k);
            for (unsigned object = 0; object < 1000; object++) {
                uintptr_t *words = ter_allocate(members[1].mutator, TER_KIND_NORMAL, 32);

                assert_non_null(words);
                assert_true((words[0] | words[1] | words[2] | words[3]) == 0);
                words[0] = words[3] = k;
            }
            assert_int_equal(*members[1].kept[0], k);
            close_member(&members[1]);
        }
        check_member(&members[0], 0);
        close_member(&members[0]);
    }
    wishes = "";
}

/* The same program gets the same addresses again. */
static void places_repeat(void **state)
{
    uintptr_t starts[3] = {0};

    (void)state;
    if (sizeof(uintptr_t) < 8 || TER_HAS_SANITIZER)
        skip(); /* the system chooses */
    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < 3; i++)
            open_member(&members[i], i);
        for (size_t i = 0; i < 3; i++) {
            uintptr_t start = members[i].heap->collector.arena.layout.heap_start;

            assert_true(round == 0 || start == starts[i]);
            starts[i] = start;
        }
        for (size_t i = 0; i < 3; i++)
            close_member(&members[i]);
    }
}

/* ---- What a heap takes ---- */

static size_t resident_and_mapped(size_t *mapped)
{
    FILE *file = fopen("/proc/self/statm", "r");
    size_t pages = 0, resident = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%zu %zu", &pages, &resident), 2);
    fclose(file);
    *mapped = pages * (size_t)sysconf(_SC_PAGESIZE);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void a_heap_takes_little(void **state)
{
    size_t mapped_before, mapped, resident, resident_before;

    (void)state;
    if (sizeof(uintptr_t) < 8 || TER_HAS_SANITIZER || test_is_emulated())
        skip(); /* what lies there is reserved, or not known */
    for (size_t i = 0; i < 4; i++)
        open_member(&members[i], i);
    resident_before = resident_and_mapped(&mapped_before);
    for (size_t i = 4; i < HEAPS; i++)
        open_member(&members[i], i);
    resident = resident_and_mapped(&mapped);
    print_message("%zu KiB of addresses, %zu KiB of memory a heap\n",
                  ((mapped - mapped_before) / (HEAPS - 4)) >> 10,
                  ((resident - resident_before) / (HEAPS - 4)) >> 10);
    assert_true(mapped - mapped_before < (HEAPS - 4) * TER_MIB(4));
    assert_true(resident - resident_before < (HEAPS - 4) * TER_MIB(1));
    for (size_t i = 0; i < HEAPS; i++)
        close_member(&members[i]);
}

/* ---- Threads ---- */

static void *open_and_close(void *argument)
{
    struct member *own = argument;

    for (unsigned round = 0; round < 5; round++) {
        for (size_t i = 0; i < 8; i++)
            open_member(&own[i], i);
        for (size_t i = 0; i < 8; i++)
            check_member(&own[i], i);
        for (size_t i = 0; i < 8; i++)
            end_member(&own[i]);
    }
    return NULL;
}

static void threads_open_and_close(void **state)
{
    pthread_t threads[4];

    (void)state;
    if (sizeof(uintptr_t) < 8)
        skip(); /* there is no room for so many */
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_and_close, &members[8 * i]), 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(ter_directory_count(), 0);
}

/* ---- Fork ---- */

static void use_in_child(void *context)
{
    size_t count = *(size_t *)context;

    for (size_t i = 0; i < count; i++)
        check_member(&members[i], i);
    if (TER_HAS_TSAN)
        return; /* it takes locks that the fork made anew for locked ones */
    for (size_t i = 0; i < count; i += 2)
        close_member(&members[i]);
    for (size_t i = 0; i < count; i += 2)
        open_member(&members[i], i);
    for (size_t i = 0; i < count; i++)
        check_member(&members[i], i);
}

static void a_child_has_them_all(void **state)
{
    size_t count = heaps_here();
    struct test_end end;

    (void)state;
    for (size_t i = 0; i < count; i++)
        open_member(&members[i], i);
    test_in_child(use_in_child, &count, &end);
    if (end.signal != 0 || end.code != 0)
        print_error("%s\n", end.text);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
    for (size_t i = 0; i < count; i++)
        check_member(&members[i], i);
    for (size_t i = 0; i < count; i++)
        close_member(&members[i]);
}

/* ---- The directory ---- */

static struct ter_heap *fake(unsigned number)
{
    return (struct ter_heap *)(uintptr_t)(number * 64);
}

/* Heaps that share a region of the directory, and some that have many. */
static void regions_are_shared(void **state)
{
    const uintptr_t base = (uintptr_t)1 << 30, mib = TER_MIB(1);

    (void)state;
    assert_int_equal(ter_directory_add(fake(1), base, 4 * mib, 4 * mib), TER_OK);
    assert_int_equal(ter_directory_add(fake(2), base + 4 * mib, mib, 4 * mib), TER_OK);
    assert_int_equal(ter_directory_add(fake(3), base + 64 * mib, 512 * mib, 512 * mib), TER_OK);
    assert_int_equal(ter_directory_add(fake(4), UINTPTR_MAX - mib + 1, mib, mib), TER_OK);
    assert_ptr_equal(ter_heap_of_word(base), fake(1));
    assert_ptr_equal(ter_heap_of_word(base + 4 * mib - 1), fake(1));
    assert_ptr_equal(ter_heap_of_word(base + 4 * mib), fake(2));
    assert_null(ter_heap_of_word(base + 5 * mib));
    assert_null(ter_heap_of_word(base + 64 * mib - 1));
    assert_ptr_equal(ter_heap_of_word(base + 575 * mib), fake(3));
    assert_null(ter_heap_of_word(base + 576 * mib));
    assert_ptr_equal(ter_heap_of_word(UINTPTR_MAX), fake(4));
    assert_null(ter_heap_of_word(UINTPTR_MAX - mib));
    assert_true(ter_directory_touches(base + 7 * mib, 1));
    assert_false(ter_directory_touches(base + 8 * mib, 56 * mib));
    assert_true(ter_directory_touches(base + 8 * mib, 56 * mib + 1));
    assert_true(ter_directory_touches(0, UINTPTR_MAX));
    ter_directory_remove(fake(1));
    assert_null(ter_heap_of_word(base));
    assert_ptr_equal(ter_heap_of_word(base + 4 * mib), fake(2));
    assert_ptr_equal(ter_heap_of_word(base + 65 * mib), fake(3));
    ter_directory_remove(fake(3));
    assert_ptr_equal(ter_heap_of_word(base + 4 * mib), fake(2));
    assert_null(ter_heap_of_word(base + 65 * mib));
    ter_directory_remove(fake(2));
    ter_directory_remove(fake(4));
    assert_null(ter_heap_of_word(UINTPTR_MAX));
    assert_int_equal(ter_directory_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions_are_shared),
        cmocka_unit_test(many_are_alive),
        cmocka_unit_test(many_are_alive_under_every_plan),
        cmocka_unit_test(ten_thousand_in_turn),
        cmocka_unit_test(places_repeat),
        cmocka_unit_test(a_heap_takes_little),
        cmocka_unit_test(threads_open_and_close),
        cmocka_unit_test(a_child_has_them_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
