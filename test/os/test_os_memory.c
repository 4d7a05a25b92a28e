/* SPDX-License-Identifier: MIT */
/* Memory of the system: reserve, commit, decommit, protect, release; injected faults. */
#include "support.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static void reserve_aligns(void **state)
{
    const size_t page = ter_os_page_size();

    (void)state;
    assert_true(ter_is_power_of_two(page));
    for (size_t alignment = 1; alignment <= TER_MIB(16); alignment *= 2)
        for (unsigned n = 1; n < 4; n++) {
            uintptr_t start = 0;

            assert_int_equal(ter_os_reserve(0, n * page, alignment, &start), TER_OK);
            assert_true(start != 0 && ter_is_aligned(start, ter_max(alignment, page)));
            assert_true(test_is_mapped(start, n * page));
            ter_os_release(start, n * page);
            assert_false(test_is_mapped(start, n * page));
        }
}

/* What an aligned reservation cuts off goes back. */
static void reserve_leaves_nothing_over(void **state)
{
    size_t before, after;
    uintptr_t start[8];

    (void)state;
    if (TER_HAS_SANITIZER)
        skip();
    before = test_count_mappings("");
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(ter_os_reserve(0, 3 * ter_os_page_size(), TER_MIB(4), &start[i]), TER_OK);
    for (size_t i = 0; i < 8; i++)
        ter_os_release(start[i], 3 * ter_os_page_size());
    after = test_count_mappings("");
    assert_int_equal(after, before);
}

static void hints(void **state)
{
    uintptr_t first = 0, second = 0;

    (void)state;
    assert_int_equal(ter_os_reserve(0, TER_MIB(8), TER_MIB(4), &first), TER_OK);
    ter_os_release(first, TER_MIB(8));
    assert_int_equal(ter_os_reserve(first, TER_MIB(8), TER_MIB(4), &second), TER_OK);
    assert_int_equal(second, first);
    /* Taken, wholly or in part. */
    for (uintptr_t hint = first - TER_MIB(4); hint <= first + TER_MIB(4); hint += TER_MIB(4)) {
        uintptr_t other = 0;

        assert_int_equal(ter_os_reserve(hint, TER_MIB(8), TER_MIB(4), &other), TER_OK);
        assert_true(other + TER_MIB(8) <= first || other >= first + TER_MIB(8));
        assert_true(ter_is_aligned(other, TER_MIB(4)));
        ter_os_release(other, TER_MIB(8));
    }
    ter_os_release(first, TER_MIB(8));
}

/* There and nowhere else, whatever lies in the way, and nothing is left when it is refused. */
static void reservations_at_a_place(void **state)
{
    const size_t page = ter_os_page_size(), bytes = TER_MIB(4);
    uintptr_t first = 0;

    (void)state;
    assert_int_equal(ter_os_reserve(0, bytes, page, &first), TER_OK);
    for (uintptr_t at = first - bytes + page; at < first + bytes; at += bytes / 4) {
        size_t before = test_count_mappings("");

        assert_int_equal(ter_os_reserve_at(at, bytes), TER_ERROR_OWNED);
        if (!TER_HAS_SANITIZER)
            assert_int_equal(test_count_mappings(""), before);
    }
    assert_true(test_is_mapped(first, bytes));
    ter_os_release(first, bytes);
    assert_int_equal(ter_os_reserve_at(first, bytes), TER_OK);
    assert_true(test_is_mapped(first, bytes));
    ter_os_release(first, bytes);
    assert_int_equal(ter_os_reserve_at(page, ter_align_down(SIZE_MAX / 8 * 7, page)),
                     TER_ERROR_NO_ADDRESS_SPACE);
}

static void look_at_limit(void *context)
{
    const struct rlimit limit = {(rlim_t)TER_MIB(500), (rlim_t)TER_MIB(500)};
    size_t before, after;
    uintptr_t start;

    (void)context;
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        _exit(1);
    before = ter_os_address_space_left();
    if (before > TER_MIB(500) || before < TER_MIB(100))
        _exit(2);
    if (ter_os_reserve(0, TER_MIB(64), TER_MIB(4), &start) != TER_OK)
        _exit(3);
    after = ter_os_address_space_left();
    if (before - after < TER_MIB(64) || before - after > TER_MIB(70))
        _exit(4);
    /* It is true: what is left can be had, and no more. */
    if (ter_os_reserve(0, ter_align_down(after - TER_MIB(2), TER_MIB(1)), 1, &start) != TER_OK)
        _exit(5);
    if (ter_os_reserve(0, TER_MIB(4), 1, &start) != TER_ERROR_NO_ADDRESS_SPACE)
        _exit(6);
}

static void a_limit_on_addresses(void **state)
{
    struct rlimit limit;
    struct test_end end;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_AS, &limit), 0);
    if (limit.rlim_cur == RLIM_INFINITY)
        assert_true(ter_os_address_space_left() == SIZE_MAX);
    if (TER_HAS_SANITIZER)
        skip(); /* their shadows are larger than any limit */
    if (test_is_emulated())
        skip(); /* it has no such limits */
    test_in_child(look_at_limit, NULL, &end);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
}

static void impossible_reservations(void **state)
{
    uintptr_t start = 5;
    size_t huge = ter_align_down(SIZE_MAX, TER_MIB(4));

    (void)state;
    assert_int_equal(ter_os_reserve(0, huge, TER_MIB(4), &start), TER_ERROR_NO_ADDRESS_SPACE);
    assert_int_equal(ter_os_reserve(0, huge / 4 * 3, TER_MIB(4), &start),
                     TER_ERROR_NO_ADDRESS_SPACE);
    assert_int_equal(start, 5);
}

static void touch(void *context)
{
    *(volatile char *)context = 1;
}

/* No access: a signal, or under a sanitizer its exit. */
static bool is_accessible(uintptr_t address)
{
    struct test_end end;

    test_in_child(touch, (void *)address, &end);
    return end.signal == 0 && end.code == 0;
}

static void life_of_a_range(void **state)
{
    const size_t bytes = TER_MIB(1), page = ter_os_page_size();
    uintptr_t start;

    (void)state;
    assert_int_equal(ter_os_reserve(0, bytes, page, &start), TER_OK);
    assert_false(is_accessible(start));
    assert_int_equal(ter_os_commit(start + page, bytes - 2 * page), TER_OK);
    ter_os_name(start + page, bytes - 2 * page, "terrier:test");
    assert_false(is_accessible(start + page - 1));
    assert_false(is_accessible(start + bytes - page));
    for (size_t at = page; at < bytes - page; at++)
        assert_int_equal(((unsigned char *)start)[at], 0);
    memset((void *)(start + page), 0xee, bytes - 2 * page);
    /* Committing again keeps the contents; decommitting does not. */
    assert_int_equal(ter_os_commit(start + page, bytes - 2 * page), TER_OK);
    assert_int_equal(((unsigned char *)start)[page], 0xee);
    assert_int_equal(ter_os_decommit(start + page, page), TER_OK);
    assert_int_equal(((unsigned char *)start)[page], 0);
    assert_int_equal(((unsigned char *)start)[2 * page - 1], 0);
    assert_int_equal(((unsigned char *)start)[2 * page], 0xee);
    assert_int_equal(ter_os_protect(start + page, page), TER_OK);
    assert_false(is_accessible(start + page));
    assert_true(is_accessible(start + 2 * page));
    assert_int_equal(ter_os_commit(start + page, page), TER_OK);
    touch((void *)(start + page));
    ter_os_release(start, bytes);
    assert_false(test_is_mapped(start, bytes));
}

static void allocate_and_grow(void **state)
{
    const size_t page = ter_os_page_size();
    unsigned char *bytes;
    void *start;

    (void)state;
    assert_int_equal(ter_os_allocate(2 * page, &start), TER_OK);
    bytes = start;
    for (size_t i = 0; i < 2 * page; i++) {
        assert_int_equal(bytes[i], 0);
        bytes[i] = (unsigned char)i;
    }
    assert_int_equal(ter_os_reallocate(&start, 2 * page, 300 * page), TER_OK);
    bytes = start;
    for (size_t i = 0; i < 300 * page; i++)
        assert_int_equal(bytes[i], i < 2 * page ? (unsigned char)i : 0);
    assert_int_equal(ter_os_reallocate(&start, 300 * page, page), TER_OK);
    assert_int_equal(((unsigned char *)start)[page - 1], (unsigned char)(page - 1));
    bytes = start;
    assert_int_not_equal(ter_os_reallocate(&start, page, ter_align_down(SIZE_MAX, page)), TER_OK);
    assert_ptr_equal(start, bytes);
    ter_os_release((uintptr_t)start, page);
    start = &start;
    assert_int_not_equal(ter_os_allocate(ter_align_down(SIZE_MAX, page), &start), TER_OK);
    assert_ptr_equal(start, &start);
}

/* ---- Faults ---- */

static int error_to_answer;

static int answer(enum ter_os_call call)
{
    (void)call;
    return error_to_answer;
}

static ter_status make_call(enum ter_os_call call, uintptr_t start, void **memory)
{
    const size_t page = ter_os_page_size();
    uintptr_t reserved;

    switch (call) {
    case TER_OS_CALL_RESERVE: return ter_os_reserve(0, page, page, &reserved);
    case TER_OS_CALL_COMMIT: return ter_os_commit(start, page);
    case TER_OS_CALL_DECOMMIT: return ter_os_decommit(start, page);
    case TER_OS_CALL_PROTECT: return ter_os_protect(start, page);
    case TER_OS_CALL_ALLOCATE: return ter_os_allocate(page, memory);
    case TER_OS_CALL_POPULATE: return ter_os_populate(start, page);
    case TER_OS_CALL_MALLOC: return ter_os_malloc(page, false, memory);
    default: return ter_os_reallocate(memory, page, 2 * page);
    }
}

static void every_call_can_be_refused(void **state)
{
    const size_t page = ter_os_page_size();
    uintptr_t start;
    void *memory;

    (void)state;
    assert_int_equal(ter_os_reserve(0, page, page, &start), TER_OK);
    assert_int_equal(ter_os_allocate(page, &memory), TER_OK);
    assert_int_equal(ter_os_commit(start, page), TER_OK);
    *(char *)start = 9;
    ter_os_set_fault(answer);
    for (int call = 0; call < TER_OS_CALL_COUNT; call++) {
        void *same = memory;

        error_to_answer = ENOMEM;
        assert_int_equal(make_call((enum ter_os_call)call, start, &same),
                         call == TER_OS_CALL_RESERVE ? TER_ERROR_NO_ADDRESS_SPACE
                                                     : TER_ERROR_NO_MEMORY);
        error_to_answer = EPERM;
        assert_int_equal(make_call((enum ter_os_call)call, start, &same), TER_ERROR_SYSTEM);
        error_to_answer = EINVAL;
        assert_int_equal(make_call((enum ter_os_call)call, start, &same),
                         call == TER_OS_CALL_RESERVE ? TER_ERROR_NO_ADDRESS_SPACE
                                                     : TER_ERROR_SYSTEM);
        assert_ptr_equal(same, memory);
        assert_int_equal(*(char *)start, 9);
    }
    error_to_answer = 0;
    assert_int_equal(ter_os_commit(start, page), TER_OK);
    ter_os_set_fault(NULL);
    ter_os_release(start, page);
    ter_os_release((uintptr_t)memory, page);
}

static void populated_memory_keeps_what_it_holds(void **state)
{
    const size_t page = ter_os_page_size();
    uintptr_t start;
    ter_status status;

    (void)state;
    assert_int_equal(ter_os_reserve(0, 4 * page, page, &start), TER_OK);
    assert_int_equal(ter_os_commit(start, 4 * page), TER_OK);
    *(char *)(start + page) = 9;
    status = ter_os_populate(start, 4 * page);
    /* Kernels before Linux 5.14 do not know it. */
    assert_true(status == TER_OK || status == TER_ERROR_SYSTEM);
    assert_int_equal(*(char *)start, 0);
    assert_int_equal(*(char *)(start + page), 9);
    /* What cannot be written is refused, and stays. */
    assert_int_equal(ter_os_protect(start, page), TER_OK);
    assert_true(ter_os_populate(start, 4 * page) != TER_OK);
    assert_int_equal(*(char *)(start + page), 9);
    ter_os_release(start, 4 * page);
}

/* The k-th call of a sort, and no other. */
static void the_kth_call_fails(void **state)
{
    const size_t page = ter_os_page_size();

    (void)state;
    for (uint64_t k = 0; k < 5; k++) {
        uint64_t failed;

        test_fail_calls(TEST_CALL(ALLOCATE), k, 1);
        for (uint64_t i = 0; i < 5; i++) {
            void *memory = NULL;
            uintptr_t start = 0;

            assert_int_equal(ter_os_allocate(page, &memory) == TER_OK, i != k);
            assert_int_equal(ter_os_reserve(0, page, page, &start), TER_OK);
            ter_os_release(start, page);
            if (memory != NULL)
                ter_os_release((uintptr_t)memory, page);
        }
        assert_int_equal(test_stop_failing(&failed), 5);
        assert_int_equal(failed, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserve_aligns),
        cmocka_unit_test(reserve_leaves_nothing_over),
        cmocka_unit_test(hints),
        cmocka_unit_test(reservations_at_a_place),
        cmocka_unit_test(a_limit_on_addresses),
        cmocka_unit_test(impossible_reservations),
        cmocka_unit_test(life_of_a_range),
        cmocka_unit_test(allocate_and_grow),
        cmocka_unit_test(every_call_can_be_refused),
        cmocka_unit_test(populated_memory_keeps_what_it_holds),
        cmocka_unit_test(the_kth_call_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
