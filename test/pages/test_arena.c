/* SPDX-License-Identifier: MIT */
/* Arena and ranges: growth, publication, the end, small address spaces, accounting. */
#include "arena.h"

#include <sys/resource.h>
#include <unistd.h>

static void growth_is_published(void **state)
{
    struct ter_arena arena;
    struct ter_range range;
    uintptr_t got;

    (void)state;
    test_arena_init(&arena);
    ter_range_init(&range, &arena, 3, TER_SIDE_SET(MARK) | TER_SIDE_SET(VALID_OBJECT),
                   test_add_owner(&arena));
    assert_int_equal(range.start, ter_layout_slot_start(&arena.layout, 3));
    assert_int_equal(range.extent_bytes, TEST_EXTENT);
    assert_true(ter_sft_is_empty(ter_sft_map_get(&arena.map, range.start)));
    assert_false(ter_range_holds(&range, &arena, range.start));
    assert_int_equal(ter_range_grow(&range, &arena, 1, &got), TER_OK);
    assert_int_equal(ter_range_grow(&range, &arena, 2, &got), TER_OK);
    for (size_t at = 0; at < 3 * TER_BYTES_IN_CHUNK; at += TER_BYTES_IN_PAGE) {
        uintptr_t word = range.start + at;

        assert_true(ter_range_holds(&range, &arena, word));
        assert_int_equal(ter_mmapper_state(&arena.mmapper, word), TER_CHUNK_MAPPED);
        assert_int_equal(*(uintptr_t *)word, 0);
        assert_false(ter_bits_test(&arena.side.tables[TER_SIDE_MARK], word));
        assert_false(ter_bits_test(&arena.side.tables[TER_SIDE_VALID_OBJECT], word));
    }
    assert_ptr_equal(ter_sft_map_get(&arena.map, range.start), range.owner);
    assert_false(ter_range_holds(&range, &arena, range.start - 1));
    assert_false(ter_range_holds(&range, &arena, range.start + 3 * TER_BYTES_IN_CHUNK));
    assert_int_equal(ter_mmapper_state(&arena.mmapper, range.start + 3 * TER_BYTES_IN_CHUNK),
                     TER_CHUNK_RESERVED);
    assert_int_equal(ter_range_grow(&range, &arena, 2, &got), TER_ERROR_NO_ADDRESS_SPACE);
    assert_int_equal(ter_range_grow(&range, &arena, SIZE_MAX, &got), TER_ERROR_NO_ADDRESS_SPACE);
    assert_int_equal(test_mapped_bytes(&range), 3 * TER_BYTES_IN_CHUNK);
    assert_int_equal(ter_range_grow(&range, &arena, 1, &got), TER_OK);
    assert_int_equal(ter_range_grow(&range, &arena, 1, &got), TER_ERROR_NO_ADDRESS_SPACE);
    ter_arena_fini(&arena);
}

/* In every form of map a chunk that goes back is nobody's, and comes again as new. */
static void chunks_go_back(void **state)
{
    const struct ter_arena_settings settings[] = {
        {.layout = {"slots", test_start(), 24, 4, true, 0, false, 0}},
        {.layout = {"slots and foreign", test_start(), 24, 4, true, 0, false, 0}, .foreign = true},
        {.layout = {"shared", 0, 24, 4, false, 0, false, 0}},
    };

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(settings); i++) {
        struct ter_arena arena;
        struct ter_range range;
        uintptr_t got;
        bool by_chunk;

        memset(&arena, 0, sizeof arena);
        assert_int_equal(ter_arena_init(&arena, &settings[i]), TER_OK);
        by_chunk = arena.map.kind != TER_SFT_SPACE_MAP;
        assert_true(by_chunk == (i != 0) || TER_HAS_ASAN);
        ter_range_init(&range, &arena, 1, TER_SIDE_SET(MARK), test_add_owner(&arena));
        assert_int_equal(ter_range_grow(&range, &arena, 3, &got), TER_OK);
        memset((void *)range.start, 1, 3 * TER_BYTES_IN_CHUNK);
        ter_bits_set(&arena.side.tables[TER_SIDE_MARK], range.start + 2 * TER_BYTES_IN_CHUNK);
        assert_int_equal(ter_range_return(&range, &arena, range.start + TER_BYTES_IN_CHUNK, 2),
                         TER_OK);
        assert_true(ter_range_holds(&range, &arena, range.start + TER_BYTES_IN_CHUNK - 1));
        assert_false(ter_range_holds(&range, &arena, range.start + TER_BYTES_IN_CHUNK));
        assert_ptr_equal(ter_sft_map_get(&arena.map, range.start), range.owner);
        assert_int_equal(
            ter_sft_is_empty(ter_sft_map_get(&arena.map, range.start + TER_BYTES_IN_CHUNK)),
            by_chunk);
        assert_int_equal(ter_range_grow(&range, &arena, 2, &got), TER_OK);
        assert_true(test_reads_zero(range.start + TER_BYTES_IN_CHUNK, 2 * TER_BYTES_IN_CHUNK));
        assert_false(
            ter_bits_test(&arena.side.tables[TER_SIDE_MARK], range.start + 2 * TER_BYTES_IN_CHUNK));
        assert_int_equal(ter_range_return(&range, &arena, range.start, 3), TER_OK);
        assert_true(ter_sft_is_empty(ter_sft_map_get(&arena.map, range.start)));
        ter_arena_fini(&arena);
    }
}

/* A hundred thousand comings and goings leave no mapping, no memory and no entry behind. */
static void coming_and_going_leaves_nothing(void **state)
{
    struct ter_arena arena;
    struct ter_range range;
    size_t count = (size_t)test_count(100000, 1000000), before = 0;
    uintptr_t start;

    (void)state;
    test_arena_init(&arena);
    ter_range_init(&range, &arena, 1, TER_SIDE_SET(MARK), test_add_owner(&arena));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ter_range_grow(&range, &arena, 1 + i % 3, &start), TER_OK);
        *(char *)start = 1;
        assert_int_equal(ter_range_return(&range, &arena, start, 1 + i % 3), TER_OK);
        if (i == 10)
            before = test_count_mappings("");
    }
    assert_int_equal(test_count_mappings(""), before);
    assert_int_equal(range.chunks, 0);
    assert_int_equal(test_mapped_bytes(&range), 0);
    assert_int_equal(atomic_load(&arena.accounting.mapped_bytes), 0);
    assert_true(ter_sft_is_empty(ter_sft_map_get(&arena.map, start)));
    ter_arena_fini(&arena);
}

static void nothing_is_lost_when_chunks_cannot_go(void **state)
{
    const unsigned call[] = {TEST_CALL(DECOMMIT), TEST_CALL(PROTECT)};
    struct ter_arena arena;
    struct ter_range range;
    uintptr_t got;

    (void)state;
    test_arena_init(&arena);
    ter_range_init(&range, &arena, 1, TER_SIDE_SET(MARK), test_add_owner(&arena));
    for (size_t i = 0; i < TER_ARRAY_LENGTH(call); i++) {
        assert_int_equal(ter_range_grow(&range, &arena, 1, &got), TER_OK);
        test_fail_calls(call[i], 0, 1);
        assert_int_not_equal(ter_range_return(&range, &arena, range.start, 1), TER_OK);
        test_stop_failing(NULL);
        assert_true(ter_range_holds(&range, &arena, range.start));
        assert_ptr_equal(ter_sft_map_get(&arena.map, range.start), range.owner);
        *(char *)range.start = 1;
        assert_int_equal(ter_range_return(&range, &arena, range.start, 1), TER_OK);
    }
    ter_arena_fini(&arena);
}

/* Which form serves, and what happens to one that cannot. */
static void the_map_follows_from_the_layout(void **state)
{
    (void)state;
    if (TER_HAS_ASAN)
        skip(); /* its shadow is where a space map reaches */
    for (unsigned i = 0; i < 4; i++)
        for (unsigned chosen = 0; chosen < 4; chosen++) {
            bool slots = (i & 1) != 0, foreign = (i & 2) != 0;
            const struct ter_arena_settings settings = {
                .layout = {"test", test_start(), 24, 4, slots, 0, false, 0},
                .foreign = foreign,
                .choose_map = chosen != 3,
                .map = (enum ter_sft_map_kind)(chosen % 3),
            };
            bool refused = chosen == TER_SFT_SPACE_MAP && (!slots || foreign);
            struct ter_arena arena = {0};

            assert_int_equal(ter_arena_init(&arena, &settings),
                             refused ? TER_ERROR_INVALID : TER_OK);
            if (refused)
                continue;
            assert_int_equal(arena.map.kind, chosen != 3 ? chosen
                                             : !slots    ? TER_SFT_SPARSE_MAP
                                             : foreign   ? TER_SFT_DENSE_MAP
                                                         : TER_SFT_SPACE_MAP);
            assert_true(ter_sft_map_has_entry(&arena.map, arena.layout.heap_start));
            assert_int_equal(ter_sft_map_has_entry(&arena.map, (uintptr_t)&arena),
                             foreign || arena.map.kind == TER_SFT_DENSE_MAP);
            ter_arena_fini(&arena);
        }
}

static void nothing_stays_mapped(void **state)
{
    struct ter_arena arena;
    uintptr_t start, tables;

    (void)state;
    test_arena_init(&arena);
    start = arena.layout.heap_start;
    tables = arena.side.mmapper.start;
    assert_true(test_is_mapped(start, TEST_SLOTS * TEST_EXTENT));
    assert_true(test_is_mapped(tables, 1));
    ter_arena_fini(&arena);
    assert_false(test_is_mapped(start, TEST_SLOTS * TEST_EXTENT));
    assert_false(test_is_mapped(tables, ter_side_reserved_bytes(TEST_SLOTS * TEST_EXTENT)));
}

/* A system that refuses one call: a smaller layout, or a status with nothing left behind. */
static void refused_reservations(void **state)
{
    const unsigned call[] = {TEST_CALL(RESERVE), TEST_CALL(ALLOCATE)};
    const struct ter_arena_settings settings = {
        .layout = {"test", test_start(), 27, 4, true, 0, false, 0}};

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(call); i++)
        for (uint64_t k = 0; k < 5; k++) {
            struct ter_arena arena;
            uint64_t failed;
            ter_status status;

            memset(&arena, 0, sizeof arena);
            test_fail_calls(call[i], k, 1);
            status = ter_arena_init(&arena, &settings);
            test_stop_failing(&failed);
            /* Behind the states of chunks come the tables of the map and of the owners of chunks.
             */
            if (failed != 0 && call[i] == TEST_CALL(ALLOCATE) && k >= 2) {
                assert_int_equal(status, TER_ERROR_NO_MEMORY);
                continue;
            }
            assert_int_equal(status, TER_OK);
            assert_int_equal(arena.layout.log_space_extent, failed == 0 ? 27 : 26);
            if (arena.map.kind == TER_SFT_SPACE_MAP) {
                assert_int_equal(arena.map.log_region_bytes, arena.layout.log_space_extent);
                assert_int_equal(arena.map.start, arena.layout.heap_start);
            }
            assert_true(arena.map.kind == TER_SFT_SPACE_MAP || TER_HAS_ASAN ||
                        sizeof(uintptr_t) < 8);
            ter_arena_fini(&arena);
            test_fail_calls(call[i], k, TEST_FOR_EVER);
            status = ter_arena_init(&arena, &settings);
            test_stop_failing(&failed);
            assert_int_equal(status != TER_OK, failed != 0);
            if (status == TER_OK)
                ter_arena_fini(&arena);
        }
}

/* Address space of which little is left. */
static void use_small_address_space(void *context)
{
    struct rlimit limit = {(rlim_t)TER_MIB(900), (rlim_t)TER_MIB(900)};
    struct ter_arena *arena = context;
    struct ter_arena_settings settings = {0};
    struct ter_layout layout;
    struct ter_range range;
    uintptr_t got;

    if (!ter_layout_find_preset(ter_layout_auto_name(), &layout))
        _exit(1);
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        _exit(2);
    ter_layout_make_reserved(&layout);
    settings.layout = layout;
    if (ter_arena_init(arena, &settings) != TER_OK)
        _exit(3);
    if (sizeof(uintptr_t) == 8 && arena->layout.log_space_extent >= layout.log_space_extent)
        _exit(4);
    if (ter_layout_validate(&arena->layout) != NULL)
        _exit(5);
    ter_range_init(&range, arena, arena->layout.slot_count - 1, TER_SIDE_SET(MARK),
                   test_add_owner(arena));
    if (ter_range_grow(&range, arena, range.extent_bytes >> TER_LOG_BYTES_IN_CHUNK, &got) != TER_OK)
        _exit(6);
    memset((void *)(range.start + range.extent_bytes - 4096), 1, 4096);
    if (ter_sft_map_get(&arena->map, range.start + range.extent_bytes - 1) != range.owner)
        _exit(7);
    ter_arena_fini(arena);
}

static void falls_back_to_a_smaller_layout(void **state)
{
    struct ter_arena arena = {0};
    struct test_end end;

    (void)state;
    if (TER_HAS_SANITIZER)
        skip(); /* their shadows are larger than any limit */
    if (test_is_emulated())
        skip(); /* it has no such limits */
    test_in_child(use_small_address_space, &arena, &end);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
}

static void accounting_is_exact(void **state)
{
    struct ter_accounting accounting = {.limit_bytes = 1000};

    (void)state;
    assert_true(ter_accounting_has_room(&accounting, 1000));
    assert_false(ter_accounting_has_room(&accounting, 1001));
    assert_false(ter_accounting_has_room(&accounting, SIZE_MAX));
    ter_accounting_add(&accounting, 999);
    assert_true(ter_accounting_has_room(&accounting, 1));
    assert_false(ter_accounting_has_room(&accounting, 2));
    ter_accounting_add(&accounting, 501);
    assert_false(ter_accounting_has_room(&accounting, 0));
    ter_accounting_subtract(&accounting, 600);
    assert_int_equal(atomic_load(&accounting.used_bytes), 900);
    assert_int_equal(atomic_load(&accounting.peak_used_bytes), 1500);
}

static void subtract_too_much(void *context)
{
    struct ter_accounting *accounting = context;

    ter_accounting_subtract(accounting, 11);
}

static void accounting_does_not_wrap(void **state)
{
    struct ter_accounting accounting = {.used_bytes = 10};

    (void)state;
    test_dies(subtract_too_much, &accounting, "broken invariant");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(growth_is_published),
        cmocka_unit_test(chunks_go_back),
        cmocka_unit_test(coming_and_going_leaves_nothing),
        cmocka_unit_test(nothing_is_lost_when_chunks_cannot_go),
        cmocka_unit_test(the_map_follows_from_the_layout),
        cmocka_unit_test(nothing_stays_mapped),
        cmocka_unit_test(refused_reservations),
        cmocka_unit_test(falls_back_to_a_smaller_layout),
        cmocka_unit_test(accounting_is_exact),
        cmocka_unit_test(accounting_does_not_wrap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
