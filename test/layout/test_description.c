/* SPDX-License-Identifier: MIT */
/* Layouts as text: names, every field, every complaint, garbage. */
#include "layout/layout.h"
#include "support.h"

static char message[400];

static bool read_text(const char *text, struct ter_layout *layout)
{
    memset(message, 'x', sizeof message);
    message[0] = '\0';
    return ter_layout_read(text, strlen(text), layout, message, sizeof message);
}

static void check_refused(const char *text, const char *part)
{
    struct ter_layout layout, before;

    memset(&layout, 0x5a, sizeof layout);
    before = layout;
    assert_false(read_text(text, &layout));
    assert_memory_equal(&layout, &before, sizeof layout);
    if (strstr(message, part) == NULL)
        print_error("'%s': '%s' is not in '%s'\n", text, part, message);
    assert_non_null(strstr(message, part));
}

static void names(void **state)
{
    static const char *const presets[] = {"default", "compressed", "small", "sanitizer", "32bit"};
    struct ter_layout layout, wanted;

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(presets); i++) {
        if (!ter_layout_find_preset(presets[i], &wanted)) {
            check_refused(presets[i], "fits this machine");
            continue;
        }
        assert_true(read_text(presets[i], &layout));
        assert_memory_equal(&layout, &wanted, sizeof layout);
    }
    assert_true(read_text("auto", &layout));
    assert_string_equal(layout.name, ter_layout_auto_name());
    assert_true(read_text("custom", &layout));
    assert_string_equal(layout.name, "custom");
    /* Only so much of the text as was said. */
    assert_true(ter_layout_read("32bitter", 5, &layout, NULL, 0));
    assert_string_equal(layout.name, "32bit");
}

static void every_field(void **state)
{
    struct ter_layout layout;

    (void)state;
    assert_true(
        read_text("custom:start=0x10000000:extent=64M:slots=5:limit=0x40000000:shared=1", &layout));
    assert_string_equal(layout.name, "custom");
    assert_int_equal(layout.heap_start, 0x10000000);
    assert_int_equal(layout.log_space_extent, 26);
    assert_int_equal(layout.slot_count, 5);
    assert_int_equal(layout.limit, 0x40000000);
    assert_false(layout.contiguous);
    /* In any order, the last of a name wins, the rest as in the layout named. */
    assert_true(read_text("32bit:slots=9:start=256M:slots=3:shared=0", &layout));
    assert_string_equal(layout.name, "custom");
    assert_int_equal(layout.heap_start, 256 << 20);
    assert_int_equal(layout.log_space_extent, 27);
    assert_int_equal(layout.slot_count, 3);
    assert_int_equal(layout.limit, 0);
    assert_true(layout.contiguous);
    assert_true(read_text("custom:start=0XaBc00000:extent=4194304:slots=3", &layout));
    assert_int_equal(layout.heap_start, 0xabc00000u);
    assert_int_equal(layout.log_space_extent, 22);
    if (sizeof(uintptr_t) < 8)
        return;
    assert_true(read_text("compressed:slots=4:extent=512m:start=0", &layout));
    assert_true(layout.limit == (uintptr_t)(UINT64_C(1) << 35));
    assert_int_equal(layout.heap_start, 0);
    assert_true(read_text("default:start=4t", &layout));
    assert_true(layout.heap_start == (uintptr_t)(UINT64_C(4) << 40));
    assert_true(layout.by_need && layout.first != 0);
    /* Slots that are too small for where spaces begin in the preset's. */
    assert_true(read_text("default:extent=1G", &layout));
    assert_true(layout.by_need && layout.first == 0);
    assert_true(read_text("default:by_need=0", &layout));
    assert_false(layout.by_need);
    assert_true(read_text("default:shared=1", &layout));
    assert_true(!layout.by_need && layout.first == 0);
    assert_true(read_text("default:limit=0", &layout));
    assert_true(layout.by_need);
    assert_true(read_text("default:limit=96T", &layout));
    assert_false(layout.by_need);
    assert_true(read_text("small:by_need=1:first=8M", &layout));
    assert_true(layout.by_need && layout.first == TER_MIB(8));
}

static void every_complaint(void **state)
{
    (void)state;
    check_refused("", "''");
    check_refused("moon", "'moon'");
    check_refused("moon", ter_layout_preset_names());
    check_refused("Auto", "auto, custom");
    check_refused("a-name-that-is-longer-than-that-of-any-layout", "longer");
    check_refused("moon:slots=4", "'moon'");
    check_refused(":slots=4", "''");
    check_refused("custom:",
                  "has the fields start, extent, slots, limit, shared, by_need and first");
    check_refused("custom::slots=4", "has the fields");
    check_refused("custom:slots=4:", "has the fields");
    check_refused("custom:slot=4", "'slot=4': a layout has the fields");
    check_refused("custom:=4", "'=4': a layout has the fields");
    check_refused("custom:slots", "'slots': not a number");
    check_refused("custom:slots=", "'slots=': not a number");
    check_refused("custom:slots=-1", "not a number");
    check_refused("custom:start=0x", "not a number");
    check_refused("custom:start=0xg", "not a number");
    check_refused("custom:start=0x1 ", "not a number");
    check_refused("custom:start=0x10000000000000000", "not a number");
    check_refused("custom:start=18446744073709551616", "not a number");
    check_refused("custom:extent=3M", "'extent=3M': the bytes of a slot are a power of two");
    check_refused("custom:extent=0", "power of two");
    check_refused("custom:shared=2", "'shared=2': shared is 0 or 1");
    check_refused("custom:by_need=2", "'by_need=2': by_need is 0 or 1");
    check_refused("custom:shared=1:by_need=1", "grow by need have slots of their own");
    check_refused("custom:slots=4:limit=2048G:by_need=1",
                  sizeof(uintptr_t) < 8 ? "not a number" : "grow by need have slots of their own");
    check_refused("custom:extent=8M:first=8M", "a space begins at a chunk of its slot");
    check_refused("custom:extent=8M:first=1M", "a space begins at a chunk of its slot");
    check_refused("custom:shared=1:first=4M", "a space begins at a chunk of its slot");
    /* The rules of layouts come with the whole text. */
    check_refused("custom:slots=0", "'custom:slots=0': a layout has 1 to 64 slots");
    check_refused("custom:slots=65", "1 to 64 slots");
    check_refused("custom:slots=4294967297", sizeof(uintptr_t) < 8 ? "not a number" : "1 to 64");
    check_refused("custom:extent=1M", "at least one chunk");
    check_refused("custom:extent=2048M:slots=64:start=0xffffffff80000000",
                  sizeof(uintptr_t) < 8 ? "not a number" : "inside the address space");
    check_refused("custom:start=1M", "multiple of a chunk");
    check_refused("custom:extent=4M:limit=1M", "limit is a multiple of a chunk");
    check_refused("custom:extent=4M:slots=4:limit=16M", "larger than what lies below the limit");
    check_refused("custom:extent=4M:slots=4:start=8M:limit=20M", "at or below the limit");
}

static void messages_are_cut(void **state)
{
    struct ter_layout layout;
    char text[64];

    (void)state;
    for (size_t size = 1; size < 40; size++) {
        memset(text, 'x', sizeof text);
        assert_false(ter_layout_read("moon", 4, &layout, text, size));
        assert_true(strlen(text) < size);
        assert_int_equal(text[size], 'x');
    }
    assert_false(ter_layout_read("moon", 4, &layout, NULL, 0));
    assert_false(ter_layout_read("custom:slots=0", 14, &layout, NULL, 0));
}

/* Pieces of descriptions in any order: a valid layout, or a sentence. */
static void random_texts(void **state)
{
    static const char *const pieces[] = {
        "custom", "auto", "32bit", ":",  "=", "start",  "extent",   "slots", "limit", "shared",
        "0",      "1",    "4",     "0x", "f", "400000", "10000000", "M",     "G",     "T",
        "-",      " ",    "64",    "9",  ",", "\xff",   "\n",       "%s",    "3",     "8",
    };
    struct ter_random random = test_random();
    unsigned read = 0, count = test_iterations(100000);

    (void)state;
    for (unsigned i = 0; i < count; i++) {
        char text[300] = "custom:";
        size_t length = strlen(text) * test_below(&random, 2);
        unsigned parts = (unsigned)test_below(&random, 14);
        struct ter_layout layout;

        for (unsigned n = 0; n < parts; n++) {
            const char *piece = pieces[test_below(&random, TER_ARRAY_LENGTH(pieces))];

            memcpy(text + length, piece, strlen(piece));
            length += strlen(piece);
        }
        message[0] = '\0';
        if (ter_layout_read(text, length, &layout, message, sizeof message)) {
            assert_null(ter_layout_validate(&layout));
            read++;
        } else {
            assert_true(message[0] != '\0');
        }
    }
    assert_true(read > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),           cmocka_unit_test(every_field),
        cmocka_unit_test(every_complaint), cmocka_unit_test(messages_are_cut),
        cmocka_unit_test(random_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
