/* SPDX-License-Identifier: MIT */
#include "ground.h"

const struct ter_sft test_functions = {.kind = TER_SPACE_OTHER, .name = "terrier:test"};

uintptr_t test_start(void)
{
    const size_t bytes = TEST_SLOTS * TEST_EXTENT;
    uintptr_t start = TEST_START;

    if (sizeof(uintptr_t) == 8 || !test_is_mapped(start, bytes))
        return start;
    assert_int_equal(ter_os_reserve(0, bytes, TEST_EXTENT, &start), TER_OK);
    ter_os_release(start, bytes);
    return start;
}

void test_ground_init(struct ter_ground *ground)
{
    const struct ter_ground_settings settings = {
        .layout = {"test", test_start(), TEST_LOG_EXTENT, TEST_SLOTS, true, 0, false, 0},
        .record_bytes = TER_KIB(1),
    };

    assert_null(ter_layout_validate(&settings.layout));
    memset(ground, 0, sizeof *ground);
    assert_int_equal(ter_ground_init(ground, &settings), TER_OK);
    assert_int_equal(ground->layout.log_space_extent, TEST_LOG_EXTENT);
}

size_t test_used_bytes(const struct ter_ground *ground)
{
    return atomic_load(&ground->accounting.used_bytes);
}

size_t test_mapped_bytes(const struct ter_range *range)
{
    return atomic_load(&range->mapped_bytes);
}

bool test_reads_zero(uintptr_t start, size_t bytes)
{
    for (const uintptr_t *word = (const uintptr_t *)start; bytes > 0; bytes -= sizeof *word)
        if (*word++ != 0)
            return false;
    return true;
}

const struct ter_sft *test_add_owner(struct ter_ground *ground)
{
    struct ter_sft *space;

    assert_int_equal(ter_sft_map_add_space(&ground->map, &test_functions, &space), TER_OK);
    return space;
}
