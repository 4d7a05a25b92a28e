/* SPDX-License-Identifier: MIT */
#include "foreign.h"

void test_foreign_arena_init(struct ter_arena *arena)
{
    const struct ter_arena_settings settings = {
        .layout = {.name = "test",
                   .log_space_extent = TEST_LOG_EXTENT,
                   .slot_count = TEST_SLOTS,
                   .contiguous = true},
        .foreign = true,
        .record_bytes = TER_KIB(1),
    };

    memset(arena, 0, sizeof *arena);
    assert_int_equal(ter_arena_init(arena, &settings), TER_OK);
}

uintptr_t test_reserve_chunks(size_t chunks)
{
    uintptr_t start;

    assert_int_equal(
        ter_os_reserve(0, chunks << TER_LOG_BYTES_IN_CHUNK, TER_BYTES_IN_CHUNK, &start), TER_OK);
    return start;
}

void test_release_chunks(uintptr_t start, size_t chunks)
{
    ter_os_release(start, chunks << TER_LOG_BYTES_IN_CHUNK);
}

bool test_is_unowned(const struct ter_arena *arena, uintptr_t word)
{
    return ter_sft_is_empty(ter_sft_map_get(&arena->map, word));
}

struct test_memory test_memory_now(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long all = 0, resident = 0;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu", &all, &resident), 2);
    fclose(file);
    return (struct test_memory){all * ter_os_page_size(), resident * ter_os_page_size()};
}

bool test_memory_is_as(const struct test_memory *before)
{
    struct test_memory now = test_memory_now();
    size_t slack = TER_HAS_SANITIZER ? TER_MIB(64) : TER_MIB(2);

    return now.addresses <= before->addresses + slack && now.resident <= before->resident + slack;
}
