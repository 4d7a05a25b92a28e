/* SPDX-License-Identifier: MIT */
/* The content check: quiet while all goes through the functions, and stops what does not. */
#include "metadata/metadata.h"
#include "support.h"

#define START ((uintptr_t)1 << 30)

static const struct ter_side_spec specs[] = {{"terrier:test:twos", 1, 4, false},
                                             {"terrier:test:words", 5, 8, false}};

struct shadow_test {
    struct ter_side_metadata side;
    struct ter_side_table *twos, *words;
};

static int make_shadows(void **state)
{
    struct shadow_test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    assert_int_equal(ter_side_init_specs(&test->side, specs, 2, START, 4 * TER_BYTES_IN_CHUNK),
                     TER_OK);
    assert_int_equal(ter_side_map(&test->side, 3, START, 4 * TER_BYTES_IN_CHUNK), TER_OK);
    test->twos = &test->side.tables[0];
    test->words = &test->side.tables[1];
    assert_int_equal(ter_side_shadow_attach(test->twos), TER_OK);
    assert_int_equal(ter_side_shadow_attach(test->words), TER_OK);
    *state = test;
    return 0;
}

static int free_shadows(void **state)
{
    struct shadow_test *test = *state;

    ter_side_fini(&test->side);
    free(test);
    return 0;
}

static bool increment(void *context, uint64_t *value)
{
    (void)context;
    *value = (*value + 1) & 3;
    return true;
}

static void one_step(struct ter_random *random, const struct ter_side_table *table)
{
    uintptr_t region = (uintptr_t)1 << table->log_region;
    uintptr_t start = START + test_below(random, 5000) * region, end = start;
    uint64_t value = test_below(random, 4), old = 0;

    end += test_below(random, 100) * region;
    switch (test_below(random, 9)) {
    case 0: ter_side_store(table, start, value); break;
    case 1: ter_side_store_atomic(table, start, value, memory_order_relaxed); break;
    case 2: ter_side_fetch_add(table, start, value, memory_order_relaxed); break;
    case 3: ter_side_fetch_and(table, start, value, memory_order_relaxed); break;
    case 4:
        ter_side_compare_exchange(table, start, &old, value, memory_order_relaxed,
                                  memory_order_relaxed);
        break;
    case 5:
        ter_side_fetch_update(table, start, increment, NULL, memory_order_relaxed,
                              memory_order_relaxed, &old);
        break;
    case 6: ter_side_fill_range(table, start, end, value); break;
    case 7: ter_side_zero_range(table, start, end + (value == 0 ? 9000 : 0) * region); break;
    default: ter_side_load(table, start); break;
    }
}

static void all_is_well(void **state)
{
    struct shadow_test *test = *state;
    struct ter_random random = test_random();
    unsigned steps = test_iterations(TER_HAS_TSAN ? 4000 : 20000);

    for (unsigned i = 0; i < steps; i++) {
        one_step(&random, i % 2 == 0 ? test->twos : test->words);
        if (i % 500 == 0) {
            ter_side_shadow_verify(test->twos);
            ter_side_shadow_verify(test->words);
        }
        if (i % 2000 == 1999)
            ter_side_clear(&test->side, 3, START, 2 * TER_BYTES_IN_CHUNK);
    }
    ter_side_shadow_verify(test->twos);
    ter_side_shadow_verify(test->words);
}

/* A long range of zeros ends where it ends. */
static void long_ranges(void **state)
{
    struct shadow_test *test = *state;
    uintptr_t end = START + TER_BYTES_IN_CHUNK;

    for (unsigned i = 0; i < 2; i++) {
        ter_side_store(test->twos, START + i * TER_BYTES_IN_GRANULE, 3);
        ter_side_store(test->twos, end - i * TER_BYTES_IN_GRANULE, 3);
    }
    ter_side_zero_range(test->twos, START + TER_BYTES_IN_GRANULE, end);
    ter_side_shadow_verify(test->twos);
    assert_true(ter_side_load(test->twos, START) == 3);
    assert_true(ter_side_load(test->twos, START + TER_BYTES_IN_GRANULE) == 0);
    assert_true(ter_side_load(test->twos, end - TER_BYTES_IN_GRANULE) == 0);
    assert_true(ter_side_load(test->twos, end) == 3);
}

/* Writes to the table's memory behind the functions' back. */
static void write_past(const struct ter_side_table *table, uintptr_t address)
{
    *(volatile uint8_t *)ter_side_unit(table, address) ^= 1;
}

static void load_it(void *context)
{
    struct shadow_test *test = context;

    write_past(test->words, START + 0x4200);
    ter_side_load(test->words, START + 0x4234);
}

static void load_bits(void *context)
{
    struct shadow_test *test = context;

    ter_side_store(test->twos, START + 0x40, 2);
    write_past(test->twos, START + 0x40);
    ter_side_load_atomic(test->twos, START + 0x40, memory_order_relaxed);
}

static void change_it(void *context)
{
    struct shadow_test *test = context;

    write_past(test->words, START);
    ter_side_fetch_add(test->words, START, 4, memory_order_relaxed);
}

static void exchange_it(void *context)
{
    struct shadow_test *test = context;
    uint64_t expected = 0;

    write_past(test->words, START);
    ter_side_compare_exchange(test->words, START, &expected, 3, memory_order_relaxed,
                              memory_order_relaxed);
}

static void copy_it(void *context)
{
    struct shadow_test *test = context;
    ter_side_word memory[8] = {0};
    struct ter_side_table copy;

    ter_side_table_over(&copy, &specs[1], memory, START);
    write_past(test->words, START + 256);
    ter_side_copy_range(&copy, test->words, START, START + 1024);
}

static void verify_it(void *context)
{
    struct shadow_test *test = context;

    ter_side_fill_range(test->words, START, START + 1024, 9);
    write_past(test->words, START + 512);
    ter_side_shadow_verify(test->words);
}

static void too_wide(void *context)
{
    struct shadow_test *test = context;

    ter_side_store(test->twos, START, 4);
}

static void wild_writes_are_found(void **state)
{
    struct shadow_test *test = *state;

    test_dies(load_it, test, "terrier:test:words for address 0x40004234 is ");
    test_dies(load_bits, test, "terrier:test:twos for address 0x40000040 is ");
    test_dies(change_it, test, "but 0 was stored");
    test_dies(exchange_it, test, "but 0 was stored");
    test_dies(copy_it, test, "terrier:test:words for address 0x40000100 is ");
    test_dies(verify_it, test, "but 0x9 was stored");
    test_dies(too_wide, test, "broken invariant");
}

static void refused_memory(void **state)
{
    struct shadow_test *test = *state;

    ter_side_shadow_detach(test->twos);
    for (uint64_t call = 0; call < 2; call++) {
        test_fail_calls(TEST_CALL(ALLOCATE), call, 1);
        assert_int_equal(ter_side_shadow_attach(test->twos), TER_ERROR_NO_MEMORY);
        test_stop_failing(NULL);
        assert_null(test->twos->shadow);
    }
    assert_int_equal(ter_side_shadow_attach(test->twos), TER_OK);
}

/* Builds without the check have no shadow, and nothing is looked at. */
static void release_builds(void **state)
{
    struct shadow_test *test = *state;

    assert_null(test->twos->shadow);
    write_past(test->twos, START);
    assert_true(ter_side_load(test->twos, START) != 0);
    ter_side_shadow_verify(test->twos);
}

#define SHADOW_TEST(test) cmocka_unit_test_setup_teardown(test, make_shadows, free_shadows)

int main(void)
{
    const struct CMUnitTest checked[] = {
        SHADOW_TEST(all_is_well),
        SHADOW_TEST(long_ranges),
        SHADOW_TEST(wild_writes_are_found),
        SHADOW_TEST(refused_memory),
    };
    const struct CMUnitTest release[] = {
        SHADOW_TEST(all_is_well),
        SHADOW_TEST(long_ranges),
        SHADOW_TEST(release_builds),
    };

    return TER_CHECKED_SIDE ? cmocka_run_group_tests(checked, NULL, NULL)
                            : cmocka_run_group_tests(release, NULL, NULL);
}
