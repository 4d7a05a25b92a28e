/* SPDX-License-Identifier: MIT */
/* Blocks: acquire, release, reuse, lists, accounting, a full slot, refused memory. */
#include "arena.h"

struct blocks_test {
    struct ter_arena arena;
    struct ter_range range;
    struct ter_blocks blocks;
    bool used[TEST_SLOT_BLOCKS];
    bool dirty[TEST_SLOT_BLOCKS];
    size_t count;
};

static int make_blocks(void **state)
{
    struct blocks_test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    test_arena_init(&test->arena);
    ter_range_init(&test->range, &test->arena, 2, TER_SIDE_SET(BLOCK_LINK) | TER_SIDE_SET(BLOCK),
                   test_add_owner(&test->arena));
    ter_blocks_init(&test->blocks, &test->range, &test->arena);
    *state = test;
    return 0;
}

static int free_blocks(void **state)
{
    struct blocks_test *test = *state;

    ter_arena_fini(&test->arena);
    free(test);
    return 0;
}

static void check_counts(const struct blocks_test *test)
{
    assert_int_equal(test->blocks.in_use, test->count);
    assert_int_equal(test_used_bytes(&test->arena), test->count << TER_LOG_BYTES_IN_BLOCK);
}

static uintptr_t acquire(struct blocks_test *test)
{
    uintptr_t block = 1;
    bool zeroed;
    size_t index;

    assert_int_equal(ter_blocks_acquire(&test->blocks, &block, &zeroed), TER_OK);
    index = (block - test->range.start) >> TER_LOG_BYTES_IN_BLOCK;
    assert_true(ter_is_aligned(block, TER_BYTES_IN_BLOCK));
    assert_true(index < TEST_SLOT_BLOCKS);
    assert_true(ter_range_holds(&test->range, &test->arena, block + TER_BYTES_IN_BLOCK - 1));
    assert_ptr_equal(ter_sft_map_get(&test->arena.map, block), test->range.owner);
    assert_false(test->used[index]);
    assert_int_equal(zeroed, !test->dirty[index]);
    if (zeroed)
        assert_true(test_reads_zero(block, TER_BYTES_IN_BLOCK));
    test->used[index] = test->dirty[index] = true;
    memset((void *)block, 0x77, TER_BYTES_IN_BLOCK);
    test->count++;
    check_counts(test);
    return block;
}

static void release(struct blocks_test *test, uintptr_t block)
{
    ter_blocks_release(&test->blocks, block);
    test->used[(block - test->range.start) >> TER_LOG_BYTES_IN_BLOCK] = false;
    test->count--;
    check_counts(test);
}

static void fill_empty_fill(void **state)
{
    struct blocks_test *test = *state;
    uintptr_t block = 1;
    bool zeroed;

    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < TEST_SLOT_BLOCKS; i++)
            acquire(test);
        assert_int_equal(ter_blocks_acquire(&test->blocks, &block, &zeroed),
                         TER_ERROR_NO_ADDRESS_SPACE);
        assert_int_equal(block, 1);
        check_counts(test);
        assert_int_equal(test_mapped_bytes(&test->range), TEST_EXTENT);
        for (size_t i = 0; i < TEST_SLOT_BLOCKS; i++)
            release(test, test->range.start + (i << TER_LOG_BYTES_IN_BLOCK));
    }
    assert_int_equal(atomic_load(&test->arena.accounting.peak_used_bytes), TEST_EXTENT);
}

static void random_operations(void **state)
{
    struct blocks_test *test = *state;
    struct ter_random random = test_random();
    unsigned steps = test_iterations(5000);

    for (unsigned i = 0; i < steps; i++) {
        size_t index = test_below(&random, TEST_SLOT_BLOCKS);

        if (test->used[index])
            release(test, test->range.start + (index << TER_LOG_BYTES_IN_BLOCK));
        else if (test->count < TEST_SLOT_BLOCKS)
            acquire(test);
    }
}

/* Memory is mapped a chunk at a time, and used again before more is mapped. */
static void grows_only_when_full(void **state)
{
    struct blocks_test *test = *state;
    uintptr_t last = 0;

    for (size_t i = 0; i < TER_BLOCKS_IN_CHUNK; i++)
        last = acquire(test);
    assert_int_equal(test_mapped_bytes(&test->range), TER_BYTES_IN_CHUNK);
    release(test, last);
    assert_int_equal(acquire(test), last);
    assert_int_equal(test_mapped_bytes(&test->range), TER_BYTES_IN_CHUNK);
    acquire(test);
    assert_int_equal(test_mapped_bytes(&test->range), 2 * TER_BYTES_IN_CHUNK);
}

static void lists_are_stacks_of_their_own(void **state)
{
    struct blocks_test *test = *state;
    struct ter_block_list a = {0}, b = {0};
    uintptr_t block[6];

    assert_int_equal(ter_block_list_pop(&test->blocks, &a), 0);
    for (size_t i = 0; i < 6; i++) {
        block[i] = acquire(test);
        ter_block_list_push(&test->blocks, i % 2 == 0 ? &a : &b, block[i]);
    }
    for (size_t i = 6; i-- > 0;)
        assert_int_equal(ter_block_list_pop(&test->blocks, i % 2 == 0 ? &a : &b), block[i]);
    assert_int_equal(ter_block_list_pop(&test->blocks, &a), 0);
    assert_int_equal(ter_block_list_pop(&test->blocks, &b), 0);
}

static void a_refused_commit_changes_nothing(void **state)
{
    struct blocks_test *test = *state;
    uint64_t failed = 1, k;

    for (k = 0; failed != 0; k++) {
        uintptr_t block = 1;
        ter_status status;
        bool zeroed;

        test_fail_calls(TEST_CALL(COMMIT), k, 1);
        status = ter_blocks_acquire(&test->blocks, &block, &zeroed);
        test_stop_failing(&failed);
        assert_int_equal(status, failed == 0 ? TER_OK : TER_ERROR_NO_MEMORY);
        if (failed == 0)
            break;
        assert_int_equal(block, 1);
        assert_int_equal(test_mapped_bytes(&test->range), 0);
        assert_true(ter_sft_is_empty(ter_sft_map_get(&test->arena.map, test->range.start)));
        check_counts(test);
    }
    /* What was mapped for a failed try is kept, so each try gets further. */
    assert_true(k >= 2);
    test->used[0] = test->dirty[0] = true;
    test->count = 1;
    for (size_t i = 1; i < TEST_SLOT_BLOCKS; i++)
        acquire(test);
}

#define BLOCKS_TEST(test) cmocka_unit_test_setup_teardown(test, make_blocks, free_blocks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BLOCKS_TEST(fill_empty_fill),
        BLOCKS_TEST(random_operations),
        BLOCKS_TEST(grows_only_when_full),
        BLOCKS_TEST(lists_are_stacks_of_their_own),
        BLOCKS_TEST(a_refused_commit_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
