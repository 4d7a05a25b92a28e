/* SPDX-License-Identifier: MIT */
/*
 * Where references outside the heap are looked for: static data, thread-local data, ranges that the
 * program adds, callbacks during a collection; and what is no reference does no harm.
 *
 * Objects are watched through disappearing links in atomic memory.
 */
#include "check.h"

#include <gc/gc_mark.h>
#include <sys/mman.h>

enum { WATCHED = 200, CHANCE = 8 };

static void **watched;

/* Returns a new object that nothing but a link knows. */
static NOINLINE void *watch(size_t number, size_t bytes)
{
    void *object = GC_malloc(bytes);

    watched[number] = object;
    GC_general_register_disappearing_link(&watched[number], object);
    return object;
}

static size_t count_alive(void)
{
    size_t count = 0;

    for (size_t i = 0; i < WATCHED; i++)
        count += watched[i] != NULL;
    return count;
}

static NOINLINE void start(void)
{
    watched = GC_malloc_atomic(WATCHED * sizeof *watched);
    memset(watched, 0, WATCHED * sizeof *watched);
}

/* Puts a new object into each place. */
static NOINLINE void fill(void **places, size_t offset)
{
    start();
    for (size_t i = 0; i < WATCHED; i++)
        places[i] = (char *)watch(i, 64) + offset;
}

#define EXPECT_ALL_ALIVE(where)                                                                    \
    EXPECT(count_alive() == WATCHED, "%zu of %d in %s", count_alive(), WATCHED, where)
#define EXPECT_NEARLY_NONE(where)                                                                  \
    EXPECT(count_alive() <= CHANCE, "%zu of %d in %s", count_alive(), WATCHED, where)

/* ---- Static data ---- */

static void *zeroed_data[WATCHED];
static void *initialized_data[WATCHED] = {(void *)1};

static void test_places(void **places, const char *name)
{
    /* The start, inside, the last byte, and one past the end. */
    static const size_t offsets[] = {0, 5, 63, 64};

    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        fill(places, offsets[i]);
        collect();
        EXPECT_ALL_ALIVE(name);
        memset(places, 0, WATCHED * sizeof *places);
        collect();
        EXPECT_NEARLY_NONE(name);
    }
}

static void test_static(void)
{
    static void *local[WATCHED];

    test_places(zeroed_data, "zeroed data");
    test_places(initialized_data, "initialized data");
    test_places(local, "a static local");
}

/* Of the main thread. Only ours promises it: stock looks at what lies in its stack. */
static _Thread_local void *thread_local_data[WATCHED];

static void test_thread_local(void)
{
    if (!is_drop_in())
        return;
    test_places(thread_local_data, "thread-local data");
}

static NOINLINE void fill_and_check_stack(void)
{
    void *places[WATCHED];

    fill(places, 0);
    collect();
    EXPECT_ALL_ALIVE("the stack");
    fill(places, 33);
    collect();
    EXPECT_ALL_ALIVE("the stack");
    /* The pointers must be there until now. */
    __asm__ volatile("" : : "r"(places) : "memory");
    memset(places, 0, sizeof places);
    __asm__ volatile("" : : "r"(places) : "memory");
}

static void test_stack(void)
{
    fill_and_check_stack();
    collect();
    EXPECT_NEARLY_NONE("the stack");
}

/* ---- Ranges ---- */

static void **map_words(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return memory;
}

static void test_added(void)
{
    void **memory = map_words(1 << 20);
    char *start_byte = (char *)memory, *end_byte = start_byte + WATCHED * sizeof(void *);

    fill(memory, 0);
    collect();
    EXPECT_NEARLY_NONE("memory that is no root");
    GC_add_roots(start_byte, end_byte);
    for (unsigned round = 0; round < 3; round++) {
        fill(memory, 0);
        collect();
        EXPECT_ALL_ALIVE("an added range");
    }
    /* Twice is no error, and gone at once. */
    GC_add_roots(start_byte, end_byte);
    collect();
    EXPECT_ALL_ALIVE("a range added twice");
    GC_remove_roots(start_byte, end_byte);
    collect();
    EXPECT_NEARLY_NONE("a removed range");
    /* A range may go away after it was removed. */
    munmap(memory, 1 << 20);
    collect();
}

static void test_many_added(void)
{
    enum { RANGES = 60 };
    char *memory = (char *)map_words((size_t)RANGES << 16);

    for (size_t i = 0; i < RANGES; i++)
        GC_add_roots(memory + (i << 16), memory + (i << 16) + 64);
    start();
    for (size_t i = 0; i < WATCHED; i++)
        *(void **)(memory + (i % RANGES << 16) + i / RANGES * 8) = watch(i, 100);
    collect();
    EXPECT_ALL_ALIVE("many ranges");
    for (size_t i = 0; i < RANGES; i++)
        GC_remove_roots(memory + (i << 16), memory + (i << 16) + 64);
    collect();
    EXPECT_NEARLY_NONE("many removed ranges");
}

/* ---- Callbacks ---- */

static void **parked; /* as the stack of a fiber that does not run */
static unsigned starts, pushes, wrong_order;
static GC_push_other_roots_proc saved_push;

static void GC_CALLBACK on_start(void)
{
    starts++;
}

static void GC_CALLBACK push_parked(void)
{
    pushes++;
    wrong_order += starts != pushes;
    GC_push_all_eager(parked, parked + WATCHED);
    if (saved_push != 0)
        saved_push();
}

static void test_callbacks(void)
{
    GC_word collections;

    parked = map_words(1 << 16);
    saved_push = GC_get_push_other_roots();
    GC_set_start_callback(on_start);
    GC_set_push_other_roots(push_parked);
    EXPECT(GC_get_push_other_roots() == push_parked, "another function");
    collect();
    collections = GC_get_gc_no();
    starts = pushes = 0;
    fill(parked, 20);
    for (unsigned i = 0; i < 4; i++)
        collect();
    EXPECT_ALL_ALIVE("what a callback pushes");
    collections = GC_get_gc_no() - collections;
    EXPECT(collections >= 4, "%zu collections", (size_t)collections);
    EXPECT(starts == collections, "%u starts in %zu collections", starts, (size_t)collections);
    EXPECT(pushes == collections, "%u pushes in %zu collections", pushes, (size_t)collections);
    EXPECT(wrong_order == 0, "%u pushes before the start", wrong_order);
    GC_set_push_other_roots(saved_push);
    GC_set_start_callback(0);
    collect();
    EXPECT_NEARLY_NONE("what no callback pushes");
}

/* ---- No references ---- */

static uintptr_t garbage[20000];

static void test_garbage(void)
{
    size_t rounds = check_scale(20);
    uint64_t state = 8;
    uintptr_t some = (uintptr_t)GC_malloc(100), large = (uintptr_t)GC_malloc(1 << 20);

    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++)
            switch (random_below(&state, 5)) {
            case 0: garbage[i] = next_random(&state); break;
            case 1: garbage[i] = next_random(&state) >> 17; break;
            case 2: garbage[i] = some + random_below(&state, 1 << 24) - (1 << 23); break;
            case 3: garbage[i] = large + random_below(&state, 1 << 30) - (1 << 29); break;
            default: garbage[i] = (uintptr_t)GC_malloc_atomic(random_below(&state, 300)); break;
            }
        for (size_t i = 0; i < 100; i++) {
            void *freed = GC_malloc(random_below(&state, 20000));

            garbage[random_below(&state, 10000)] = (uintptr_t)freed;
            GC_free(freed);
        }
        GC_gcollect();
        for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
            void *base = GC_base((void *)garbage[i]);

            EXPECT(base == NULL || GC_is_heap_ptr(base), "%#zx", (size_t)garbage[i]);
        }
    }
    memset(garbage, 0, sizeof garbage);
}

int main(void)
{
    GC_INIT();
    GC_set_warn_proc(GC_ignore_warn_proc); /* of large objects */
    test_static();
    test_thread_local();
    test_stack();
    test_added();
    test_many_added();
    test_callbacks();
    test_garbage();
    return check_end();
}
