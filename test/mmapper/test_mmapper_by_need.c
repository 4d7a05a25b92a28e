/* SPDX-License-Identifier: MIT */
/* Mappers that reserve nothing: strangers, chunks in parts, refusals. */
#include "mmapper/mmapper.h"

#include "support.h"

/* A mapper over free addresses that reserves none of them. */
static void open_by_need(struct ter_mmapper *mmapper, size_t chunks)
{
    uintptr_t start;

    assert_int_equal(ter_os_reserve(0, chunks * TER_BYTES_IN_CHUNK, TER_BYTES_IN_CHUNK, &start),
                     TER_OK);
    ter_os_release(start, chunks * TER_BYTES_IN_CHUNK);
    assert_int_equal(ter_mmapper_init_by_need(mmapper, start, chunks * TER_BYTES_IN_CHUNK,
                                              TER_LOG_BYTES_IN_CHUNK),
                     TER_OK);
}

static void by_need_nothing_is_reserved(void **state)
{
    struct ter_mmapper mmapper;
    uintptr_t start;

    (void)state;
    open_by_need(&mmapper, 4);
    start = mmapper.start;
    assert_false(test_is_mapped(start, 4 * TER_BYTES_IN_CHUNK));
    assert_int_equal(ter_mmapper_map(&mmapper, start + TER_BYTES_IN_CHUNK, 1, "terrier:test"),
                     TER_OK);
    /* Somebody else has the last. */
    assert_int_equal(ter_os_reserve_at(start + 3 * TER_BYTES_IN_CHUNK, ter_os_page_size()), TER_OK);
    assert_int_equal(ter_mmapper_map(&mmapper, start, 4 * TER_BYTES_IN_CHUNK, "terrier:test"),
                     TER_ERROR_OWNED);
    assert_int_equal(ter_mmapper_state(&mmapper, start), TER_CHUNK_RESERVED);
    assert_false(test_is_mapped(start, TER_BYTES_IN_CHUNK));
    assert_int_equal(ter_mmapper_map(&mmapper, start, 3 * TER_BYTES_IN_CHUNK, "terrier:test"),
                     TER_OK);
    assert_int_equal(ter_mmapper_unmap(&mmapper, start, TER_BYTES_IN_CHUNK), TER_OK);
    assert_false(test_is_mapped(start, TER_BYTES_IN_CHUNK));
    ter_mmapper_fini(&mmapper);
    assert_false(test_is_mapped(start, 3 * TER_BYTES_IN_CHUNK));
    assert_true(test_is_mapped(start + 3 * TER_BYTES_IN_CHUNK, 1));
    ter_os_release(start + 3 * TER_BYTES_IN_CHUNK, ter_os_page_size());
}

static void chunks_in_parts(void **state)
{
    const size_t piece = TER_BYTES_IN_PIECE;
    struct ter_mmapper mmapper;
    uintptr_t start, second;

    (void)state;
    open_by_need(&mmapper, 6);
    start = mmapper.start;
    second = start + TER_BYTES_IN_CHUNK;
    for (unsigned i = 0; i < TER_MMAPPER_PARTS; i++)
        assert_int_equal(ter_mmapper_map_in_parts(&mmapper, start + i * TER_BYTES_IN_CHUNK),
                         TER_OK);
    assert_int_equal(ter_mmapper_map_in_parts(&mmapper, start + 4 * TER_BYTES_IN_CHUNK),
                     TER_ERROR_FULL);
    assert_int_equal(ter_mmapper_map(&mmapper, start + 4 * TER_BYTES_IN_CHUNK, 1, "terrier:test"),
                     TER_OK);
    assert_int_equal(ter_mmapper_state(&mmapper, start), TER_CHUNK_MAPPED);
    assert_false(ter_mmapper_has_memory(&mmapper, start));
    assert_false(test_is_mapped(start, 4 * TER_BYTES_IN_CHUNK));
    /* From the last byte of one piece to the first of the next but one. */
    assert_int_equal(ter_mmapper_fill(&mmapper, second + 2 * piece - 1, piece + 2, "terrier:test"),
                     TER_OK);
    for (size_t i = 0; i < TER_BYTES_IN_CHUNK / piece; i++) {
        bool filled = i >= 1 && i <= 3;

        assert_int_equal(ter_mmapper_has_memory(&mmapper, second + i * piece), filled);
        assert_int_equal(ter_mmapper_has_memory(&mmapper, second + (i + 1) * piece - 1), filled);
        assert_int_equal(test_is_mapped(second + i * piece, piece), filled);
    }
    assert_true(ter_mmapper_has_memory(&mmapper, start + 4 * TER_BYTES_IN_CHUNK));
    assert_false(ter_mmapper_has_memory(&mmapper, start + 5 * TER_BYTES_IN_CHUNK));
    /* What is there keeps its contents; over several chunks, one of them whole. */
    *(char *)(second + piece) = 7;
    assert_int_equal(ter_mmapper_fill(&mmapper, second, 3 * TER_BYTES_IN_CHUNK + 1, "terrier:test"),
                     TER_OK);
    assert_int_equal(*(char *)(second + piece), 7);
    memset((void *)second, 1, 4 * TER_BYTES_IN_CHUNK);
    /* A chunk that has all its pieces is no part any more. */
    assert_int_equal(ter_mmapper_map_in_parts(&mmapper, start + 5 * TER_BYTES_IN_CHUNK), TER_OK);
    assert_int_equal(
        ter_mmapper_fill(&mmapper, start + 6 * TER_BYTES_IN_CHUNK - 1, 1, "terrier:test"), TER_OK);
    assert_int_equal(ter_mmapper_unmap(&mmapper, start, 6 * TER_BYTES_IN_CHUNK), TER_OK);
    assert_false(test_is_mapped(start, 6 * TER_BYTES_IN_CHUNK));
    assert_int_equal(ter_mmapper_map_in_parts(&mmapper, second), TER_OK);
    assert_int_equal(ter_mmapper_fill(&mmapper, second, 1, "terrier:test"), TER_OK);
    assert_int_equal(*(char *)second, 0);
    ter_mmapper_fini(&mmapper);
    assert_false(test_is_mapped(start, 6 * TER_BYTES_IN_CHUNK));
}

static void parts_that_are_refused(void **state)
{
    const size_t piece = TER_BYTES_IN_PIECE;
    struct ter_mmapper mmapper;
    uintptr_t start;

    (void)state;
    open_by_need(&mmapper, 2);
    start = mmapper.start;
    assert_int_equal(ter_os_reserve_at(start + 3 * piece, ter_os_page_size()), TER_OK);
    assert_int_equal(ter_mmapper_map_in_parts(&mmapper, start), TER_ERROR_OWNED);
    assert_int_equal(ter_mmapper_state(&mmapper, start), TER_CHUNK_RESERVED);
    ter_os_release(start + 3 * piece, ter_os_page_size());
    assert_int_equal(ter_mmapper_map_in_parts(&mmapper, start), TER_OK);
    /* Somebody comes to lie in it later. */
    assert_int_equal(ter_os_reserve_at(start + 3 * piece, ter_os_page_size()), TER_OK);
    assert_int_equal(ter_mmapper_fill(&mmapper, start, 4 * piece, "terrier:test"), TER_ERROR_OWNED);
    assert_true(ter_mmapper_has_memory(&mmapper, start + 3 * piece - 1));
    assert_false(ter_mmapper_has_memory(&mmapper, start + 3 * piece));
    test_fail_calls(TEST_CALL(COMMIT), 0, 1);
    assert_int_equal(ter_mmapper_fill(&mmapper, start + 5 * piece, 1, "terrier:test"),
                     TER_ERROR_NO_MEMORY);
    test_stop_failing(NULL);
    assert_false(ter_mmapper_has_memory(&mmapper, start + 5 * piece));
    /* The system keeps the second of three pieces. */
    test_fail_calls(TEST_CALL(DECOMMIT), 1, 1);
    assert_int_not_equal(ter_mmapper_unmap(&mmapper, start, TER_BYTES_IN_CHUNK), TER_OK);
    test_stop_failing(NULL);
    assert_false(ter_mmapper_has_memory(&mmapper, start));
    assert_true(ter_mmapper_has_memory(&mmapper, start + piece));
    assert_int_equal(ter_mmapper_unmap(&mmapper, start, TER_BYTES_IN_CHUNK), TER_OK);
    assert_true(test_is_mapped(start + 3 * piece, 1));
    ter_os_release(start + 3 * piece, ter_os_page_size());
    ter_mmapper_fini(&mmapper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_need_nothing_is_reserved),
        cmocka_unit_test(chunks_in_parts),
        cmocka_unit_test(parts_that_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
