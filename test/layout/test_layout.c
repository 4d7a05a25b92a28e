/* SPDX-License-Identifier: MIT */
/* Layouts: presets, the rules, shrinking, fitting; arithmetic of chunks and pages at its ends. */
#include "layout/layout.h"
#include "support.h"

static const char *const names[] = {"default", "compressed", "small", "sanitizer", "32bit"};

static void presets_are_valid(void **state)
{
    struct ter_layout layout;
    size_t found = 0;

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(names); i++) {
        assert_non_null(strstr(ter_layout_preset_names(), names[i]));
        if (!ter_layout_find_preset(names[i], &layout))
            continue;
        found++;
        assert_string_equal(layout.name, names[i]);
        assert_null(ter_layout_validate(&layout));
        /* A slot for each space. */
        assert_true(layout.slot_count >= 3);
    }
    assert_true(sizeof(uintptr_t) < 8 ? found >= 1 : found == TER_ARRAY_LENGTH(names));
    assert_true(ter_layout_find_preset(ter_layout_auto_name(), &layout));
    assert_false(ter_layout_find_preset("", &layout));
    assert_false(ter_layout_find_preset("auto", &layout));
    assert_false(ter_layout_find_preset("Default", &layout));
    assert_false(ter_layout_find_preset("defaul", &layout));
    /* The list for people names nothing else. */
    found = 1;
    for (const char *c = ter_layout_preset_names(); *c != '\0'; c++)
        found += *c == ',';
    assert_int_equal(found, TER_ARRAY_LENGTH(names));
}

static void check_whole_rule(const struct ter_layout *layout, const char *part)
{
    const char *rule = ter_layout_validate(layout);

    if (part == NULL) {
        assert_null(rule);
        return;
    }
    assert_non_null(rule);
    if (strstr(rule, part) == NULL)
        print_error("'%s' is not in '%s'\n", part, rule);
    assert_non_null(strstr(rule, part));
}

static void check_rule(uintptr_t start, unsigned log_extent, unsigned slots, const char *part)
{
    const struct ter_layout layout = {"test", start, log_extent, slots, true, 0, false, 0};

    check_whole_rule(&layout, part);
}

/* Slots of a chunk. */
static void check_limit(uintptr_t start, unsigned slots, uintptr_t limit, const char *part)
{
    const struct ter_layout layout = {"test", start, TER_LOG_BYTES_IN_CHUNK, slots, true, limit,
                                      false,  0};

    check_whole_rule(&layout, part);
}

static void every_rule(void **state)
{
    const unsigned bits = (unsigned)sizeof(uintptr_t) * 8;
    const uintptr_t chunk = TER_BYTES_IN_CHUNK;

    (void)state;
    check_rule(0, 22, 1, NULL);
    check_rule(0, 22, TER_MAX_SLOTS, NULL);
    check_rule(chunk, 22, 3, NULL);
    check_rule(0, 22, 0, "1 to 64 slots");
    check_rule(0, 22, TER_MAX_SLOTS + 1, "1 to 64 slots");
    check_rule(0, 22, UINT32_MAX, "1 to 64 slots");
    check_rule(0, 21, 4, "at least one chunk");
    check_rule(0, 0, 4, "at least one chunk");
    check_rule(0, bits - 1, 1, NULL);
    check_rule(0, bits - 1, 2, "larger than the address space");
    check_rule(0, bits, 1, "larger than the address space");
    check_rule(0, bits + 5, 1, "larger than the address space");
    check_rule(0, UINT32_MAX, 1, "larger than the address space");
    check_rule(0, bits - 2, 4, "larger than the address space");
    check_rule(0, bits - 2, 3, NULL);
    check_rule(1, 22, 1, "multiple of a chunk");
    check_rule(chunk / 2, 22, 1, "multiple of a chunk");
    check_rule(0 - chunk * 2, 22, 1, NULL);
    check_rule(0 - chunk * 2, 22, 3, "inside the address space");
    check_rule(0 - chunk * 2, 24, 1, "inside the address space");
}

static void every_rule_of_a_limit(void **state)
{
    const uintptr_t chunk = TER_BYTES_IN_CHUNK;

    (void)state;
    check_limit(0, 4, 5 * chunk, NULL);
    check_limit(chunk, 4, 5 * chunk, NULL);
    check_limit(0, 4, 0 - chunk, NULL);
    check_limit(chunk, 4, 5 * chunk + 1, "limit is a multiple of a chunk");
    check_limit(chunk, 4, chunk / 2, "limit is a multiple of a chunk");
    /* The kernel never gives address 0. */
    check_limit(0, 4, 4 * chunk, "larger than what lies below the limit");
    check_limit(0, 4, chunk, "larger than what lies below the limit");
    check_limit(2 * chunk, 4, 5 * chunk, "at or below the limit");
    check_limit(9 * chunk, 4, 5 * chunk, "at or below the limit");
}

/* What the presets promise, in numbers of their own. */
static void presets_in_numbers(void **state)
{
    struct ter_layout layout;

    (void)state;
    assert_true(ter_layout_find_preset("32bit", &layout));
    assert_false(layout.contiguous);
    assert_int_equal(ter_layout_heap_bytes(&layout), (size_t)1 << 30);
    if (sizeof(uintptr_t) < 8)
        return;
    assert_true(ter_layout_find_preset("compressed", &layout));
    assert_false(layout.contiguous);
    assert_true((uint64_t)layout.limit == UINT64_C(1) << 35);
    assert_true((layout.limit - 1) >> 3 <= UINT32_MAX);
    assert_true(ter_layout_find_preset("small", &layout));
    assert_true(layout.contiguous);
    assert_true((uint64_t)ter_layout_heap_bytes(&layout) <= UINT64_C(1) << 34);
    assert_true(ter_layout_find_preset("sanitizer", &layout));
    assert_true((uint64_t)layout.heap_start == UINT64_C(0x7e80) << 32);
    assert_true((uint64_t)ter_layout_heap_bytes(&layout) == UINT64_C(1) << 38);
}

/* Slots get a hint that a space map reaches; others none. */
static bool is_low(const struct ter_layout *layout)
{
    uintptr_t first = layout->heap_start >> layout->log_space_extent;

    if (!layout->contiguous || sizeof(uintptr_t) < 8)
        return layout->heap_start == 0;
    return layout->heap_start != 0 && first <= 4096 &&
           ter_is_aligned(layout->heap_start, ter_layout_space_extent(layout));
}

static void shrinking_ends(void **state)
{
    struct ter_layout layout;

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(names); i++) {
        unsigned steps = 0;

        if (!ter_layout_find_preset(names[i], &layout))
            continue;
        for (;;) {
            struct ter_layout before = layout;

            assert_true(steps == 0 || (!layout.by_need && layout.first == 0));
            if (!ter_layout_shrink(&layout)) {
                assert_memory_equal(&layout, &before, sizeof layout);
                break;
            }
            if (before.log_space_extent > TER_LOG_BYTES_IN_CHUNK) {
                assert_int_equal(layout.log_space_extent, before.log_space_extent - 1);
                assert_int_equal(layout.slot_count, before.slot_count);
            } else {
                assert_false(layout.contiguous);
                assert_int_equal(layout.log_space_extent, before.log_space_extent);
                assert_int_equal(layout.slot_count, ter_max(before.slot_count / 2, 4));
            }
            if (layout.limit != 0)
                assert_int_equal(layout.heap_start, before.heap_start);
            else
                assert_true(is_low(&layout));
            assert_int_equal(layout.limit, before.limit);
            assert_null(ter_layout_validate(&layout));
            assert_true(++steps < 64);
        }
        assert_int_equal(ter_layout_space_extent(&layout), TER_BYTES_IN_CHUNK);
        assert_true(layout.contiguous || layout.slot_count == 4);
    }
}

static void check_fit(const struct ter_layout *whole, size_t budget, bool may_share)
{
    struct ter_layout layout = *whole;
    bool share = may_share || !whole->contiguous;
    size_t bytes;

    if (!ter_layout_fit(&layout, budget, may_share)) {
        assert_true(ter_layout_heap_bytes(whole) <= budget);
        assert_memory_equal(&layout, whole, sizeof layout);
        return;
    }
    assert_true(ter_layout_heap_bytes(whole) > budget);
    assert_null(ter_layout_validate(&layout));
    assert_int_equal(layout.contiguous, !share);
    assert_false(layout.by_need);
    assert_int_equal(layout.first, 0);
    if (!share)
        assert_true(is_low(&layout));
    else if (whole->by_need) /* where a sparse map's table is small */
        assert_true(layout.heap_start >> (sizeof(uintptr_t) == 8 ? 41 : 31) == 0);
    else
        assert_int_equal(layout.heap_start, whole->heap_start);
    /* Most of what fits; but not less than a chunk for each slot, or 4 chunks that are shared. */
    bytes = ter_layout_heap_bytes(&layout);
    if (share) {
        assert_true(bytes <= budget || bytes == 4 * TER_BYTES_IN_CHUNK);
        assert_true(bytes + TER_BYTES_IN_CHUNK > budget - budget / 8);
    } else {
        assert_int_equal(layout.slot_count, whole->slot_count);
        assert_true(bytes <= budget || layout.log_space_extent == TER_LOG_BYTES_IN_CHUNK);
        assert_true(bytes + layout.slot_count > budget / 2);
    }
}

static void fitting(void **state)
{
    struct ter_layout layout;

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(names); i++) {
        size_t bytes;

        if (!ter_layout_find_preset(names[i], &layout))
            continue;
        bytes = ter_layout_heap_bytes(&layout);
        for (unsigned share = 0; share < 2; share++) {
            check_fit(&layout, bytes, share != 0);
            check_fit(&layout, bytes - 1, share != 0);
            for (size_t budget = SIZE_MAX; budget != 0; budget /= 3)
                check_fit(&layout, budget, share != 0);
            check_fit(&layout, 0, share != 0);
        }
    }
}

static void slots_lie_side_by_side(void **state)
{
    const struct ter_layout layout = {"test", 5 * TER_BYTES_IN_CHUNK, 25, 7, true, 0, false, 0};

    (void)state;
    assert_int_equal(ter_layout_space_extent(&layout), (size_t)1 << 25);
    assert_int_equal(ter_layout_heap_bytes(&layout), (size_t)7 << 25);
    assert_int_equal(ter_layout_slot_start(&layout, 0), layout.heap_start);
    for (unsigned slot = 1; slot < 7; slot++)
        assert_int_equal(ter_layout_slot_start(&layout, slot),
                         ter_layout_slot_start(&layout, slot - 1) + ((size_t)1 << 25));
    assert_int_equal(ter_layout_slot_start(&layout, 7),
                     layout.heap_start + ter_layout_heap_bytes(&layout));
}

static void arithmetic_does_not_wrap(void **state)
{
    const size_t chunk = TER_BYTES_IN_CHUNK, page = TER_BYTES_IN_PAGE;

    (void)state;
    for (size_t n = 0; n < 3; n++) {
        assert_int_equal(ter_bytes_to_chunks_up(n * chunk), n);
        assert_int_equal(ter_bytes_to_chunks_up(n * chunk + 1), n + 1);
        assert_int_equal(ter_bytes_to_chunks_up(n * chunk + chunk - 1), n + 1);
        assert_int_equal(ter_bytes_to_pages_up(n * page), n);
        assert_int_equal(ter_bytes_to_pages_up(n * page + 1), n + 1);
        assert_int_equal(ter_bytes_to_pages_up(n * page + page - 1), n + 1);
    }
    assert_int_equal(ter_bytes_to_chunks_up(SIZE_MAX), SIZE_MAX / chunk + 1);
    assert_int_equal(ter_bytes_to_chunks_up(SIZE_MAX - chunk + 1), SIZE_MAX / chunk);
    assert_int_equal(ter_bytes_to_chunks_up(SIZE_MAX - chunk + 2), SIZE_MAX / chunk + 1);
    assert_int_equal(ter_bytes_to_pages_up(SIZE_MAX), SIZE_MAX / page + 1);
    assert_int_equal(ter_bytes_to_pages_up(SIZE_MAX - page + 1), SIZE_MAX / page);
    assert_int_equal(ter_bytes_to_pages_up(SIZE_MAX - page + 2), SIZE_MAX / page + 1);
    assert_int_equal(TER_BLOCKS_IN_CHUNK * TER_BYTES_IN_BLOCK, chunk);
    assert_int_equal(TER_PAGES_IN_CHUNK * page, chunk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presets_are_valid),
        cmocka_unit_test(presets_in_numbers),
        cmocka_unit_test(every_rule),
        cmocka_unit_test(every_rule_of_a_limit),
        cmocka_unit_test(shrinking_ends),
        cmocka_unit_test(fitting),
        cmocka_unit_test(slots_lie_side_by_side),
        cmocka_unit_test(arithmetic_does_not_wrap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
