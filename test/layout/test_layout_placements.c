/* SPDX-License-Identifier: MIT */
/* Placements of heaps that are mapped by need: upper halves that data hardly has, no overlap.
 */
#include "layout/layout.h"

#include "support.h"

/* Shifts that 32 bits do not have stand in code that is not run there. */
#define SIZE_BITS (sizeof(size_t) * 8)

/* Numbers that are common as the upper half of two: small, round, powers of two and their
 * multiples. */
static bool is_common(uint32_t upper)
{
    return upper < 8192 || upper % 100 == 0 || upper % 256 == 0 || upper % 1000 == 0 ||
           (upper & (upper - 1)) == 0 || (upper & (upper + 1)) == 0;
}

/* The last two letters of six, or one and a zero. */
static bool is_text(uint32_t upper)
{
    uint32_t low = upper & 0xff, high = upper >> 8;

    return (low >= 0x20 && low < 0x7f) && ((high >= 0x20 && high < 0x7f) || high == 0);
}

static void first_heap_begins_at_rare_addresses(void **state)
{
    struct ter_layout layout;

    (void)state;
    if (sizeof(uintptr_t) < 8)
        skip();
    /* On machines of every size. */
    for (unsigned log = 0; log < 44; log++) {
        assert_true(ter_layout_find_preset("default", &layout));
        ter_layout_widen(&layout, (size_t)1 << log % SIZE_BITS);
        assert_null(ter_layout_validate(&layout));
        for (unsigned slot = 0; slot < layout.slot_count; slot++) {
            uintptr_t start = ter_layout_space_start(&layout, slot);
            uint32_t upper = (uint32_t)((uint64_t)start >> 32), lower = (uint32_t)start;

            assert_true(upper <= 0x7e00u);
            assert_false(is_common(upper));
            assert_false(is_text(upper));
            /* The lower half is no small number of either sign, and no text. */
            assert_true(lower > 0x88000000u && lower < 0xf0000000u);
        }
    }
}

static void slots_hold_what_is_wanted(void **state)
{
    struct ter_layout layout;

    (void)state;
    if (sizeof(uintptr_t) < 8)
        skip();
    for (unsigned log = 30; log < 62; log++) {
        size_t wanted = (size_t)1 << log, room;

        assert_true(ter_layout_find_preset("default", &layout));
        ter_layout_widen(&layout, wanted);
        room = ter_layout_space_end(&layout, 0) - ter_layout_space_start(&layout, 0);
        assert_true(room >= wanted || layout.log_space_extent == 41);
        assert_true(ter_layout_space_extent(&layout) <=
                    ter_max(wanted * 4, (size_t)1 << 36 % SIZE_BITS));
        assert_true(ter_is_aligned(layout.heap_start, ter_layout_space_extent(&layout)));
    }
}

static void placements_do_not_overlap(void **state)
{
    static uintptr_t starts[5000];
    const uintptr_t programs = (uintptr_t)(UINT64_C(0x5555) << 32);
    struct ter_layout layout;
    unsigned count = 0;
    size_t taken;

    (void)state;
    if (sizeof(uintptr_t) < 8)
        skip();
    assert_true(ter_layout_find_preset("default", &layout));
    taken = ter_layout_heap_bytes(&layout) + ter_layout_space_extent(&layout);
    while (ter_layout_placement(&layout, taken, count, &starts[count])) {
        assert_true(ter_is_aligned(starts[count], ter_layout_space_extent(&layout)));
        assert_true((uint64_t)starts[count] >> 40 != 0);
        assert_true((uint64_t)(starts[count] + taken) <= UINT64_C(0x7e0000000000));
        assert_true(starts[count] + taken <= programs || starts[count] > programs);
        for (unsigned i = 0; i < count; i++)
            assert_true(starts[i] + taken <= starts[count] || starts[count] + taken <= starts[i]);
        assert_true(++count < TER_ARRAY_LENGTH(starts));
    }
    assert_int_equal(starts[0], layout.heap_start);
    assert_true(count >= 400);
    assert_false(ter_layout_placement(&layout, taken, count + 1, &starts[0]));
    assert_false(ter_layout_placement(&layout, taken, UINT32_MAX, &starts[0]));
    /* A start by hand is the only placement, where it is not among those. */
    layout.heap_start = programs;
    assert_true(ter_layout_placement(&layout, taken, 0, &starts[0]));
    assert_int_equal(starts[0], programs);
    assert_false(ter_layout_placement(&layout, taken, 1, &starts[0]));
    layout.heap_start = 0;
    assert_false(ter_layout_placement(&layout, taken, 1, &starts[0]));
    /* Also one with too little room below; with none above, the next is above the programs. */
    layout.heap_start = (uintptr_t)(UINT64_C(0x100) << 32);
    assert_false(ter_layout_placement(&layout, taken, 1, &starts[0]));
    layout.heap_start = (uintptr_t)(UINT64_C(0x54f0) << 32);
    assert_true(ter_layout_placement(&layout, taken, 1, &starts[0]));
    assert_true(starts[0] > programs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_heap_begins_at_rare_addresses),
        cmocka_unit_test(slots_hold_what_is_wanted),
        cmocka_unit_test(placements_do_not_overlap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
