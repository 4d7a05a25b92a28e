/* SPDX-License-Identifier: MIT */
#include "ground.h"

const struct ter_sft test_functions = {.kind = TER_SPACE_OTHER, .name = "terrier:test"};

void test_ground_init(struct ter_ground *ground)
{
    const struct ter_ground_settings settings = {
        .layout = {"test", TEST_START, TEST_LOG_EXTENT, TEST_SLOTS, true, 0},
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
