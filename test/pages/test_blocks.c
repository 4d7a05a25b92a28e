/* SPDX-License-Identifier: MIT */
/* Blocks: acquire, release, reuse, lists, accounting, a full slot, refused memory, memory ahead. */
#include "arena.h"

#include <errno.h>
#include <stddef.h>

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

/* ---- Ahead ---- */

/* Other spaces of the heap have `bytes` in use, and it may have twice as much. */
static void let_heap_have(struct blocks_test *test, size_t bytes)
{
    test->arena.populates = true;
    ter_accounting_add_mapped(&test->arena.accounting, bytes);
    test->arena.accounting.limit_bytes = 2 * bytes;
}

static size_t resident(const struct blocks_test *test)
{
    return ter_accounting_resident(&test->arena.accounting);
}

/* Takes `blocks` blocks; how often the system was asked to populate. */
static uint64_t times_asked(struct blocks_test *test, size_t blocks)
{
    test_fail_calls(TEST_CALL(POPULATE), TEST_FOR_EVER, 1);
    for (size_t i = 0; i < blocks; i++)
        acquire(test);
    return test_stop_failing(NULL);
}

static void a_little_heap_takes_no_memory_ahead(void **state)
{
    struct blocks_test *test = *state;

    let_heap_have(test, TER_MIB(7));
    assert_int_equal(times_asked(test, 10), 0);
    assert_int_equal(resident(test), TER_MIB(7) + 10 * TER_BYTES_IN_BLOCK);
}

static void a_larger_one_takes_a_share_of_it(void **state)
{
    struct blocks_test *test = *state;

    let_heap_have(test, TER_MIB(9));
    /* 288 KiB are 9 blocks. */
    assert_int_equal(times_asked(test, 1), 1);
    assert_int_equal(resident(test), TER_MIB(9) + 9 * TER_BYTES_IN_BLOCK);
    assert_int_equal(times_asked(test, 8), 0);
    assert_int_equal(resident(test), TER_MIB(9) + 9 * TER_BYTES_IN_BLOCK);
    assert_int_equal(times_asked(test, 1), 1);
    /* And never more than 16. */
    ter_accounting_add_mapped(&test->arena.accounting, TER_MIB(500));
    test->arena.accounting.limit_bytes = TER_MIB(900);
    times_asked(test, 8);
    assert_int_equal(times_asked(test, 16), 1);
    assert_int_equal(times_asked(test, 1), 1);
}

static void nothing_is_taken_past_the_limit(void **state)
{
    struct blocks_test *test = *state;

    let_heap_have(test, TER_MIB(64));
    test->arena.accounting.limit_bytes = TER_MIB(64) + 3 * TER_BYTES_IN_BLOCK;
    assert_int_equal(times_asked(test, 3), 1);
    assert_int_equal(resident(test), TER_MIB(64) + 3 * TER_BYTES_IN_BLOCK);
    /* Then only what is used now. */
    assert_int_equal(times_asked(test, 4), 4);
    assert_int_equal(resident(test), TER_MIB(64) + 7 * TER_BYTES_IN_BLOCK);
}

static void a_refusal_is_the_last(void **state)
{
    const int errors[] = {EINVAL, ENOMEM, EFAULT, EPERM};

    for (size_t i = 0; i < TER_ARRAY_LENGTH(errors); i++) {
        struct blocks_test *test = *state;
        uint64_t failed;

        test->arena.populates = true;
        let_heap_have(test, TER_MIB(64));
        test_fail_calls(TEST_CALL(POPULATE), 0, TEST_FOR_EVER);
        test_fail_with(errors[i]);
        for (unsigned k = 0; k < 40; k++)
            acquire(test);
        test_fail_with(ENOMEM);
        assert_int_equal(test_stop_failing(&failed), 1);
        assert_int_equal(failed, 1);
        assert_false(test->arena.populates);
    }
}

static struct blocks_test *test_of(const struct ter_blocks *blocks)
{
    return (struct blocks_test *)((uintptr_t)blocks - offsetof(struct blocks_test, blocks));
}

static size_t index_of(const struct ter_blocks *blocks, uintptr_t block)
{
    return (block - test_of(blocks)->range.start) >> TER_LOG_BYTES_IN_BLOCK;
}

static bool is_free(const struct ter_blocks *blocks, uintptr_t block)
{
    return !test_of(blocks)->used[index_of(blocks, block)];
}

/* Of what was never handed out, too. */
static bool is_clean(const struct ter_blocks *blocks, uintptr_t block)
{
    return !test_of(blocks)->dirty[index_of(blocks, block)];
}

static void set_clean(struct ter_blocks *blocks, uintptr_t block, bool clean)
{
    test_of(blocks)->dirty[index_of(blocks, block)] = !clean;
}

/* What was taken ahead counts as resident, goes back as such, and is taken again. */
static void memory_ahead_goes_back(void **state)
{
    static const struct ter_blocks_view view = {is_free, is_clean, set_clean};
    struct blocks_test *test = *state;

    let_heap_have(test, TER_MIB(64));
    acquire(test);
    assert_int_equal(resident(test), TER_MIB(64) + 16 * TER_BYTES_IN_BLOCK);
    assert_int_equal(ter_blocks_trim(&test->blocks, &view, 5 * TER_BYTES_IN_BLOCK),
                     5 * TER_BYTES_IN_BLOCK);
    assert_int_equal(resident(test), TER_MIB(64) + 11 * TER_BYTES_IN_BLOCK);
    assert_int_equal(ter_blocks_trim(&test->blocks, &view, SIZE_MAX), 10 * TER_BYTES_IN_BLOCK);
    assert_int_equal(resident(test), TER_MIB(64) + TER_BYTES_IN_BLOCK);
    /* Clean ones side by side are populated together. */
    assert_int_equal(times_asked(test, 1), 1);
    assert_int_equal(resident(test), TER_MIB(64) + 16 * TER_BYTES_IN_BLOCK);
    assert_int_equal(times_asked(test, 14), 0);
    assert_int_equal(times_asked(test, 1), 1);
}

/* A chunk goes as a whole only where no more is given than was asked for. */
static void no_more_goes_back_than_is_meant(void **state)
{
    static const struct ter_blocks_view view = {is_free, is_clean, set_clean};
    struct blocks_test *test = *state;
    uintptr_t first = acquire(test);

    for (size_t i = 1; i < TER_BLOCKS_IN_CHUNK; i++)
        acquire(test);
    for (size_t i = 0; i < TER_BLOCKS_IN_CHUNK; i++)
        release(test, first + (i << TER_LOG_BYTES_IN_BLOCK));
    assert_int_equal(ter_blocks_trim(&test->blocks, &view, TER_MIB(1)), TER_MIB(1));
    assert_int_equal(test_mapped_bytes(&test->range), TER_BYTES_IN_CHUNK);
    assert_int_equal(ter_blocks_trim(&test->blocks, &view, TER_MIB(3)), TER_MIB(3));
    assert_int_equal(test_mapped_bytes(&test->range), 0);
    assert_int_equal(resident(test), 0);
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
        BLOCKS_TEST(a_little_heap_takes_no_memory_ahead),
        BLOCKS_TEST(a_larger_one_takes_a_share_of_it),
        BLOCKS_TEST(nothing_is_taken_past_the_limit),
        BLOCKS_TEST(a_refusal_is_the_last),
        BLOCKS_TEST(memory_ahead_goes_back),
        BLOCKS_TEST(no_more_goes_back_than_is_meant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
