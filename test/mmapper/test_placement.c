/* SPDX-License-Identifier: MIT */
/* Free ranges below a limit, with strangers in the way of the hint, of its middle, of its end. */
#include "mmapper/mmapper.h"
#include "support.h"

#include <sys/mman.h>

#define CHUNK TER_BYTES_IN_CHUNK
#define BYTES (8 * CHUNK)

/* A window of free addresses, found once; everything happens in it. */
#define WINDOW (64 * CHUNK)
static uintptr_t window;

static int find_window(void **state)
{
    (void)state;
    if (ter_os_reserve(0, WINDOW, CHUNK, &window) != TER_OK)
        return -1;
    ter_os_release(window, WINDOW);
    return 0;
}

struct stranger {
    uintptr_t start;
    size_t bytes;
};

/* A stranger's memory, with something in it. */
static struct stranger put_stranger(uintptr_t start, size_t bytes)
{
    void *got =
        mmap((void *)start, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_equal(got, (void *)start);
    memset(got, 0x77, bytes);
    return (struct stranger){start, bytes};
}

static void remove_stranger(const struct stranger *stranger)
{
    for (size_t i = 0; i < stranger->bytes; i++)
        assert_int_equal(((unsigned char *)stranger->start)[i], 0x77);
    assert_int_equal(munmap((void *)stranger->start, stranger->bytes), 0);
}

/* Reserves with the stranger there, and checks what came. */
static uintptr_t reserve_beside(const struct stranger *stranger, uintptr_t hint, uintptr_t limit)
{
    uintptr_t start = 0;

    assert_int_equal(ter_reserve_below(hint, BYTES, limit, &start), TER_OK);
    assert_true(ter_is_aligned(start, CHUNK) && start >= CHUNK);
    assert_true(start + BYTES <= limit);
    assert_true(start + BYTES <= stranger->start || start >= stranger->start + stranger->bytes);
    assert_true(test_is_mapped(start, BYTES));
    ter_os_release(start, BYTES);
    return start;
}

static void a_free_hint_is_taken(void **state)
{
    uintptr_t start = 0;

    (void)state;
    assert_int_equal(ter_reserve_below(window, BYTES, window + BYTES, &start), TER_OK);
    assert_int_equal(start, window);
    ter_os_release(start, BYTES);
    assert_int_equal(ter_reserve_below(window + CHUNK, BYTES, window + WINDOW, &start), TER_OK);
    assert_int_equal(start, window + CHUNK);
    ter_os_release(start, BYTES);
}

static void strangers_are_passed_by(void **state)
{
    const size_t page = ter_os_page_size();
    const uintptr_t hint = window + 8 * CHUNK;
    const uintptr_t placements[] = {hint, hint + BYTES / 2, hint + BYTES - page, hint + 3 * page};

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(placements); i++) {
        struct stranger stranger = put_stranger(placements[i], page);
        uintptr_t start = reserve_beside(&stranger, hint, window + WINDOW);

        /* The next placement above it that holds the whole. */
        assert_int_equal(start, ter_align_up(placements[i] + page, CHUNK));
        remove_stranger(&stranger);
    }
}

/* Nothing is free above: what is below the hint is looked at too. */
static void placements_below_the_hint(void **state)
{
    const uintptr_t hint = window + 8 * CHUNK;
    struct stranger stranger;
    uintptr_t start;

    (void)state;
    stranger = put_stranger(hint + CHUNK, ter_os_page_size());
    start = reserve_beside(&stranger, hint, hint + BYTES + CHUNK);
    assert_true(start < hint);
    remove_stranger(&stranger);
    /* A hint beyond the limit, and none. */
    stranger = put_stranger(window, ter_os_page_size());
    reserve_beside(&stranger, window + WINDOW, window + WINDOW - CHUNK);
    reserve_beside(&stranger, 0, window + WINDOW);
    remove_stranger(&stranger);
}

static void no_placement(void **state)
{
    uintptr_t start = 5;

    (void)state;
    assert_int_equal(ter_reserve_below(0, BYTES, BYTES, &start), TER_ERROR_NO_ADDRESS_SPACE);
    assert_int_equal(ter_reserve_below(0, BYTES, BYTES / 2, &start), TER_ERROR_NO_ADDRESS_SPACE);
    assert_int_equal(ter_reserve_below(0, BYTES, 0, &start), TER_ERROR_NO_ADDRESS_SPACE);
    assert_int_equal(ter_reserve_below(window, BYTES, CHUNK, &start), TER_ERROR_NO_ADDRESS_SPACE);
    assert_int_equal(start, 5);
}

/* A machine whose free addresses are those of the window from `machine.first` on, BYTES long. */
static struct {
    uintptr_t first;
    unsigned asked;
} machine;

static int placement_on_machine(uintptr_t *hint, size_t bytes)
{
    (void)bytes;
    machine.asked++;
    /* The true kernel then answers with a placement that was not asked for. */
    if (*hint != machine.first)
        *hint = 0;
    return 0;
}

/* Every placement that there is in chunks is found, wherever the hint is. */
static void the_only_placement_is_found(void **state)
{
    (void)state;
    for (size_t placement = 0; placement + 8 <= WINDOW / CHUNK; placement++)
        for (size_t hint = 0; hint < WINDOW / CHUNK; hint += 7) {
            uintptr_t start = 0;

            machine.first = (placement + 1) * CHUNK;
            if (machine.first + BYTES > window)
                break;
            ter_os_set_placing(placement_on_machine);
            if (ter_reserve_below(hint * CHUNK, BYTES, WINDOW, &start) == TER_OK) {
                ter_os_set_placing(NULL);
                assert_int_equal(start, machine.first);
                ter_os_release(start, BYTES);
            } else {
                /* Only what is taken or too high in truth. */
                ter_os_set_placing(NULL);
                assert_true(machine.first + BYTES > WINDOW ||
                            test_is_mapped(machine.first, BYTES) || TER_HAS_SANITIZER);
            }
        }
    assert_true(machine.asked > 0);
}

/* A refusal is no answer about a placement: the next one is not tried. */
static void refusals(void **state)
{
    uintptr_t start = 5;

    (void)state;
    test_fail_calls(TEST_CALL(RESERVE), 0, TEST_FOR_EVER);
    assert_int_equal(ter_reserve_below(window + CHUNK, BYTES, window + WINDOW, &start),
                     TER_ERROR_NO_ADDRESS_SPACE);
    assert_true(test_stop_failing(NULL) <= 2);
    assert_int_equal(start, 5);
}

static void nothing_is_left_over(void **state)
{
    struct stranger stranger;
    size_t before;

    (void)state;
    stranger = put_stranger(window + 9 * CHUNK, ter_os_page_size());
    before = test_count_mappings("");
    for (unsigned i = 0; i < 10; i++)
        reserve_beside(&stranger, window + 8 * CHUNK, window + WINDOW);
    if (!TER_HAS_SANITIZER)
        assert_int_equal(test_count_mappings(""), before);
    remove_stranger(&stranger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_free_hint_is_taken),        cmocka_unit_test(strangers_are_passed_by),
        cmocka_unit_test(placements_below_the_hint),   cmocka_unit_test(no_placement),
        cmocka_unit_test(the_only_placement_is_found), cmocka_unit_test(refusals),
        cmocka_unit_test(nothing_is_left_over),
    };

    return cmocka_run_group_tests(tests, find_window, NULL);
}
