/* SPDX-License-Identifier: MIT */
/* Arenas that reserve nothing: strangers in their range, two at one placement, failures, the
 * end. */
#include "arena.h"

#include <sys/mman.h>

#define CHUNK TER_BYTES_IN_CHUNK

static const ter_side_set side = TER_SIDE_SET(MARK) | TER_SIDE_SET(BLOCK);

/* Free addresses for the slots and what comes behind. */
static struct ter_layout by_need_layout(uintptr_t first)
{
    struct ter_layout layout = {"by need", 0, TEST_LOG_EXTENT, TEST_SLOTS, true, 0, true, first};

    assert_int_equal(
        ter_os_reserve(0, 2 * TEST_SLOTS * TEST_EXTENT, TEST_EXTENT, &layout.heap_start), TER_OK);
    ter_os_release(layout.heap_start, 2 * TEST_SLOTS * TEST_EXTENT);
    assert_null(ter_layout_validate(&layout));
    return layout;
}

static ter_status open_arena(struct ter_arena *arena, const struct ter_layout *layout)
{
    const struct ter_arena_settings settings = {.layout = *layout, .record_bytes = TER_KIB(1)};

    memset(arena, 0, sizeof *arena);
    return ter_arena_init(arena, &settings);
}

static void put_stranger(uintptr_t place)
{
    void *got = mmap((void *)place, ter_os_page_size(), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_int_equal((uintptr_t)got, place);
    *(char *)got = 0x77;
}

static void remove_stranger(uintptr_t place)
{
    assert_int_equal(*(char *)place, 0x77);
    assert_int_equal(munmap((void *)place, ter_os_page_size()), 0);
}

static void nothing_is_reserved(void **state)
{
    struct ter_layout layout = by_need_layout(CHUNK);
    size_t before = test_count_mappings("");
    struct ter_arena arena;
    struct ter_range range;
    uintptr_t got;

    (void)state;
    assert_int_equal(open_arena(&arena, &layout), TER_OK);
    assert_int_equal(arena.layout.heap_start, layout.heap_start);
    assert_false(test_is_mapped(layout.heap_start, ter_layout_heap_bytes(&layout)));
    ter_range_init(&range, &arena, 1, side, test_add_owner(&arena));
    /* The space begins where the layout says, and has the rest of its slot. */
    assert_int_equal(range.start, layout.heap_start + TEST_EXTENT + CHUNK);
    assert_int_equal(range.extent_bytes, TEST_EXTENT - CHUNK);
    assert_int_equal(ter_range_grow(&range, &arena, 1, &got), TER_OK);
    assert_int_equal(got, range.start);
    assert_true(test_reads_zero(got, CHUNK));
    assert_false(test_is_mapped(got + CHUNK, TEST_EXTENT - 2 * CHUNK));
    assert_false(test_is_mapped(got - CHUNK, CHUNK));
    memset((void *)got, 1, CHUNK);
    assert_int_equal(ter_range_return(&range, &arena, got, 1), TER_OK);
    assert_false(test_is_mapped(got, CHUNK));
    assert_int_equal(ter_range_grow(&range, &arena, 2, &got), TER_OK);
    assert_true(test_reads_zero(got, 2 * CHUNK));
    ter_arena_fini(&arena);
    /* Sanitizers map shadows of their own. */
    if (!TER_HAS_SANITIZER)
        assert_int_equal(test_count_mappings(""), before);
}

/* What lies in the way is gone round; its words belong to nobody, and asking about them is safe. */
static void strangers_stay(void **state)
{
    struct ter_layout layout = by_need_layout(0);
    struct ter_arena arena;
    struct ter_range range;
    uintptr_t got, stranger;

    (void)state;
    assert_int_equal(open_arena(&arena, &layout), TER_OK);
    ter_range_init(&range, &arena, 2, side, test_add_owner(&arena));
    stranger = range.start + 2 * CHUNK - ter_os_page_size();
    put_stranger(stranger);
    /* Two chunks: the first two are not free, and the first is for who wants one. */
    assert_int_equal(ter_range_grow(&range, &arena, 2, &got), TER_OK);
    assert_int_equal(got, range.start + 2 * CHUNK);
    assert_int_equal(ter_range_grow(&range, &arena, 1, &got), TER_OK);
    assert_int_equal(got, range.start);
    assert_int_equal(ter_range_grow(&range, &arena, 1, &got), TER_ERROR_NO_ADDRESS_SPACE);
    assert_int_equal(range.chunks, 3);
    assert_false(ter_range_holds(&range, &arena, stranger));
    /* In the hull, so metadata is read; it says that there is nothing. */
    assert_true(ter_range_covers(&range, stranger));
    for (uintptr_t word = range.start + CHUNK; word < range.start + 2 * CHUNK; word += 4096) {
        const struct {
            uint64_t words[2];
        } *block = TER_SIDE_RECORD(arena.side, BLOCK, word);

        assert_false(ter_bits_test(&arena.side.tables[TER_SIDE_VALID_OBJECT], word));
        assert_false(ter_bits_test(&arena.side.tables[TER_SIDE_MARK], word));
        assert_true(block->words[0] == 0 && block->words[1] == 0);
    }
    assert_int_equal(ter_range_return(&range, &arena, range.start + 2 * CHUNK, 2), TER_OK);
    assert_false(ter_range_covers(&range, stranger));
    assert_int_equal(ter_range_next(&range, &arena, stranger, &got), 0);
    ter_arena_fini(&arena);
    remove_stranger(stranger);
}

static void strangers_in_every_chunk(void **state)
{
    struct ter_layout layout = by_need_layout(0);
    struct ter_arena arena;
    struct ter_range range;
    uintptr_t got;

    (void)state;
    assert_int_equal(open_arena(&arena, &layout), TER_OK);
    ter_range_init(&range, &arena, 0, side, test_add_owner(&arena));
    for (size_t at = 0; at < TEST_EXTENT; at += CHUNK)
        put_stranger(range.start + at);
    assert_int_equal(ter_range_grow(&range, &arena, 1, &got), TER_ERROR_NO_ADDRESS_SPACE);
    assert_int_equal(ter_range_grow(&range, &arena, 3, &got), TER_ERROR_NO_ADDRESS_SPACE);
    assert_int_equal(range.chunks, 0);
    assert_true(ter_sft_is_empty(ter_sft_map_get(&arena.map, range.start)));
    ter_arena_fini(&arena);
    for (size_t at = 0; at < TEST_EXTENT; at += CHUNK)
        remove_stranger(layout.heap_start + at);
}

/* Tables have one place: without it the space cannot grow, and stays as it is. */
static void strangers_where_metadata_lies(void **state)
{
    struct ter_layout layout = by_need_layout(0);
    struct ter_arena arena;
    struct ter_range range;
    uintptr_t got, stranger;

    (void)state;
    assert_int_equal(open_arena(&arena, &layout), TER_OK);
    ter_range_init(&range, &arena, 1, side, test_add_owner(&arena));
    stranger = ter_align_down(ter_side_address(&arena.side.tables[TER_SIDE_MARK], range.start),
                              ter_os_page_size());
    put_stranger(stranger);
    assert_int_equal(ter_range_grow(&range, &arena, 1, &got), TER_ERROR_NO_ADDRESS_SPACE);
    assert_false(test_is_mapped(range.start, TEST_EXTENT));
    assert_int_equal(range.chunks, 0);
    remove_stranger(stranger);
    assert_int_equal(ter_range_grow(&range, &arena, 1, &got), TER_OK);
    ter_arena_fini(&arena);
}

/* The placement of one arena is not another's, also if neither has a chunk. */
static void a_placement_has_one_arena(void **state)
{
    struct ter_layout layout = by_need_layout(0);
    size_t before = test_count_mappings("");
    struct ter_arena first, second;

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(open_arena(&first, &layout), TER_OK);
        assert_int_equal(open_arena(&second, &layout), TER_ERROR_OWNED);
        ter_arena_fini(&first);
        assert_int_equal(test_count_mappings(""), before);
    }
}

static void failures_change_nothing(void **state)
{
    struct ter_layout layout = by_need_layout(CHUNK);
    size_t before = test_count_mappings("");
    struct ter_arena arena;
    struct ter_range range;
    uintptr_t got;

    (void)state;
    for (uint64_t call = 0;; call++) {
        uint64_t failed;
        ter_status status;

        test_fail_calls(TEST_ALL_CALLS, call, 1);
        status = open_arena(&arena, &layout);
        test_stop_failing(&failed);
        if (status == TER_OK)
            ter_arena_fini(&arena);
        assert_int_equal(test_count_mappings(""), before);
        if (failed == 0)
            break;
        assert_int_not_equal(status, TER_OK);
    }
    assert_int_equal(open_arena(&arena, &layout), TER_OK);
    ter_range_init(&range, &arena, 1, side, test_add_owner(&arena));
    for (uint64_t call = 0;; call++) {
        uint64_t failed;
        ter_status status;

        test_fail_calls(TEST_CALL(COMMIT), call, 1);
        status = ter_range_grow(&range, &arena, 2, &got);
        test_stop_failing(&failed);
        assert_int_equal(status, failed == 0 ? TER_OK : TER_ERROR_NO_MEMORY);
        if (failed == 0)
            break;
        assert_int_equal(range.chunks, 0);
        assert_true(ter_sft_is_empty(ter_sft_map_get(&arena.map, range.start)));
    }
    /* Chunks that the system does not take back stay the space's. */
    test_fail_calls(TEST_CALL(DECOMMIT), 0, 1);
    assert_int_not_equal(ter_range_return(&range, &arena, got, 2), TER_OK);
    test_stop_failing(NULL);
    assert_true(ter_range_holds(&range, &arena, got));
    *(char *)got = 1;
    assert_int_equal(ter_range_return(&range, &arena, got, 2), TER_OK);
    ter_arena_fini(&arena);
    assert_int_equal(test_count_mappings(""), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_reserved),
        cmocka_unit_test(strangers_stay),
        cmocka_unit_test(strangers_in_every_chunk),
        cmocka_unit_test(strangers_where_metadata_lies),
        cmocka_unit_test(a_placement_has_one_arena),
        cmocka_unit_test(failures_change_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
