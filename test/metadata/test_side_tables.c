/* SPDX-License-Identifier: MIT */
/* Side metadata: values of different regions and specs do not overlap; mapping and its refusal. */
#include "metadata/metadata.h"
#include "support.h"

#define DATA_BYTES ((size_t)64 << 20)

struct row {
    const char *name;
    unsigned log_bits, log_region;
};

#define ROW(identifier, name, log_bits, log_region) {name, log_bits, log_region},
static const struct row rows[TER_SIDE_COUNT] = {TER_SIDE_SPECS(ROW)};
#undef ROW

static const ter_side_set every = (1u << TER_SIDE_COUNT) - 1;

/* A start that is a multiple of a chunk and of nothing larger; never touched. */
static uintptr_t data_start(void)
{
    return ((uintptr_t)1 << 30) + 3 * TER_BYTES_IN_CHUNK;
}

static void init(struct ter_side_metadata *side)
{
    assert_int_equal(ter_side_init(side, data_start(), DATA_BYTES), TER_OK);
}

static void tables_do_not_overlap(void **state)
{
    struct ter_side_metadata side;
    uintptr_t end;

    (void)state;
    init(&side);
    end = side.mmapper.start;
    for (unsigned id = 0; id < TER_SIDE_COUNT; id++) {
        const struct ter_side_table *table = &side.tables[id];
        uintptr_t first = ter_side_address(table, data_start());
        uintptr_t last = ter_side_address(table, data_start() + DATA_BYTES - 1);
        size_t bits = DATA_BYTES >> rows[id].log_region << rows[id].log_bits;

        assert_true(first >= end);
        /* A table begins with 64 bytes for data at a multiple of what these describe. */
        assert_true(
            ter_is_aligned(ter_align_down(first, 64), (uintptr_t)1 << side.mmapper.log_grain));
        end = first + bits / 8;
        assert_in_range(last, first, end - 1);
        assert_int_equal(
            ter_align_down(last, rows[id].log_bits < 3 ? 1 : 1u << (rows[id].log_bits - 3)),
            rows[id].log_bits < 3 ? last : end - (1u << (rows[id].log_bits - 3)));
    }
    assert_true(end <= side.mmapper.start + ter_side_reserved_bytes(DATA_BYTES));
    ter_side_fini(&side);
}

/* A table is unreadable until mapped, so only records are computed here. */
static void records_lie_side_by_side(void **state)
{
    struct ter_side_metadata side;

    (void)state;
    init(&side);
    for (unsigned id = 0; id < TER_SIDE_COUNT; id++) {
        const struct ter_side_table *table = &side.tables[id];
        size_t record_bytes = rows[id].log_bits < 3 ? 0 : (size_t)1 << (rows[id].log_bits - 3);
        uintptr_t wanted = ter_side_address(table, data_start());

        if (record_bytes == 0)
            continue;
        for (size_t at = 0; at < TER_BYTES_IN_CHUNK; at += (size_t)1 << rows[id].log_region) {
            uintptr_t address = data_start() + at;

            assert_ptr_equal(
                ter_side_record_at(table->bias, address, rows[id].log_region, rows[id].log_bits),
                wanted);
            assert_ptr_equal(ter_side_record_at(table->bias,
                                                address + ((size_t)1 << rows[id].log_region) - 1,
                                                rows[id].log_region, rows[id].log_bits),
                             wanted);
            wanted += record_bytes;
        }
    }
    ter_side_fini(&side);
}

static void fill(const struct ter_side_metadata *side, unsigned id, uintptr_t start, size_t bytes,
                 int value)
{
    uintptr_t first = ter_side_address(&side->tables[id], start);
    uintptr_t last = ter_side_address(&side->tables[id], start + bytes - 1);
    size_t record = rows[id].log_bits < 3 ? 1 : (size_t)1 << (rows[id].log_bits - 3);

    memset((void *)first, value, ter_align_down(last, record) + record - first);
}

/* The values of each (spec, chunk) are written whole; no other's change. */
static void values_do_not_overlap(void **state)
{
    struct ter_side_metadata side;
    const size_t chunks = 4;

    (void)state;
    init(&side);
    assert_int_equal(ter_side_map(&side, every, data_start(), chunks << TER_LOG_BYTES_IN_CHUNK),
                     TER_OK);
    for (unsigned id = 0; id < TER_SIDE_COUNT; id++)
        for (size_t i = 0; i < chunks; i++) {
            const unsigned char *first = (const unsigned char *)ter_side_address(
                &side.tables[id], data_start() + i * TER_BYTES_IN_CHUNK);

            assert_int_equal(*first, 0);
            fill(&side, id, data_start() + i * TER_BYTES_IN_CHUNK, TER_BYTES_IN_CHUNK,
                 (int)(id * chunks + i + 1));
        }
    for (unsigned id = 0; id < TER_SIDE_COUNT; id++)
        for (size_t i = 0; i < chunks; i++) {
            uintptr_t start = data_start() + i * TER_BYTES_IN_CHUNK;
            const unsigned char *byte =
                (const unsigned char *)ter_side_address(&side.tables[id], start);
            const unsigned char *last = (const unsigned char *)ter_side_address(
                &side.tables[id], start + TER_BYTES_IN_CHUNK - 1);

            for (; byte <= last; byte++)
                assert_int_equal(*byte, id * chunks + i + 1);
        }
    ter_side_fini(&side);
}

static bool is_readable(const struct ter_side_metadata *side, unsigned id, uintptr_t address)
{
    return ter_mmapper_state(&side->mmapper, ter_side_address(&side->tables[id], address)) ==
           TER_CHUNK_MAPPED;
}

static void only_the_set_is_mapped(void **state)
{
    struct ter_side_metadata side;
    ter_side_set set = TER_SIDE_SET(MARK) | TER_SIDE_SET(LARGE);
    uintptr_t last = data_start() + DATA_BYTES - TER_BYTES_IN_CHUNK;

    (void)state;
    init(&side);
    assert_int_equal(ter_side_map(&side, set, last, TER_BYTES_IN_CHUNK), TER_OK);
    set |= TER_SIDE_GLOBAL_SET;
    assert_true(set != every);
    for (unsigned id = 0; id < TER_SIDE_COUNT; id++) {
        assert_int_equal(is_readable(&side, id, last), (set >> id) & 1);
        assert_int_equal(is_readable(&side, id, last + TER_BYTES_IN_CHUNK - 1), (set >> id) & 1);
    }
    /* Mapping more, or again, keeps what is there. */
    ter_bits_set(&side.tables[TER_SIDE_MARK], last);
    assert_int_equal(ter_side_map(&side, every, data_start(), DATA_BYTES), TER_OK);
    assert_true(ter_bits_test(&side.tables[TER_SIDE_MARK], last));
    for (unsigned id = 0; id < TER_SIDE_COUNT; id++)
        for (uintptr_t at = data_start(); at <= last; at += TER_BYTES_IN_CHUNK)
            assert_true(is_readable(&side, id, at));
    ter_side_fini(&side);
}

static void mapping_refused(void **state)
{
    struct ter_side_metadata side;
    uint64_t failed = 1;
    unsigned tries = 0;

    (void)state;
    init(&side);
    for (; failed != 0; tries++) {
        ter_status status;

        test_fail_calls(TEST_CALL(COMMIT), tries, 1);
        status = ter_side_map(&side, every, data_start(), TER_BYTES_IN_CHUNK);
        test_stop_failing(&failed);
        assert_int_equal(status, failed == 0 ? TER_OK : TER_ERROR_NO_MEMORY);
    }
    assert_true(tries >= 2);
    for (unsigned id = 0; id < TER_SIDE_COUNT; id++)
        fill(&side, id, data_start(), TER_BYTES_IN_CHUNK, 1);
    ter_side_fini(&side);
}

static void init_refused(void **state)
{
    (void)state;
    for (uint64_t k = 0; k < 2; k++) {
        struct ter_side_metadata side;
        size_t before = test_count_mappings("");
        ter_status status;

        test_fail_calls(TEST_ALL_CALLS, k, 1);
        status = ter_side_init(&side, data_start(), DATA_BYTES);
        test_stop_failing(NULL);
        assert_int_not_equal(status, TER_OK);
        if (!TER_HAS_SANITIZER)
            assert_int_equal(test_count_mappings(""), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_do_not_overlap), cmocka_unit_test(records_lie_side_by_side),
        cmocka_unit_test(values_do_not_overlap), cmocka_unit_test(only_the_set_is_mapped),
        cmocka_unit_test(mapping_refused),       cmocka_unit_test(init_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
