/* SPDX-License-Identifier: MIT */
/* Heaps under one limit, without heaps: what they have is fed in, and so is the time. */
#include "cycle/cycle.h"

#include <terrier/terrier.h>

#include "support.h"

#define SECOND UINT64_C(1000000000)

struct fake_heap {
    struct ter_accounting accounting;
    struct ter_allocator allocator;
    struct ter_balance balance;
};

static struct fake_heap one, two;
static uint64_t now_ns, thread_ns, process_ns;

static uint64_t time_of_test(enum ter_os_clock clock)
{
    if (clock == TER_OS_CLOCK_THREAD)
        return thread_ns;
    return clock == TER_OS_CLOCK_PROCESS ? process_ns : now_ns;
}

static int begin(void **state)
{
    (void)state;
    now_ns = 100 * SECOND;
    thread_ns = process_ns = SECOND;
    ter_os_set_time(time_of_test);
    return 0;
}

static void leave(struct fake_heap *heap)
{
    if (heap->balance.accounting != NULL)
        ter_balance_leave(&heap->balance);
    heap->balance.accounting = NULL;
}

/* Also after a test that failed. */
static int end(void **state)
{
    (void)state;
    leave(&two);
    leave(&one);
    ter_balance_set_limit(0, false);
    ter_os_set_time(NULL);
    return 0;
}

static void join(struct fake_heap *heap, size_t used_bytes)
{
    *heap = (struct fake_heap){0};
    ter_accounting_add_mapped(&heap->accounting, TER_MIB(64));
    ter_accounting_add_clean(&heap->accounting, TER_MIB(64) - used_bytes);
    ter_accounting_add(&heap->accounting, used_bytes);
    ter_balance_join(&heap->balance, &heap->accounting, &heap->allocator);
}

/* A collection that finds what a busy heap would: as fast a program as a collector. */
static void collect(struct fake_heap *heap)
{
    const struct ter_rates rates = {
        .allocated_bytes = 1e8, .mutator_ns = 1e9, .live_bytes = 1e8, .collector_ns = 1e9};
    const struct ter_balance_findings findings = {.rates = &rates,
                                                  .live_bytes = TER_MIB(8),
                                                  .base_bytes = TER_MIB(8),
                                                  .desire_bytes = TER_MIB(64)};

    ter_balance_begin(&heap->balance);
    ter_balance_end(&heap->balance, &findings);
}

static size_t share_of(const struct fake_heap *heap)
{
    return heap->balance.share_bytes;
}

/* Two threads ask for the time, and come to the mutex in another order. */
static void who_asked_for_the_time_first_comes_second(void **state)
{
    (void)state;
    ter_balance_set_limit(TER_MIB(32), false);
    join(&one, TER_MIB(8));
    join(&two, TER_MIB(8));
    collect(&one);
    collect(&two);
    assert_int_equal(share_of(&one), share_of(&two));
    now_ns -= 1;
    collect(&one);
    assert_int_equal(share_of(&one) >> 10, share_of(&two) >> 10);
}

/* Another heap takes a chunk: its two figures do not change at once. */
static void a_chunk_that_is_seen_in_part(void **state)
{
    (void)state;
    ter_balance_set_limit(TER_MIB(32), false);
    join(&one, 0);
    join(&two, TER_MIB(1));
    ter_accounting_add_clean(&one.accounting, TER_MIB(4));
    assert_int_equal(ter_balance_footprint(), TER_MIB(1));
    assert_true(ter_balance_admits(&two.balance, TER_MIB(1)));
}

/* There is no limit any more, so none gives way. */
static void a_limit_that_gave_way_and_went(void **state)
{
    (void)state;
    ter_balance_set_limit(TER_MIB(4), false);
    join(&one, TER_MIB(8));
    ter_balance_begin(&one.balance);
    thread_ns += 1000 * SECOND;
    ter_balance_end(&one.balance, NULL);
    assert_false(ter_balance_may_collect());
    ter_balance_exceed(&one.balance, TER_MIB(1), 0);
    now_ns += SECOND;
    ter_balance_end(&one.balance, NULL);
    assert_int_equal(ter_balance_exceeded_ns(), SECOND);
    ter_balance_set_limit(0, false);
    assert_int_equal(ter_balance_exceeded_ns(), 0);
}

/* A heap that comes has a share at once, and those that are there have less. */
static void who_comes_has_a_share(void **state)
{
    size_t alone;

    (void)state;
    ter_balance_set_limit(TER_MIB(32), false);
    join(&one, TER_MIB(8));
    alone = share_of(&one);
    join(&two, TER_MIB(8));
    assert_true(share_of(&one) < alone);
    assert_true(share_of(&one) + share_of(&two) <= TER_MIB(32));
}

/* An allocation that fails after all leaves its room to others. */
static void what_was_promised_in_vain(void **state)
{
    (void)state;
    ter_balance_set_limit(TER_MIB(32), false);
    join(&one, TER_MIB(4));
    join(&two, TER_MIB(4));
    assert_true(ter_balance_admits(&one.balance, TER_MIB(10)));
    assert_true(one.balance.promised_bytes >= TER_MIB(14));
    ter_balance_refused(&one.balance);
    assert_int_equal(one.balance.promised_bytes, TER_MIB(4));
}

/* A child that was forked in a collection begins with no time of its own. */
static void the_clock_of_the_thread_begins_anew(void **state)
{
    (void)state;
    ter_balance_set_limit(TER_MIB(32), false);
    join(&one, TER_MIB(8));
    ter_balance_begin(&one.balance);
    thread_ns = 1000;
    ter_balance_end(&one.balance, NULL);
    ter_balance_begin(&one.balance);
    ter_balance_end(&one.balance, NULL);
    assert_true(ter_balance_may_collect());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_asked_for_the_time_first_comes_second, begin, end),
        cmocka_unit_test_setup_teardown(a_chunk_that_is_seen_in_part, begin, end),
        cmocka_unit_test_setup_teardown(a_limit_that_gave_way_and_went, begin, end),
        cmocka_unit_test_setup_teardown(who_comes_has_a_share, begin, end),
        cmocka_unit_test_setup_teardown(what_was_promised_in_vain, begin, end),
        cmocka_unit_test_setup_teardown(the_clock_of_the_thread_begins_anew, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
