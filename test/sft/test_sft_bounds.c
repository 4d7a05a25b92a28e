/* SPDX-License-Identifier: MIT */
/*
 * What mutation and coverage found untested: the numbers that the interface promises, the lookup
 * without a test, the number of a space, ranges at the ends, and tables that fill their pages.
 */
#include "layout/layout.h"
#include "sft/sft.h"

#include "support.h"

static const struct ter_sft functions = {.kind = TER_SPACE_OTHER, .name = "space"};

static void numbers_of_the_interface(void **state)
{
    (void)state;
    assert_int_equal(TER_SPACE_EMPTY, 0);
    assert_int_equal(TER_SPACE_MARK_SWEEP, 1);
    assert_int_equal(TER_SPACE_IMMORTAL, 2);
    assert_int_equal(TER_SPACE_LARGE, 3);
    assert_int_equal(TER_SPACE_MALLOC, 4);
    assert_int_equal(TER_SPACE_VM, 5);
    assert_int_equal(TER_SPACE_OTHER, 15);
    assert_int_equal(TER_SFT_MAX_SPACES, 255);
    assert_int_equal(TER_SFT_BYTES_IN_CHUNK, 4 << 20);
    assert_int_equal(TER_BYTES_IN_CHUNK, 4 << 20);
    assert_int_equal(TER_BYTES_IN_BLOCK, 32 << 10);
    assert_int_equal(TER_BYTES_IN_PAGE, 4 << 10);
    assert_int_equal(TER_BYTES_IN_GRANULE, 16);
    assert_int_equal(TER_BLOCKS_IN_CHUNK, 128);
    assert_int_equal(TER_PAGES_IN_CHUNK, 1024);
}

static struct ter_sft_map make_map(enum ter_sft_map_kind kind)
{
    const struct ter_sft_map_options options = {
        .kind = kind, .bytes = TER_SFT_BYTES_IN_CHUNK * 64, .log_slot_bytes = 24};
    struct ter_sft_map map;

    assert_int_equal(ter_sft_map_create(&map, &options), TER_OK);
    return map;
}

/* Three spaces, each with a region of its own, and one region that nobody owns. */
static void lookup_without_a_test(void **state)
{
    const uintptr_t region = (uintptr_t)1 << 24;

    (void)state;
    for (int kind = TER_SFT_SPACE_MAP; kind <= TER_SFT_SPARSE_MAP; kind++) {
        struct ter_sft_map map = make_map((enum ter_sft_map_kind)kind);
        struct ter_sft *spaces[4] = {(struct ter_sft *)map.empty};

        for (uintptr_t i = 1; i < 4; i++) {
            assert_int_equal(ter_sft_map_add_space(&map, &functions, &spaces[i]), TER_OK);
            assert_int_equal(ter_sft_map_claim(&map, spaces[i], i * region, region, NULL), TER_OK);
        }
        for (uintptr_t i = 0; i < 4; i++) {
            assert_ptr_equal(ter_sft_map_get_unchecked(&map, i * region), spaces[i]);
            assert_ptr_equal(ter_sft_map_get_unchecked(&map, i * region + region / 2), spaces[i]);
            assert_ptr_equal(ter_sft_map_get_unchecked(&map, (i + 1) * region - 1), spaces[i]);
        }
        ter_sft_map_destroy(&map);
    }
}

/* In several maps at once, so that their records lie at several places. */
static void numbers_of_spaces(void **state)
{
    struct ter_sft_map maps[8];

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(maps); i++) {
        const struct ter_sft_map *map = &maps[i];
        struct ter_sft *space;

        maps[i] = make_map(TER_SFT_DENSE_MAP);
        assert_int_equal(ter_sft_space_number(map, ter_sft_map_empty(map)), 0);
        for (unsigned number = 1; number <= 255; number++) {
            assert_int_equal(ter_sft_map_add_space(map, &functions, &space), TER_OK);
            assert_int_equal(ter_sft_space_number(map, space), number);
        }
        assert_int_equal(ter_sft_map_add_space(map, &functions, &space), TER_ERROR_FULL);
    }
    for (size_t i = 0; i < TER_ARRAY_LENGTH(maps); i++)
        ter_sft_map_destroy(&maps[i]);
}

/* Under the locks of a heap and of its chunks; builds that check the order of locks see a wrong
 * one. */
static void changes_under_other_locks(void **state)
{
    struct ter_sft_map map = make_map(TER_SFT_SPARSE_MAP);
    struct ter_lock outer;
    struct ter_sft *space;

    (void)state;
    ter_lock_init(&outer, TER_RANK_MMAPPER);
    ter_lock_acquire(&outer);
    assert_int_equal(ter_sft_map_add_space(&map, &functions, &space), TER_OK);
    assert_int_equal(ter_sft_map_claim(&map, space, 0, 1, NULL), TER_OK);
    assert_int_equal(ter_sft_map_release(&map, space, 0, 1, NULL), TER_OK);
    ter_lock_release(&outer);
    ter_lock_fini(&outer);
    ter_sft_map_destroy(&map);
}

static ter_status status_of(enum ter_sft_map_kind kind, uintptr_t start, uintptr_t bytes,
                            unsigned log, struct ter_sft_map *map)
{
    const struct ter_sft_map_options options = {
        .kind = kind, .start = start, .bytes = bytes, .log_slot_bytes = log};

    return ter_sft_map_create(map, &options);
}

static void ranges_at_the_ends(void **state)
{
    const unsigned bits = (unsigned)sizeof(uintptr_t) * 8;
    struct ter_sft_map map;
    uintptr_t last;

    (void)state;
    assert_int_equal(status_of(TER_SFT_SPACE_MAP, 0, 4096, bits, &map), TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(status_of(TER_SFT_SPACE_MAP, UINTPTR_MAX, 2, 0, &map), TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(status_of(TER_SFT_DENSE_MAP, 0, 0, 0, &map), TER_OK);
    last = map.last;
    ter_sft_map_destroy(&map);
    /* A later start leaves the end where it is. */
    assert_int_equal(status_of(TER_SFT_DENSE_MAP, TER_SFT_BYTES_IN_CHUNK * 3, 0, 0, &map), TER_OK);
    assert_int_equal(map.last, last);
    assert_int_equal(map.start, TER_SFT_BYTES_IN_CHUNK * 3);
    ter_sft_map_destroy(&map);
    assert_int_equal(map.start, 0);
    assert_null(map.table);
    assert_null(map.state);
}

static struct ter_sft *add(const struct ter_sft_map *map)
{
    struct ter_sft *space;

    assert_int_equal(ter_sft_map_add_space(map, &functions, &space), TER_OK);
    return space;
}

static void keep_last_run(void *context, const struct ter_sft *space, uintptr_t start,
                          uintptr_t last)
{
    uintptr_t *kept = context;

    assert_non_null(space);
    kept[0] = start;
    kept[1] = last;
}

/*
 * The marks of touched parts lie before the records: wherever the last of them falls, EMPTY's
 * record stays what it is. The map that is before the marks has a size that only the map knows.
 */
static void marks_end_before_the_records(void **state)
{
    (void)state;
    if (sizeof(uintptr_t) < sizeof(uint64_t))
        return;
    for (uintptr_t before = 0; before < 512; before += 8) {
        uintptr_t chunks = (((4096 - before) / 8 * 64) << 12) + 1;
        uintptr_t end = chunks << TER_SFT_LOG_BYTES_IN_CHUNK, run[2];
        struct ter_sft_map map;
        struct ter_sft empty;

        assert_int_equal(status_of(TER_SFT_DENSE_MAP, 0, end, 0, &map), TER_OK);
        empty = *ter_sft_map_empty(&map);
        assert_int_equal(ter_sft_map_claim(&map, add(&map), end - 1, 1, NULL), TER_OK);
        assert_memory_equal(ter_sft_map_empty(&map), &empty, sizeof empty);
        ter_sft_map_for_each_run(&map, keep_last_run, run);
        assert_int_equal(run[0], end - TER_SFT_BYTES_IN_CHUNK);
        assert_int_equal(run[1], end - 1);
        ter_sft_map_destroy(&map);
    }
}

static void count_run(void *context, const struct ter_sft *space, uintptr_t start, uintptr_t last)
{
    unsigned *count = context;

    assert_ptr_not_equal(space, NULL);
    assert_int_equal(last - start, TER_SFT_BYTES_IN_CHUNK - 1);
    ++*count;
}

/* Runs in parts side by side are seen once; the last ends where the map does. */
static void runs_at_the_ends_of_parts(void **state)
{
    const uintptr_t chunks[] = {0, 100, 4095, 4097, 4196, 8190};
    struct ter_sft_map map;
    struct ter_sft *space;
    uintptr_t run[2];
    unsigned count = 0;

    (void)state;
    if (sizeof(uintptr_t) < sizeof(uint64_t))
        return;
    assert_int_equal(
        status_of(TER_SFT_SPARSE_MAP, 0, (uintptr_t)8191 << TER_SFT_LOG_BYTES_IN_CHUNK, 0, &map),
        TER_OK);
    space = add(&map);
    for (size_t i = 0; i < TER_ARRAY_LENGTH(chunks); i++)
        assert_int_equal(
            ter_sft_map_claim(&map, space, chunks[i] << TER_SFT_LOG_BYTES_IN_CHUNK, 1, NULL),
            TER_OK);
    ter_sft_map_for_each_run(&map, count_run, &count);
    assert_int_equal(count, TER_ARRAY_LENGTH(chunks));
    ter_sft_map_for_each_run(&map, keep_last_run, run);
    assert_int_equal(run[1], map.last);
    ter_sft_map_destroy(&map);
}

/* Text of several lines, in room of every size: the beginning of the whole, and nothing behind it.
 */
static void text_in_any_room(void **state)
{
    struct ter_sft_map map = make_map(TER_SFT_SPARSE_MAP);
    struct ter_sft *space = add(&map);
    char whole[1000], part[1000];
    size_t length;

    (void)state;
    for (uintptr_t i = 1; i < 8; i += 2)
        assert_int_equal(ter_sft_map_claim(&map, space, i << TER_SFT_LOG_BYTES_IN_CHUNK, 1, NULL),
                         TER_OK);
    length = ter_sft_map_print(&map, whole, sizeof whole);
    assert_int_equal(length, strlen(whole));
    for (size_t room = 0; room <= length + 1; room++) {
        memset(part, 'x', sizeof part);
        assert_int_equal(ter_sft_map_print(&map, part, room), length);
        if (room > 0) {
            assert_int_equal(strlen(part), room - 1);
            assert_memory_equal(part, whole, room - 1);
        }
        for (size_t i = room; i < sizeof part; i++)
            assert_int_equal(part[i], 'x');
    }
    ter_sft_map_destroy(&map);
}

/* Records and table fill whole pages: the last of each is not the first of what comes next. */
static void full_pages(void **state)
{
    const struct ter_sft_map_options options = {.kind = TER_SFT_SPACE_MAP,
                                                .bytes = (uintptr_t)512 << 22,
                                                .log_slot_bytes = 22,
                                                .record_bytes = 4096};
    struct ter_sft_map map;
    struct ter_sft *space;

    (void)state;
    assert_int_equal(ter_sft_map_create(&map, &options), TER_OK);
    assert_int_equal(map.beyond, 512);
    for (int i = 1; i < 255; i++)
        add(&map);
    space = add(&map);
    memset(space + 1, 0xff, 4096 - sizeof *space);
    for (uintptr_t slot = 0; slot <= 512; slot++)
        assert_ptr_equal(ter_sft_map_get(&map, slot << 22), ter_sft_map_empty(&map));
    assert_int_equal(ter_sft_map_claim(&map, space, 0, options.bytes, NULL), TER_OK);
    assert_ptr_equal(ter_sft_map_get(&map, options.bytes - 1), space);
    assert_ptr_equal(ter_sft_map_get(&map, options.bytes), ter_sft_map_empty(&map));
    ter_sft_map_destroy(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_the_interface),
        cmocka_unit_test(lookup_without_a_test),
        cmocka_unit_test(numbers_of_spaces),
        cmocka_unit_test(changes_under_other_locks),
        cmocka_unit_test(ranges_at_the_ends),
        cmocka_unit_test(marks_end_before_the_records),
        cmocka_unit_test(runs_at_the_ends_of_parts),
        cmocka_unit_test(text_in_any_room),
        cmocka_unit_test(full_pages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
