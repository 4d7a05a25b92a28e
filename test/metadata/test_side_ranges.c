/* SPDX-License-Identifier: MIT */
/*
 * Ranges of data and their specs: the rules at start, how much address space is asked for, what is
 * mapped for whom, chunks that change their owner, ranges other than a heap's.
 */
#include <sys/mman.h>

#include "metadata/metadata.h"
#include "support.h"

#define START ((uintptr_t)1 << 30)

static void assert_broken(const struct ter_side_spec *specs, unsigned count, size_t data_bytes,
                          const char *rule)
{
    struct ter_side_fault fault = {NULL, NULL};
    enum ter_log_level level = ter_log_get_level();
    struct ter_side_metadata side;

    assert_false(ter_side_verify_specs(specs, count, START, data_bytes, &fault));
    assert_non_null(strstr(fault.rule, rule));
    ter_log_set_level(TER_LOG_SILENT);
    assert_int_equal(ter_side_init_specs(&side, specs, count, START, data_bytes),
                     TER_ERROR_INVALID);
    ter_log_set_level(level);
}

static void rules_of_specs(void **state)
{
    const struct ter_side_spec good[] = {{"a", 0, 4, false}, {"b", 6, 12, true}};
    struct ter_side_spec bad[2], many[TER_SIDE_MOST + 1];
    struct ter_side_fault fault;

    (void)state;
    assert_true(ter_side_verify_specs(good, 2, START, TER_BYTES_IN_CHUNK, &fault));
    assert_broken(good, 0, TER_BYTES_IN_CHUNK, "1 to 32 specs");
    for (size_t i = 0; i < TER_ARRAY_LENGTH(many); i++)
        many[i] = good[0];
    assert_broken(many, TER_SIDE_MOST + 1, TER_BYTES_IN_CHUNK, "1 to 32 specs");
    assert_broken(good, 2, 0, "whole chunks");
    assert_broken(good, 2, TER_BYTES_IN_CHUNK + 1, "whole chunks");
    assert_broken(good, 2, UINTPTR_MAX - START + 1, "ends inside the address space");
    memcpy(bad, good, sizeof bad);
    bad[1].name = "";
    assert_broken(bad, 2, TER_BYTES_IN_CHUNK, "has a name");
    bad[1].name = "a";
    assert_broken(bad, 2, TER_BYTES_IN_CHUNK, "two names");
    memcpy(bad, good, sizeof bad);
    bad[1].log_bits = 10;
    assert_broken(bad, 2, TER_BYTES_IN_CHUNK, "at most 64 bits");
    bad[1].log_bits = 6;
    bad[1].log_region = 2;
    assert_broken(bad, 2, TER_BYTES_IN_CHUNK, "no more bits than its region");
    bad[1].log_region = sizeof(uintptr_t) * 8;
    assert_broken(bad, 2, TER_BYTES_IN_CHUNK, "smaller than the address space");
    bad[1].log_bits = 0;
    bad[1].log_region = sizeof(uintptr_t) * 8 - 1;
    assert_broken(bad, 2, TER_BYTES_IN_CHUNK, "less than the address space");
    /* Half a byte for every 8 bytes: 1/16. Twice that and a bit more is too much. */
    bad[0] = (struct ter_side_spec){"a", 2, 3, false};
    bad[1] = (struct ter_side_spec){"b", 2, 3, false};
    assert_true(ter_side_verify_specs(bad, 2, START, TER_BYTES_IN_CHUNK, &fault));
    bad[1].log_bits = 3;
    assert_broken(bad, 2, TER_BYTES_IN_CHUNK, "at most an eighth");
}

static void rules_of_tables(void **state)
{
    struct ter_side_metadata side, changed;
    struct ter_side_fault fault;

    (void)state;
    assert_int_equal(ter_side_init(&side, START, 4 * TER_BYTES_IN_CHUNK), TER_OK);
    assert_true(ter_side_verify_tables(&side, &fault));
    changed = side;
    changed.tables[TER_SIDE_MARK].bias = side.tables[TER_SIDE_VALID_OBJECT].bias + 64;
    assert_false(ter_side_verify_tables(&changed, &fault));
    assert_string_equal(fault.rule, "tables do not overlap");
    assert_string_equal(fault.spec, "terrier:side:mark");
    /* By one word. */
    changed.tables[TER_SIDE_MARK].bias =
        side.tables[TER_SIDE_VALID_OBJECT].bias + 4 * TER_KIB(32) - 8;
    assert_false(ter_side_verify_tables(&changed, &fault));
    changed.tables[TER_SIDE_MARK].bias += 8;
    assert_true(ter_side_verify_tables(&changed, &fault));
    changed = side;
    changed.tables[TER_SIDE_VALID_OBJECT].bias -= 64;
    assert_false(ter_side_verify_tables(&changed, &fault));
    assert_string_equal(fault.rule, "a table lies in the reservation");
    changed = side;
    changed.tables[TER_SIDE_LARGE].bias += (uintptr_t)1 << side.mmapper.log_grain;
    assert_false(ter_side_verify_tables(&changed, &fault));
    ter_side_fini(&side);
}

/* What is asked for is 10.4 percent of any range, 12 on 32 bits, and a little for each table. */
static void space_in_proportion(void **state)
{
    (void)state;
    for (unsigned log_bytes = 26; log_bytes < sizeof(uintptr_t) * 8 - 8; log_bytes++) {
        size_t data_bytes = (size_t)1 << log_bytes;
        size_t reserved = ter_side_reserved_bytes(data_bytes);

        assert_in_range(reserved, data_bytes / 1000 * (sizeof(uintptr_t) == 8 ? 102 : 118),
                        data_bytes / 1000 * (sizeof(uintptr_t) == 8 ? 106 : 122));
    }
}

static bool is_mapped(const struct ter_side_metadata *side, unsigned id, uintptr_t address)
{
    return ter_side_is_mapped(&side->tables[id], address);
}

/* One reservation, two spaces with chunks in turn, each with the specs that it asks for. */
static void spaces_share_tables(void **state)
{
    const struct ter_side_spec specs[] = {
        {"everyone", 0, 4, true}, {"first", 3, 8, false}, {"second", 3, 9, false}};
    const size_t data_bytes = (size_t)1 << (sizeof(uintptr_t) == 4 ? 30 : 33);
    const size_t far = data_bytes / 2;
    struct ter_side_metadata side;

    (void)state;
    assert_int_equal(ter_side_init_specs(&side, specs, 3, START, data_bytes), TER_OK);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(ter_side_map(&side, 1u << (1 + i % 2),
                                      START + i * TER_BYTES_IN_CHUNK + (i % 2) * far,
                                      TER_BYTES_IN_CHUNK),
                         TER_OK);
    assert_true(is_mapped(&side, 0, START) && is_mapped(&side, 0, START + far));
    assert_true(is_mapped(&side, 1, START) && !is_mapped(&side, 1, START + far));
    assert_true(!is_mapped(&side, 2, START) && is_mapped(&side, 2, START + far));
    /* The second space takes a chunk between the first's: nothing of theirs changes. */
    ter_side_fill_range(&side.tables[1], START, START + TER_BYTES_IN_CHUNK, 5);
    assert_int_equal(ter_side_map(&side, 1u << 2, START + TER_BYTES_IN_CHUNK, TER_BYTES_IN_CHUNK),
                     TER_OK);
    assert_true(is_mapped(&side, 2, START + TER_BYTES_IN_CHUNK));
    assert_true(ter_side_load(&side.tables[1], START + TER_BYTES_IN_CHUNK - 1) == 5);
    ter_side_fini(&side);
}

static bool all_are(const struct ter_side_table *table, uintptr_t start, uintptr_t end,
                    uint64_t value)
{
    for (; start < end; start += (uintptr_t)1 << table->log_region)
        if (ter_side_load(table, start) != value)
            return false;
    return true;
}

/* A chunk that goes to another space has only zeros; its neighbours keep what they have. */
static void cleared_chunks(void **state)
{
    const struct ter_side_spec specs[] = {
        {"global", 0, 4, true}, {"word", 6, 12, false}, {"bit-of-chunk", 0, 22, false},
        {"twos", 1, 10, false}, {"byte", 3, 15, false}, {"wide", 4, 24, false},
        {"kept", 3, 12, false},
    };
    const unsigned count = TER_ARRAY_LENGTH(specs), kept = count - 1;
    const size_t chunks = 13;
    const uintptr_t start = START + TER_BYTES_IN_CHUNK, end = start + chunks * TER_BYTES_IN_CHUNK;
    struct ter_random random = test_random();
    struct ter_side_metadata side;

    (void)state;
    assert_int_equal(ter_side_init_specs(&side, specs, count, start, end - start), TER_OK);
    assert_int_equal(ter_side_map(&side, (1u << count) - 1, start, end - start), TER_OK);
    for (unsigned i = 0; i < test_iterations(TER_HAS_TSAN ? 2 : 12); i++) {
        size_t first = test_below(&random, chunks);
        size_t taken = 1 + test_below(&random, chunks - first);
        uintptr_t from = start + first * TER_BYTES_IN_CHUNK;
        uintptr_t to = from + taken * TER_BYTES_IN_CHUNK;
        bool refused = i % 4 == 3;

        for (unsigned id = 0; id < count; id++)
            ter_side_fill_range(&side.tables[id],
                                ter_align_up(start, (uintptr_t)1 << specs[id].log_region),
                                ter_align_down(end, (uintptr_t)1 << specs[id].log_region), 1);
        if (refused)
            test_fail_calls(TEST_CALL(DECOMMIT), 0, TEST_FOR_EVER);
        ter_side_clear(&side, (1u << kept) - 1, from, to - from);
        if (refused)
            test_stop_failing(NULL);
        for (unsigned id = 0; id < count; id++) {
            const struct ter_side_table *table = &side.tables[id];
            uintptr_t region = (uintptr_t)1 << specs[id].log_region;
            uintptr_t lowest = ter_align_up(start, region), limit = ter_align_down(end, region);
            uintptr_t low = ter_min(ter_align_up(from, region), limit);
            uintptr_t high = ter_max(low, ter_align_down(to, region));

            assert_true(all_are(table, lowest, low, 1));
            assert_true(all_are(table, low, high, id == kept));
            assert_true(all_are(table, high, limit, 1));
        }
    }
    ter_side_fini(&side);
}

/* Whole pages of a table of bits go, but no bit of the bytes at their ends. */
static void cleared_bits(void **state)
{
    const struct ter_side_spec spec = {"bit", 0, TER_LOG_BYTES_IN_CHUNK, false};
    const uintptr_t page_of_data = (uintptr_t)(ter_os_page_size() << 3) << TER_LOG_BYTES_IN_CHUNK;
    struct ter_side_metadata side;

    (void)state;
    /* A page of bits is 128 GiB of data. */
    if (sizeof(uintptr_t) == 4)
        return;
    assert_int_equal(ter_side_init_specs(&side, &spec, 1, 0, 4 * page_of_data), TER_OK);
    assert_int_equal(ter_side_map(&side, 1, 0, 4 * page_of_data), TER_OK);
    for (size_t first = 0; first < 3; first++)
        for (size_t last = 0; last < 3; last++) {
            uintptr_t from = page_of_data + (first - 1) * TER_BYTES_IN_CHUNK;
            uintptr_t to = 3 * page_of_data + (last - 1) * TER_BYTES_IN_CHUNK;

            ter_side_set_range(&side.tables[0], 0, 4 * page_of_data);
            ter_side_clear(&side, 1, from, to - from);
            assert_true(all_are(&side.tables[0], 0, from, 1));
            assert_true(all_are(&side.tables[0], from, to, 0));
            assert_true(all_are(&side.tables[0], to, 4 * page_of_data, 1));
        }
    ter_side_fini(&side);
}

/* Records that a block of a chunk has, before and after the chunk beside it is cleared. */
static void cleared_records(void **state)
{
    struct ter_side_metadata side;
    ter_side_set set = TER_SIDE_SET(BLOCK_STATE) | TER_SIDE_SET(LARGE);

    (void)state;
    assert_int_equal(ter_side_init(&side, START, 8 * TER_BYTES_IN_CHUNK), TER_OK);
    assert_int_equal(ter_side_map(&side, set, START, 8 * TER_BYTES_IN_CHUNK), TER_OK);
    for (uintptr_t at = START; at < START + 8 * TER_BYTES_IN_CHUNK; at += TER_BYTES_IN_PAGE) {
        memset(TER_SIDE_RECORD(side, BLOCK_STATE, at), 7, 16);
        memset(TER_SIDE_RECORD(side, LARGE, at), 7, 16);
    }
    ter_side_clear(&side, set, START + 3 * TER_BYTES_IN_CHUNK, 2 * TER_BYTES_IN_CHUNK);
    for (uintptr_t at = START; at < START + 8 * TER_BYTES_IN_CHUNK; at += TER_BYTES_IN_PAGE) {
        size_t chunk = (at - START) >> TER_LOG_BYTES_IN_CHUNK;
        const char *state_bytes = TER_SIDE_RECORD(side, BLOCK_STATE, at);
        const char *large_bytes = TER_SIDE_RECORD(side, LARGE, at);

        for (size_t i = 0; i < 16; i++) {
            assert_int_equal(state_bytes[i], chunk == 3 || chunk == 4 ? 0 : 7);
            assert_int_equal(large_bytes[i], chunk == 3 || chunk == 4 ? 0 : 7);
        }
    }
    ter_side_fini(&side);
}

/* The memory behind the values of a cleared chunk is the system's again. */
static size_t resident_pages(const struct ter_side_table *table, uintptr_t start, uintptr_t end)
{
    uintptr_t first = ter_side_address(table, start), last = ter_side_address(table, end);
    unsigned char resident[256];
    size_t count = 0;

    assert_true((last - first) / ter_os_page_size() <= sizeof resident);
    assert_int_equal(mincore((void *)first, last - first, resident), 0);
    for (size_t i = 0; i < (last - first) / ter_os_page_size(); i++)
        count += resident[i] & 1;
    return count;
}

static void clearing_gives_memory_back(void **state)
{
    const struct ter_side_table *table;
    struct ter_side_metadata side;
    uintptr_t end = START + 8 * TER_BYTES_IN_CHUNK;
    size_t pages = TER_KIB(32) / ter_os_page_size();

    (void)state;
    if (ter_os_page_size() > TER_KIB(32))
        return;
    assert_int_equal(ter_side_init(&side, START, end - START), TER_OK);
    assert_int_equal(ter_side_map(&side, TER_SIDE_SET(MARK), START, end - START), TER_OK);
    table = &side.tables[TER_SIDE_MARK];
    assert_int_equal(resident_pages(table, START, end), 0);
    ter_side_set_range(table, START, end);
    assert_int_equal(resident_pages(table, START, end), 8 * pages);
    ter_side_clear(&side, TER_SIDE_SET(MARK), START + TER_BYTES_IN_CHUNK, 5 * TER_BYTES_IN_CHUNK);
    assert_int_equal(resident_pages(table, START, end), 3 * pages);
    ter_side_fini(&side);
}

/* A byte for each chunk of all that a program can address, for memory outside the heap. */
static void all_addresses(void **state)
{
    const struct ter_side_spec spec = {"terrier:test:chunks", 3, TER_LOG_BYTES_IN_CHUNK, false};
    const unsigned log_bytes = sizeof(uintptr_t) == 4 ? 32 : 47;
    const uintptr_t last = ((uintptr_t)1 << (log_bytes - 1)) +
                           (((uintptr_t)1 << (log_bytes - 1)) - 2 * TER_BYTES_IN_CHUNK);
    uintptr_t own = ter_align_down((uintptr_t)&spec, TER_BYTES_IN_CHUNK), found = 1;
    struct ter_side_metadata side;
    const struct ter_side_table *table = &side.tables[0];

    (void)state;
    assert_int_equal(ter_side_init_specs(&side, &spec, 1, 0, last + TER_BYTES_IN_CHUNK), TER_OK);
    assert_true(side.mmapper.chunks << side.mmapper.log_grain <= TER_MIB(32));
    assert_false(ter_side_find_next_non_zero(table, 0, UINTPTR_MAX, &found));
    if (own < last) {
        assert_false(ter_side_is_mapped(table, own));
        assert_int_equal(ter_side_map(&side, 1, own, TER_BYTES_IN_CHUNK), TER_OK);
        assert_true(ter_side_fetch_or(table, (uintptr_t)&spec, 9, memory_order_relaxed) == 0);
        assert_true(ter_side_find_next_non_zero(table, 0, UINTPTR_MAX, &found));
        assert_int_equal(found, own);
        ter_side_store(table, own, 0);
    }
    assert_int_equal(ter_side_map(&side, 1, 0, TER_BYTES_IN_CHUNK), TER_OK);
    assert_int_equal(ter_side_map(&side, 1, last, TER_BYTES_IN_CHUNK), TER_OK);
    ter_side_store(table, 0, 1);
    assert_true(ter_side_find_previous_non_zero(table, UINTPTR_MAX, 0, &found));
    assert_int_equal(found, 0);
    ter_side_store(table, last + 1, 2);
    assert_true(ter_side_find_previous_non_zero(table, UINTPTR_MAX, 0, &found));
    assert_int_equal(found, last);
    assert_true(ter_side_find_next_non_zero(table, 1, UINTPTR_MAX, &found));
    assert_int_equal(found, last);
    ter_side_fini(&side);
}

/* A range that ends inside a byte or a region of metadata: the last one is mapped too. */
static void last_values_are_mapped(void **state)
{
    const struct ter_side_spec specs[] = {
        {"bit", 0, 22, false}, {"wide", 6, 25, false}, {"byte", 3, 24, false}};
    struct ter_side_metadata side;

    (void)state;
    for (size_t odd = 0; odd < 9; odd++)
        for (size_t chunks = 1; chunks < 9; chunks++) {
            uintptr_t start = START + odd * TER_BYTES_IN_CHUNK;
            uintptr_t last = start + chunks * TER_BYTES_IN_CHUNK - 1;

            assert_int_equal(
                ter_side_init_specs(&side, specs, 3, start, chunks * TER_BYTES_IN_CHUNK), TER_OK);
            assert_int_equal(ter_side_map(&side, 7, start, chunks * TER_BYTES_IN_CHUNK), TER_OK);
            for (unsigned id = 0; id < 3; id++) {
                ter_side_store(&side.tables[id], start, 1);
                ter_side_store(&side.tables[id], last, 1);
                assert_true(ter_side_load(&side.tables[id], start) == 1);
                assert_true(ter_side_is_mapped(&side.tables[id], last));
                assert_false(ter_side_is_mapped(&side.tables[id], last + 1));
                assert_false(ter_side_is_mapped(&side.tables[id], start - 1));
            }
            ter_side_fini(&side);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_of_specs),      cmocka_unit_test(rules_of_tables),
        cmocka_unit_test(space_in_proportion), cmocka_unit_test(spaces_share_tables),
        cmocka_unit_test(cleared_chunks),      cmocka_unit_test(cleared_bits),
        cmocka_unit_test(cleared_records),     cmocka_unit_test(clearing_gives_memory_back),
        cmocka_unit_test(all_addresses),       cmocka_unit_test(last_values_are_mapped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
