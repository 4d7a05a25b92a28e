/* SPDX-License-Identifier: MIT */
/* Where layouts that were made smaller begin: what mutation and coverage found untested. */
#include "layout/layout.h"

#include "support.h"

#define ADDRESS_BITS ((unsigned)sizeof(uintptr_t) * 8)

/* 4096 times the size of a slot above address 0, where there is such an address. */
static void small_slots_begin_low(void **state)
{
    struct ter_layout layout = {.name = "a", .slot_count = 2, .contiguous = true};

    (void)state;
    for (unsigned log = TER_LOG_BYTES_IN_CHUNK + 1; log < ADDRESS_BITS - 2; log++) {
        uintptr_t low = log - 1 + 12 < ADDRESS_BITS ? (uintptr_t)1 << (log - 1 + 12) : 0;

        layout.log_space_extent = log;
        layout.heap_start = 0;
        assert_true(ter_layout_shrink(&layout));
        assert_int_equal(layout.log_space_extent, log - 1);
        assert_int_equal(layout.heap_start, low);
        layout.log_space_extent = log;
        layout.heap_start = TER_BYTES_IN_CHUNK;
        assert_true(ter_layout_shrink(&layout));
        assert_int_equal(layout.heap_start, low != 0 ? TER_BYTES_IN_CHUNK : 0);
    }
}

static void a_limit_keeps_the_start(void **state)
{
    const uintptr_t start = TER_BYTES_IN_CHUNK * 3;
    struct ter_layout layout = {.name = "a",
                                .heap_start = start,
                                .log_space_extent = TER_LOG_BYTES_IN_CHUNK + 2,
                                .slot_count = 2,
                                .contiguous = true,
                                .limit = TER_BYTES_IN_CHUNK * 16};

    (void)state;
    assert_true(ter_layout_fit(&layout, TER_BYTES_IN_CHUNK * 2, false));
    assert_int_equal(layout.log_space_extent, TER_LOG_BYTES_IN_CHUNK);
    assert_int_equal(layout.heap_start, start);
    assert_true(layout.contiguous);
}

static char message[200];

static bool read_layout(const char *text, size_t length, struct ter_layout *layout)
{
    return ter_layout_read(text, length, layout, message, sizeof message);
}

static void digits_at_the_ends(void **state)
{
    static const char text[] = "custom:extent=64M:slots=2:shared=1:start=0xAF000000";
    static const char zero_byte[] = "custom:extent=64M:slots=2:shared=1:start=0x1000000";
    struct ter_layout layout;

    (void)state;
    assert_true(read_layout(text, sizeof text - 1, &layout));
    assert_int_equal(layout.heap_start, 0xaf000000u);
    assert_true(read_layout(zero_byte, sizeof zero_byte - 1, &layout));
    assert_false(read_layout(zero_byte, sizeof zero_byte, &layout));
    assert_non_null(strstr(message, "not a number"));
    assert_true(read_layout("custom:shared=0x1", 17, &layout));
    assert_false(layout.contiguous);
}

/* The largest word is a number, if not the start of a heap. */
static void the_largest_word(void **state)
{
    char text[40];
    struct ter_layout layout;
    int length = snprintf(text, sizeof text, "custom:start=%#zx", (size_t)UINTPTR_MAX);

    (void)state;
    assert_false(read_layout(text, (size_t)length, &layout));
    assert_non_null(strstr(message, "multiple of a chunk"));
}

struct preset {
    const char *name;
    uint64_t heap_start;
    unsigned log_space_extent, slot_count;
    bool contiguous;
    uint64_t limit;
};

/* The numbers are chosen; a change of one is to be meant. */
static void presets_in_full(void **state)
{
    static const struct preset presets[] = {
        {"default", UINT64_C(0x2f8000000000), 36, 3, true, 0},
        {"compressed", UINT64_C(0x100000000), 30, 28, false, UINT64_C(0x800000000)},
        {"small", UINT64_C(0x2000000000), 30, 16, true, 0},
        {"sanitizer", UINT64_C(0x7e8000000000), 34, 16, true, 0},
        {"32bit", 0x40000000, 27, 8, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(presets); i++) {
        const struct preset *preset = &presets[i];
        struct ter_layout layout;

        if (sizeof(uintptr_t) < sizeof(uint64_t) && strcmp(preset->name, "32bit") != 0)
            continue;
        assert_true(ter_layout_find_preset(preset->name, &layout));
        assert_int_equal(layout.heap_start, preset->heap_start);
        assert_int_equal(layout.log_space_extent, preset->log_space_extent);
        assert_int_equal(layout.slot_count, preset->slot_count);
        assert_int_equal(layout.contiguous, preset->contiguous);
        assert_int_equal(layout.limit, preset->limit);
        assert_int_equal(layout.by_need, strcmp(preset->name, "default") == 0);
    }
}

static void names_that_stand_for_others(void **state)
{
    static const char long_name[] = "abcdefghijklmnopqrstuvwxyz";
    const char *usual = sizeof(uintptr_t) < sizeof(uint64_t) ? "32bit" : "small";
    struct ter_layout layout, wanted;

    (void)state;
    assert_true(read_layout("custom", 6, &layout));
    assert_true(ter_layout_find_preset(usual, &wanted));
    assert_int_equal(layout.heap_start, wanted.heap_start);
    assert_int_equal(layout.slot_count, wanted.slot_count);
    for (size_t length = 1; length < sizeof long_name; length++) {
        assert_false(read_layout(long_name, length, &layout));
        assert_non_null(strstr(message, "is no layout"));
    }
    if (sizeof TER_AUTO_LAYOUT == 1 && sizeof(uintptr_t) == sizeof(uint64_t))
        assert_string_not_equal(ter_layout_auto_name(), "32bit");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_slots_begin_low), cmocka_unit_test(a_limit_keeps_the_start),
        cmocka_unit_test(digits_at_the_ends),    cmocka_unit_test(the_largest_word),
        cmocka_unit_test(presets_in_full),       cmocka_unit_test(names_that_stand_for_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
