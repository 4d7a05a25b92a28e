/* SPDX-License-Identifier: MIT */
/* How far heaps grow by each rule, what goes back after a burst, and what happens when all is full.
 */
#include <stdlib.h>

#include <terrier/terrier.h>

#include "os/os.h"
#include "small_heap.h"
#include "support.h"

static struct small_heap small;

static void init(const char *options)
{
    char text[160];

    snprintf(text, sizeof text, "stacks=exact,%s", options);
    small_heap_init(&small, text);
}

static size_t resident(void)
{
    struct ter_statistics figures = small_heap_statistics(&small);

    return (size_t)(figures.mapped_bytes - figures.clean_bytes);
}

/* Lists of 64 KiB in the slots by turns. */
static void churn(size_t slots, size_t lists)
{
    for (size_t i = 0; i < lists; i++)
        small_heap_list_at(&small, (unsigned)(i % slots), 512, 128);
}

static void forget_all(void)
{
    for (unsigned root = 0; root < SMALL_ROOTS; root++)
        small.roots[root] = NULL;
}

/* Collections take one to four milliseconds, by turns that do not fit those of the program. */
static uint64_t uneven_time(enum ter_os_clock clock)
{
    static uint64_t now_ns, calls;

    (void)clock;
    calls++;
    return now_ns += 1000000 * (1 + calls % 7 % 4);
}

/* ---- Rules ---- */

static void fixed(void **state)
{
    struct ter_statistics figures;
    struct ter_heap *heap;
    uint64_t least;

    (void)state;
    init("plan=mark-sweep,sizing=fixed,heap_max=8M,log=0");
    assert_int_equal(small_heap_statistics(&small).heap_limit_bytes, TER_MIB(8));
    churn(16, 100);
    figures = small_heap_statistics(&small);
    assert_int_equal(figures.heap_limit_bytes, TER_MIB(8));
    assert_true(figures.used_bytes <= TER_MIB(8));
    /* All of it is used before there is a collection: 6.25 MiB fit without. */
    assert_int_equal(figures.collections, 0);
    churn(16, test_count_not_below(4000, 1000));
    figures = small_heap_statistics(&small);
    least = figures.allocated_bytes / TER_MIB(8);
    assert_true(figures.collections >= least && figures.collections <= least * 3 / 2);
    small_heap_fini(&small);
    assert_int_equal(ter_heap_new_with("sizing=fixed", &heap), TER_ERROR_INVALID);
}

/* By the clamps alone, whatever the rates: 12 MiB live, so from 14.4 to 60 MiB. */
static void adaptive(void **state)
{
    struct ter_statistics figures;

    (void)state;
    init("sizing=adaptive");
    assert_int_equal(small_heap_statistics(&small).heap_limit_bytes, TER_MIB(4));
    churn(192, test_count_not_below(4000, 1000));
    small_heap_collect_now(&small);
    figures = small_heap_statistics(&small);
    assert_true(figures.live_bytes >= TER_MIB(12));
    assert_true(figures.heap_limit_bytes >= figures.live_bytes + figures.live_bytes / 5);
    assert_true(figures.heap_limit_bytes <= 5 * figures.live_bytes + TER_MIB(1));
    for (unsigned root = 0; root < 192; root++)
        small_heap_check_list(&small, small.roots[root], 512);
    small_heap_fini(&small);
}

static void adaptive_under_a_maximum(void **state)
{
    (void)state;
    init("sizing=adaptive,heap_max=14M");
    churn(128, test_count_not_below(4000, 1000));
    assert_true(small_heap_statistics(&small).heap_limit_bytes <= TER_MIB(14));
    assert_true(small_heap_statistics(&small).peak_used_bytes <= TER_MIB(14));
    small_heap_fini(&small);
}

/* ---- Memory back ---- */

static uint64_t whole_collections(void)
{
    struct ter_statistics figures = small_heap_statistics(&small);

    return figures.collections - figures.collections_young;
}

/* A burst, and then a program that goes on with little: by itself, without asking for anything.
 * What is old by then is found by a collection of all. How many it takes follows rates, so the
 * clock is the test's own. */
static void burst_and_quiet(const char *options)
{
    uint64_t collections, whole;
    size_t most;

    ter_os_set_time(uneven_time);
    init(options);
    churn(SMALL_ROOTS, 2 * SMALL_ROOTS);
    most = resident();
    assert_true(most > TER_MIB(16));
    forget_all();
    collections = small_heap_statistics(&small).collections;
    whole = whole_collections();
    while (resident() >= most / 3 &&
           (small_heap_statistics(&small).collections < collections + 24 ||
            whole_collections() < whole + 4))
        churn(4, 16);
    assert_true(resident() < most / 3);
    assert_true(small_heap_statistics(&small).returned_bytes > most / 2);
    small_heap_fini(&small);
    ter_os_set_time(NULL);
}

static void after_a_burst(void **state)
{
    (void)state;
    burst_and_quiet("sizing=adaptive,plan=mark-sweep");
    burst_and_quiet("sizing=adaptive,plan=young-immix");
    burst_and_quiet("sizing=adaptive,plan=sticky-mark-sweep");
    burst_and_quiet("sizing=adaptive,plan=semispace");
    burst_and_quiet("sizing=adaptive,plan=immix");
    burst_and_quiet("sizing=adaptive,plan=gen-copy");
    burst_and_quiet("sizing=adaptive,plan=mark-compact");
}

/* A program that goes on as it was: nothing goes back only to be asked for again, or no more than
 * `part` of what it allocates meanwhile. */
static void steady(const char *options, double part)
{
    uint64_t returned, allocated;

    init(options);
    churn(64, 1500);
    returned = small_heap_statistics(&small).returned_bytes;
    allocated = small_heap_statistics(&small).allocated_bytes;
    churn(64, test_count_not_below(6000, 1500));
    allocated = small_heap_statistics(&small).allocated_bytes - allocated;
    assert_true(small_heap_statistics(&small).collections > 10);
    returned = small_heap_statistics(&small).returned_bytes - returned;
    assert_true((double)returned <= part * (double)allocated);
    small_heap_fini(&small);
}

static void nothing_back_from_a_steady_program(void **state)
{
    (void)state;
    steady("sizing=ratio,plan=mark-sweep", 0);
    steady("sizing=fixed,heap_max=12M,plan=mark-sweep", 0);
    /* Else how much is young changes with the pauses, and with it how far the heap grows. */
    steady("sizing=fixed,heap_max=12M,plan=young-immix,young_bytes=4M", 0);
    steady("sizing=ratio,plan=young-immix,young_bytes=4M", 1.0 / 16);
}

/* Its limit goes up and down with the rates, so some may go back; but not as much as is
 * allocated between two collections, in each of them. */
static void little_back_from_an_adaptive_one(void **state)
{
    struct ter_statistics before, after;

    (void)state;
    ter_os_set_time(uneven_time);
    init("sizing=adaptive");
    churn(64, 1500);
    before = small_heap_statistics(&small);
    churn(64, test_count_not_below(6000, 1500));
    after = small_heap_statistics(&small);
    assert_true(after.collections > before.collections + 4);
    assert_true(after.returned_bytes - before.returned_bytes <
                (after.allocated_bytes - before.allocated_bytes) / 10);
    small_heap_fini(&small);
    ter_os_set_time(NULL);
}

/* ---- All full ---- */

/* Lists until one does not fit: nothing of it dies. The number of collections. */
static uint64_t fill(size_t object_bytes)
{
    struct ter_statistics before = small_heap_statistics(&small), after;
    void **kept = NULL;

    for (;;) {
        void **object = ter_allocate(small.mutator, TER_KIND_NORMAL, object_bytes);

        if (object == NULL)
            break;
        *object = kept;
        kept = object;
        small.roots[0] = kept;
    }
    after = small_heap_statistics(&small);
    return after.collections - before.collections;
}

static uint64_t ask_in_vain(unsigned times)
{
    uint64_t before = small_heap_statistics(&small).collections;

    for (unsigned i = 0; i < times; i++)
        assert_null(ter_allocate(small.mutator, TER_KIND_NORMAL, 256));
    return small_heap_statistics(&small).collections - before;
}

/* No clock has a say here: where memory ends, and after how many collections, is always the same.
 */
static void full_of_what_lives(void)
{
    struct ter_statistics figures;

    if (small_heap_never_collects(&small))
        return;
    assert_true(fill(256) < 200);
    figures = small_heap_statistics(&small);
    assert_true(figures.live_bytes > TER_MIB(8));
    assert_true(figures.used_bytes <= TER_MIB(16));
    assert_true(ask_in_vain(1000) < 40);
    assert_true(ask_in_vain(1000) <= 17);
    /* What was let go of is there after at most so many requests, or one ter_collect. */
    small.roots[0] = NULL;
    ter_collect(small.mutator);
    assert_non_null(ter_allocate(small.mutator, TER_KIND_NORMAL, 256));
}

static void until_memory_is_out(void **state)
{
    (void)state;
    small_heap_with_plans(&small, ",stacks=exact,heap_max=16M", full_of_what_lives, NULL);
    small_heap_with_plans(&small, ",stacks=exact,heap_max=16M,sizing=adaptive", full_of_what_lives,
                          NULL);
    small_heap_with_plans(&small, ",stacks=exact,heap_max=16M,sizing=fixed", full_of_what_lives,
                          NULL);
}

/* One of the first requests after something was let go of succeeds, without being told. */
static void something_was_let_go_of(void **state)
{
    void *object = NULL;
    unsigned requests = 0;

    (void)state;
    init("heap_max=16M");
    fill(256);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(ask_in_vain(1), 1);
    small.roots[0] = NULL;
    assert_non_null(ter_allocate(small.mutator, TER_KIND_NORMAL, 256));
    fill(256);
    ask_in_vain(2000);
    small.roots[0] = NULL;
    while (object == NULL && requests++ < 64)
        object = ter_allocate(small.mutator, TER_KIND_NORMAL, 256);
    assert_non_null(object);
    small_heap_fini(&small);
}

/* A list that only grows, with a little garbage that keeps the heap from ever being quite full. */
static void nearly_full(void **state)
{
    uint64_t collections;
    void **kept = NULL;

    (void)state;
    /* Or how much is young would change with pauses. */
    init("heap_max=16M,young_pause=0");
    for (size_t i = 0;; i++) {
        void **object = ter_allocate(small.mutator, TER_KIND_NORMAL, 64);

        if (object == NULL)
            break;
        if (i % 64 == 0)
            continue;
        *object = kept;
        kept = object;
        small.roots[0] = kept;
    }
    collections = small_heap_statistics(&small).collections;
    assert_true(small_heap_statistics(&small).live_bytes > TER_MIB(15));
    assert_true(collections < 120);
    small_heap_fini(&small);
}

/* Objects come and go in half of the heap; all of it is wanted now and then, and done without. */
static void a_large_request_in_between(void **state)
{
    struct ter_statistics figures;

    (void)state;
    init("heap_max=16M,young_pause=0");
    churn(128, 128);
    for (unsigned i = 0; i < 2000; i++) {
        churn(128, 2);
        assert_null(ter_allocate(small.mutator, TER_KIND_NORMAL, TER_MIB(15)));
    }
    figures = small_heap_statistics(&small);
    /* Of 250 MiB each 4 want a collection, and each 15 a series of them for what never fits. */
    assert_true(figures.collections < 64 + 17 * 20);
    for (unsigned root = 0; root < 128; root++)
        small_heap_check_list(&small, small.roots[root], 512);
    small_heap_fini(&small);
}

/* A large object was asked for in vain; then something is let go of, and a small one is wanted. */
static void a_small_request_after_a_large_one(void **state)
{
    (void)state;
    init("heap_max=16M");
    fill(256);
    for (unsigned i = 0; i < 2005; i++)
        assert_null(ter_allocate(small.mutator, TER_KIND_NORMAL, TER_MIB(12)));
    small.roots[0] = NULL;
    assert_non_null(ter_allocate(small.mutator, TER_KIND_NORMAL, 256));
    small_heap_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed),
        cmocka_unit_test(adaptive),
        cmocka_unit_test(adaptive_under_a_maximum),
        cmocka_unit_test(after_a_burst),
        cmocka_unit_test(nothing_back_from_a_steady_program),
        cmocka_unit_test(little_back_from_an_adaptive_one),
        cmocka_unit_test(until_memory_is_out),
        cmocka_unit_test(something_was_let_go_of),
        cmocka_unit_test(nearly_full),
        cmocka_unit_test(a_large_request_in_between),
        cmocka_unit_test(a_small_request_after_a_large_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
