/* SPDX-License-Identifier: MIT */
/*
 * AddressSanitizer knows, where the library is built with it, which memory of a heap is no object
 * any more: a use of it is reported at the use. Each is made by a child, for every plan.
 */
#include "heap/heap.h"

#include <signal.h>
#include <sys/mman.h>

#include "small_heap.h"

/* Of its runtime; not called without it. */
extern int __asan_address_is_poisoned(const volatile void *address) __attribute__((weak));

static struct small_heap small;
static void *slots[4]; /* exact roots */
static const char *plan;

static void make_heap(const char *options)
{
    char text[160];

    snprintf(text, sizeof text, "plan=%s,stacks=exact%s", plan, options);
    small_heap_init(&small, text);
    memset(slots, 0, sizeof slots);
    assert_int_equal(
        ter_roots_add_slots(small.heap, slots, TER_ARRAY_LENGTH(slots), TER_ROOT_EXACT), TER_OK);
}

static void end_heap(void)
{
    assert_int_equal(ter_roots_remove_slots(small.heap, slots, TER_ARRAY_LENGTH(slots)), TER_OK);
    small_heap_fini(&small);
}

static size_t last_bytes; /* of what lives: all are of one size */

static unsigned char *allocate(size_t bytes)
{
    unsigned char *object = ter_allocate(small.mutator, TER_KIND_ATOMIC, bytes);

    assert_non_null(object);
    last_bytes = ter_collector_object_bytes(&small.heap->collector, (uintptr_t)object);
    memset(object, 1, bytes);
    return object;
}

/* ---- What a use comes to ---- */

static void use(void *context)
{
    *(volatile unsigned char *)context = 2;
}

static bool is_reported(unsigned char *byte)
{
    struct test_end end;

    test_in_child(use, byte, &end);
    return strstr(end.text, "AddressSanitizer: use-after-poison") != NULL &&
           (end.signal != 0 || end.code != 0);
}

/* Has what lives come to lie there? Where objects slide it may. */
static bool is_taken(const unsigned char *byte)
{
    for (unsigned i = 0; i < TER_ARRAY_LENGTH(slots); i++)
        if (slots[i] != NULL && (size_t)((uintptr_t)byte - (uintptr_t)slots[i]) < last_bytes)
            return small.heap->collector.plan->moving != NULL;
    return false;
}

/* Nobody's, from its first byte to its last. */
static void check_told(const unsigned char *object, size_t bytes)
{
    for (size_t i = 0; i < bytes && !small_heap_has_own_pages(&small); i++)
        assert_true(is_taken(object + i) || __asan_address_is_poisoned(object + i));
}

/* Of pages that cannot be touched nothing need be said: the use itself ends the process. */
static void check_faults(unsigned char *byte)
{
    struct test_end end;

    test_in_child(use, byte, &end);
    assert_true(end.signal != 0 || end.code != 0);
}

/* And the report is of what the heap said: without that there is none. */
static void check_gone(unsigned char *object, size_t bytes)
{
    uintptr_t start = (uintptr_t)object;

    if (small_heap_has_own_pages(&small)) {
        check_faults(object + bytes - 1);
        return;
    }
    check_told(object, bytes);
    if (is_taken(object) || is_taken(object + bytes - 1))
        return;
    assert_true(is_reported(object + bytes - 1));
    ter_asan_access(start, bytes);
    assert_false(is_reported(object + bytes - 1));
    ter_asan_no_access(start, bytes);
}

static void check_there(unsigned char *object, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        object[i]++;
}

/* ---- Objects that go ---- */

static const size_t sizes[] = {16, 48, 200, 1000, 8192, 9000, 300000};

/* Nothing refers to it any more. */
static unsigned char *drop(unsigned slot)
{
    unsigned char *object = slots[slot];

    slots[slot] = NULL;
    return object;
}

/* Beside one that lives, in the same block, which is kept if that is pinned. */
static void check_dead(size_t bytes, bool pinned)
{
    unsigned char *dead[3];

    for (unsigned i = 0; i < 4; i++)
        slots[i] = allocate(bytes);
    for (unsigned i = 0; i < 3; i++)
        dead[i] = drop(i);
    if (pinned)
        assert_int_equal(ter_pin(small.heap, slots[3]), TER_OK);
    ter_collect(small.mutator);
    for (unsigned i = 0; i < 3 && !small_heap_never_collects(&small); i++)
        check_told(dead[i], bytes);
    if (!small_heap_never_collects(&small))
        check_gone(dead[1], bytes);
    check_there(slots[3], bytes);
    if (pinned)
        ter_unpin(small.heap, slots[3]);
}

static void dead_objects(void)
{
    for (size_t i = 0; i < TER_ARRAY_LENGTH(sizes); i++) {
        check_dead(sizes[i], false);
        check_dead(sizes[i], true);
    }
}

static void objects_that_left(void)
{
    bool may_move = false, has_moved = false;

    for (size_t i = 0; i < TER_ARRAY_LENGTH(sizes); i++) {
        unsigned char *before = slots[0] = allocate(sizes[i]);
        bool moves = ter_is_movable(small.heap, slots[0]);

        ter_collect(small.mutator);
        /* One that may move need not, where that depends on what lies beside it. */
        assert_true(moves || slots[0] == before);
        may_move |= moves;
        has_moved |= slots[0] != before;
        if (slots[0] != before)
            check_gone(before, sizes[i]);
        check_there(slots[0], sizes[i]);
    }
    if (strcmp(plan, "semispace") == 0 || strcmp(plan, "gen-copy") == 0)
        assert_true(may_move && has_moved);
}

static void freed_objects(void)
{
    for (size_t i = 0; i < TER_ARRAY_LENGTH(sizes); i++) {
        unsigned char *object;

        slots[1] = allocate(sizes[i]);
        slots[0] = allocate(sizes[i]);
        object = drop(1);
        ter_free(small.mutator, object);
        check_gone(object, sizes[i]);
        check_there(slots[0], sizes[i]);
    }
}

/* What was nobody's is somebody's: whatever way it is handed out, all of it may be used. */
static void memory_is_used_again(void)
{
    for (unsigned round = 0; round < 6; round++) {
        for (size_t n = 0; n < 2000; n++) {
            size_t bytes = sizes[n % (TER_ARRAY_LENGTH(sizes) - 2)] + n % 16;
            unsigned char *object =
                n % 2 == 0 ? allocate(bytes)
                           : ter_allocate_inline(small.mutator, TER_KIND_NORMAL, bytes);

            check_there(object, ter_object_bytes(small.heap, ter_object_at((uintptr_t)object)));
            if (n % 5 == 0)
                ter_free(small.mutator, object);
            else if (n % 7 == 0)
                slots[n % TER_ARRAY_LENGTH(slots)] = object;
        }
        if (round == 3)
            ter_heap_release_memory(small.heap);
        ter_collect(small.mutator);
    }
}

static void large_objects_grow(void)
{
    unsigned char *first = allocate(TER_KIB(64)), *second = allocate(TER_KIB(64));

    slots[0] = first;
    ter_free(small.mutator, second);
    slots[0] = ter_reallocate(small.mutator, first, TER_KIB(100));
    check_there(slots[0], TER_KIB(100));
}

/* ---- Addresses that go ---- */

/* The addresses of a heap that ended are anybody's. */
static void addresses_are_used_again(void)
{
    uintptr_t places[2];

    for (unsigned i = 0; i < 2; i++) {
        unsigned char *object = allocate(i == 0 ? 48 : TER_KIB(64));

        ter_free(small.mutator, object);
        places[i] = ter_align_down((uintptr_t)object, ter_os_page_size());
    }
    end_heap();
    for (unsigned i = 0; i < 2; i++) {
        unsigned char *memory = mmap((void *)places[i], ter_os_page_size(), PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        assert_ptr_equal(memory, places[i]);
        check_there(memory, ter_os_page_size());
        munmap(memory, ter_os_page_size());
    }
    make_heap("");
}

/* ---- All of them ---- */

static void with_heaps(void (*test)(void), const char *options)
{
    for (size_t i = 0; i < TER_PLAN_COUNT; i++) {
        plan = ter_plans[i].name;
        make_heap(options);
        test();
        end_heap();
    }
}

#define ASAN_TEST(test)                                                                            \
    static void test_##test(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        with_heaps(test, "");                                                                      \
    }

ASAN_TEST(dead_objects)
ASAN_TEST(objects_that_left)
ASAN_TEST(freed_objects)
ASAN_TEST(large_objects_grow)
ASAN_TEST(addresses_are_used_again)

static void test_memory_is_used_again(void **state)
{
    (void)state;
    with_heaps(memory_is_used_again, "");
    with_heaps(memory_is_used_again, ",poison=1,check_heap=1");
    with_heaps(memory_is_used_again, ",stress=50");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dead_objects),
        cmocka_unit_test(test_objects_that_left),
        cmocka_unit_test(test_freed_objects),
        cmocka_unit_test(test_large_objects_grow),
        cmocka_unit_test(test_addresses_are_used_again),
        cmocka_unit_test(test_memory_is_used_again),
    };

    if (!TER_HAS_ASAN) {
        puts("SKIP: the library is built without AddressSanitizer");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
