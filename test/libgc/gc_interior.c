/* SPDX-License-Identifier: MIT */
/*
 * Without interior pointers: in the heap and in static data only the start of an object and the
 * displacements that were registered keep it, on the stack every byte of it does.
 */
#include "check.h"

enum { WATCHED = 200, CHANCE = 8 };

static void **watched;

static NOINLINE void fill(void **places, size_t bytes, size_t offset)
{
    watched = GC_malloc_atomic(WATCHED * sizeof *watched);
    memset(watched, 0, WATCHED * sizeof *watched);
    for (size_t i = 0; i < WATCHED; i++) {
        void *object = GC_malloc(bytes);

        watched[i] = object;
        GC_general_register_disappearing_link(&watched[i], object);
        places[i] = (char *)object + offset;
    }
}

static size_t count_alive(void)
{
    size_t count = 0;

    for (size_t i = 0; i < WATCHED; i++)
        count += watched[i] != NULL;
    return count;
}

static void *data[WATCHED];
static void **in_heap;

static void test(void **places, const char *where, size_t bytes, size_t offset, bool keeps)
{
    fill(places, bytes, offset);
    collect();
    if (keeps)
        EXPECT(count_alive() == WATCHED, "%zu of %d by %s + %zu, %zu bytes", count_alive(), WATCHED,
               where, offset, bytes);
    else
        EXPECT(count_alive() <= CHANCE, "%zu of %d by %s + %zu, %zu bytes", count_alive(), WATCHED,
               where, offset, bytes);
    memset(places, 0, WATCHED * sizeof *places);
}

static NOINLINE void test_stack(size_t bytes, size_t offset)
{
    void *places[WATCHED];

    fill(places, bytes, offset);
    collect();
    EXPECT(count_alive() == WATCHED, "%zu of %d by the stack + %zu, %zu bytes", count_alive(),
           WATCHED, offset, bytes);
    __asm__ volatile("" : : "r"(places) : "memory");
    memset(places, 0, sizeof places);
    __asm__ volatile("" : : "r"(places) : "memory");
}

int main(void)
{
    static const size_t sizes[] = {16, 32, 100, 2000, 5000, 40000};

    /* Settings before the first use come in any order. */
    GC_set_warn_proc(GC_ignore_warn_proc);
    GC_set_all_interior_pointers(0);
    GC_INIT();
    EXPECT(GC_get_warn_proc() == GC_ignore_warn_proc, "the function is another");
    GC_register_displacement(0);
    GC_register_displacement(1);
    GC_register_displacement(6);
    EXPECT(GC_get_all_interior_pointers() == 0, "%d", GC_get_all_interior_pointers());
    for (size_t bytes = 1; bytes < 3000; bytes++)
        EXPECT(GC_size(GC_malloc(bytes)) >= bytes, "%zu", bytes);
    EXPECT(GC_size(GC_malloc(16)) == 16, "%zu", GC_size(GC_malloc(16)));

    in_heap = GC_malloc_uncollectable(WATCHED * sizeof *in_heap);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t offset = 0; offset < 16; offset++) {
            bool keeps = offset <= 1 || offset == 6;

            test(data, "static data", sizes[i], offset, keeps);
            test(in_heap, "an object", sizes[i], offset, keeps);
        }
        test(data, "static data", sizes[i], sizes[i] - 1, false);
        test_stack(sizes[i], 2);
        test_stack(sizes[i], sizes[i] / 2 + 1);
        test_stack(sizes[i], sizes[i] - 1);
    }
    return check_end();
}
