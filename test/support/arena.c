/* SPDX-License-Identifier: MIT */
#include "arena.h"

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

void test_arena_init(struct ter_arena *arena)
{
    const struct ter_arena_settings settings = {
        .layout = {"test", test_start(), TEST_LOG_EXTENT, TEST_SLOTS, true, 0, false, 0},
        .record_bytes = TER_KIB(1),
    };

    assert_null(ter_layout_validate(&settings.layout));
    memset(arena, 0, sizeof *arena);
    assert_int_equal(ter_arena_init(arena, &settings), TER_OK);
    assert_int_equal(arena->layout.log_space_extent, TEST_LOG_EXTENT);
}

size_t test_used_bytes(const struct ter_arena *arena)
{
    return atomic_load(&arena->accounting.used_bytes);
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

const struct ter_sft *test_add_owner(struct ter_arena *arena)
{
    struct ter_sft *space;

    assert_int_equal(ter_sft_map_add_space(&arena->map, &test_functions, &space), TER_OK);
    return space;
}
