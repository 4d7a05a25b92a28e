/* SPDX-License-Identifier: MIT */
/*
 * What a machine cannot hold is refused at once, whatever it has: the test says how much that is.
 * What is granted is found by every address in it and costs no memory by being granted.
 */
#include "small_heap.h"

#include "layout/layout.h"

#include <sys/resource.h>

#define MACHINE TER_MIB(256)

static void *touched_by_nobody(const struct small_heap *small, size_t bytes)
{
    return ter_allocate(small->mutator, TER_KIND_ATOMIC, bytes);
}

static void refused_at_once(void **state)
{
    static const unsigned kinds[] = {TER_KIND_ATOMIC, TER_KIND_NORMAL, TER_KIND_UNCOLLECTABLE};
    const char *const options[] = {"", "objects=malloc", "plan=no-gc"};

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(options); i++) {
        struct ter_statistics before, after;
        struct small_heap small;
        void *object;

        small_heap_init(&small, options[i]);
        object = ter_allocate(small.mutator, TER_KIND_NORMAL, 100);
        ter_os_set_memory(MACHINE);
        before = small_heap_statistics(&small);
        for (size_t kind = 0; kind < TER_ARRAY_LENGTH(kinds); kind++)
            for (size_t bytes = MACHINE + 1; bytes > MACHINE; bytes *= 2)
                assert_null(ter_allocate(small.mutator, kinds[kind], bytes));
        assert_null(ter_reallocate(small.mutator, object, MACHINE + 1));
        after = small_heap_statistics(&small);
        assert_int_equal(after.collections, before.collections);
        assert_int_equal(after.heap_limit_bytes, before.heap_limit_bytes);
        assert_int_equal(after.used_bytes, before.used_bytes);
        assert_int_equal(after.mapped_bytes, before.mapped_bytes);
        assert_int_equal(after.allocated_bytes, before.allocated_bytes);
        assert_non_null(touched_by_nobody(&small, MACHINE / 2));
        ter_os_set_memory(0);
        small_heap_fini(&small);
    }
}

/* More than the option heap_max is refused without a collection, which could not help. */
static void over_the_maximum(void **state)
{
    struct small_heap small;

    (void)state;
    small_heap_init(&small, "heap_max=8M");
    for (size_t i = 0; i < 10; i++)
        assert_null(touched_by_nobody(&small, TER_MIB(8) + 1));
    assert_int_equal(small_heap_statistics(&small).collections, 0);
    assert_non_null(touched_by_nobody(&small, TER_MIB(4)));
    small_heap_fini(&small);
}

static size_t resident(void)
{
    size_t pages = 0, all = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%zu %zu", &all, &pages), 2);
    fclose(file);
    return pages * ter_os_page_size();
}

static void check_large(const struct small_heap *small, uintptr_t object, size_t bytes)
{
    for (size_t at = 0; at < bytes; at += bytes / 333)
        assert_true(ter_heap_find(small->heap, object + at).bits == object);
    assert_true(ter_heap_find(small->heap, object + bytes - 1).bits == object);
    assert_false(ter_heap_find(small->heap, object - 1).bits == object);
    assert_false(ter_heap_find(small->heap, object + bytes + TER_BYTES_IN_PAGE).bits == object);
}

/* Side by side, let go of in any order, and their places taken by smaller ones. */
static void found_by_every_address(void **state)
{
    const size_t bytes[] = {TER_MIB(40) + 16, TER_MIB(4), TER_MIB(9) + 5000, TER_MIB(64)};
    struct small_heap small;
    uintptr_t objects[4];

    (void)state;
    small_heap_init(&small, "");
    for (unsigned round = 0; round < 4; round++) {
        size_t before = resident();

        for (size_t i = 0; i < 4; i++) {
            objects[i] = (uintptr_t)touched_by_nobody(&small, bytes[(i + round) % 4]);
            assert_true(objects[i] != 0);
        }
        if (!TER_HAS_SANITIZER)
            assert_true(resident() - before < TER_MIB(4) || resident() < before);
        for (size_t i = 0; i < 4; i++)
            check_large(&small, objects[i], bytes[(i + round) % 4]);
        ter_free(small.mutator, (void *)objects[round]);
        assert_true(ter_object_is_none(ter_heap_find(small.heap, objects[round] + TER_MIB(3))));
        for (size_t i = 0; i < 4; i++)
            if (i != round)
                check_large(&small, objects[i], bytes[(i + round) % 4]);
        for (size_t i = 0; i < 4; i++)
            if (i != round)
                ter_free(small.mutator, (void *)objects[i]);
    }
    small_heap_fini(&small);
}

/* Grown in place over pages that read zero, it reads zero there and they stay untouched. */
static void grown_untouched(void **state)
{
    struct small_heap small;
    unsigned char *object;
    size_t before;

    (void)state;
    small_heap_init(&small, "heap_initial=64M");
    object = ter_allocate(small.mutator, TER_KIND_NORMAL, TER_MIB(24));
    memset(object + TER_MIB(24) - 100, 0x77, 100);
    before = resident();
    /* A chunk at least is free behind it now. */
    ter_free(small.mutator, ter_allocate(small.mutator, TER_KIND_ATOMIC, TER_MIB(8)));
    object = ter_reallocate(small.mutator, object, TER_MIB(24) + 1000000);
    assert_non_null(object);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(object[TER_MIB(24) - 100 + i], 0x77);
    for (size_t i = TER_MIB(24); i < TER_MIB(24) + 1000000; i += 333)
        assert_int_equal(object[i], 0);
    assert_true(resident() < before + TER_MIB(30));
    small_heap_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_at_once),
        cmocka_unit_test(over_the_maximum),
        cmocka_unit_test(found_by_every_address),
        cmocka_unit_test(grown_untouched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
