/* SPDX-License-Identifier: MIT */
/* Single values of every width, against an array of numbers; several threads on one byte. */
#include <pthread.h>

#include "metadata/metadata.h"
#include "support.h"

#define REGIONS 512u
#define GUARD_WORDS 2u

struct values_test {
    struct ter_random random;
    ter_side_word memory[REGIONS + 2 * GUARD_WORDS];
    struct ter_side_spec spec;
    struct ter_side_table table;
    uint64_t model[REGIONS];
    uintptr_t base;
    uint64_t mask;
};

static const uint64_t guard = UINT64_C(0x0123456789abcdef);

static size_t words_of_table(const struct values_test *test)
{
    return REGIONS << test->spec.log_bits >> 6;
}

static void make_table(struct values_test *test, unsigned log_bits, unsigned log_region)
{
    test->spec = (struct ter_side_spec){"terrier:test", log_bits, log_region, false};
    test->mask = log_bits == 6 ? UINT64_MAX : (UINT64_C(1) << (1u << log_bits)) - 1;
    test->base = (uintptr_t)3 << 28;
    memset(test->model, 0, sizeof test->model);
    memset(test->memory, 0, sizeof test->memory);
    for (size_t i = 0; i < GUARD_WORDS; i++)
        test->memory[i] = test->memory[GUARD_WORDS + words_of_table(test) + i] = guard;
    ter_side_table_over(&test->table, &test->spec, &test->memory[GUARD_WORDS], test->base);
}

/* Any address of the region. */
static uintptr_t some_address(struct values_test *test, size_t region)
{
    return test->base + ((uintptr_t)region << test->spec.log_region) +
           test_below(&test->random, (size_t)1 << test->spec.log_region);
}

static uint64_t some_value(struct values_test *test)
{
    uint64_t value = ter_random_next(&test->random) & test->mask;

    switch (test_below(&test->random, 4)) {
    case 0: return 0;
    case 1: return test->mask;
    default: return value;
    }
}

static void check_all(struct values_test *test)
{
    for (size_t i = 0; i < REGIONS; i++)
        assert_true(ter_side_load(&test->table, some_address(test, i)) == test->model[i]);
    for (size_t i = 0; i < GUARD_WORDS; i++) {
        assert_true(test->memory[i] == guard);
        assert_true(test->memory[GUARD_WORDS + words_of_table(test) + i] == guard);
    }
}

static void random_exchange(struct values_test *test, size_t i, uintptr_t address)
{
    uint64_t wanted = test_below(&test->random, 2) == 0 ? test->model[i] : some_value(test);
    uint64_t expected = wanted, value = some_value(test);
    bool done = ter_side_compare_exchange(&test->table, address, &expected, value,
                                          memory_order_release, memory_order_relaxed);

    assert_int_equal(done, wanted == test->model[i]);
    assert_true(expected == test->model[i]);
    if (done)
        test->model[i] = value;
}

static void random_operation(struct values_test *test)
{
    const struct ter_side_table *table = &test->table;
    size_t i = test_below(&test->random, REGIONS);
    uintptr_t address = some_address(test, i);
    uint64_t value = some_value(test), *model = &test->model[i];

    switch (test_below(&test->random, 6)) {
    case 0:
        ter_side_store(table, address, value);
        *model = value;
        break;
    case 1:
        ter_side_store_atomic(table, address, value, memory_order_release);
        *model = value;
        break;
    case 2:
        assert_true(ter_side_fetch_and(table, address, value, memory_order_seq_cst) == *model);
        *model &= value;
        break;
    case 3:
        assert_true(ter_side_fetch_or(table, address, value, memory_order_release) == *model);
        *model |= value;
        break;
    case 4: random_exchange(test, i, address); break;
    default:
        assert_true(ter_side_load_atomic(table, address, memory_order_acquire) == *model);
        break;
    }
}

static void random_operations(void **state)
{
    struct values_test test;
    unsigned steps = test_iterations(3000);

    (void)state;
    test.random = test_random();
    for (unsigned log_bits = 0; log_bits <= 6; log_bits++) {
        unsigned log_least = log_bits > 3 ? log_bits - 3 : 0;

        for (unsigned log_region = log_least; log_region <= 16; log_region += 3) {
            make_table(&test, log_bits, log_region);
            for (unsigned i = 0; i < steps; i++) {
                random_operation(&test);
                if (i % 64 == 0)
                    check_all(&test);
            }
            check_all(&test);
        }
    }
}

/* The functions on a table with constant figures are those on the table. */
static void constant_tables(void **state)
{
    struct ter_side_metadata side;
    uintptr_t start = (uintptr_t)1 << 30, address;

    (void)state;
    assert_int_equal(ter_side_init(&side, start, TER_BYTES_IN_CHUNK), TER_OK);
    assert_int_equal(ter_side_map(&side, TER_SIDE_SET(MARK) | TER_SIDE_SET(BLOCK_LINK), start,
                                  TER_BYTES_IN_CHUNK),
                     TER_OK);
    address = start + 5 * TER_BYTES_IN_BLOCK;
    ter_side_store(TER_SIDE_TABLE(side, BLOCK_LINK), address, 77);
    ter_side_store_atomic(TER_SIDE_TABLE(side, MARK), address, 1, memory_order_relaxed);
    assert_true(ter_side_load(&side.tables[TER_SIDE_BLOCK_LINK], address) == 77);
    assert_int_equal(*(uint32_t *)TER_SIDE_RECORD(side, BLOCK_LINK, address), 77);
    /* The bits that other floors read are the same ones. */
    assert_true(ter_bits_test(&side.tables[TER_SIDE_MARK], address));
    for (uintptr_t at = start; at < start + TER_BYTES_IN_CHUNK; at += 7 * TER_BYTES_IN_GRANULE) {
        ter_bits_set(&side.tables[TER_SIDE_MARK], at);
        assert_true(ter_side_load(&side.tables[TER_SIDE_MARK], at) == 1);
        assert_true(ter_side_fetch_and(&side.tables[TER_SIDE_MARK], at, 0, memory_order_relaxed));
        assert_false(ter_bits_test(&side.tables[TER_SIDE_MARK], at));
    }
    ter_side_fini(&side);
}

/* ---- Threads ---- */

#define THREADS 4u

struct contention {
    struct ter_side_table table;
    ter_side_word memory;
    pthread_barrier_t together;
    uintptr_t base;
    unsigned log_bits, steps, failures;
};

struct contender {
    struct contention *shared;
    unsigned number;
};

/*
 * Each thread has a value of its own in one byte and knows it: a compare-exchange that expects it
 * never fails, and nothing that others do changes it.
 */
static void *contend(void *argument)
{
    const struct contender *self = argument;
    struct contention *shared = self->shared;
    uintptr_t own = shared->base + ((uintptr_t)self->number << 4);
    uint64_t mask = ter_side_mask(&shared->table), value = 0;
    unsigned failures = 0;

    pthread_barrier_wait(&shared->together);
    for (unsigned i = 0; i < shared->steps; i++) {
        uint64_t expected = value, next = (value + 1) & mask;

        failures += !ter_side_compare_exchange(&shared->table, own, &expected, next,
                                               memory_order_relaxed, memory_order_relaxed);
        value = next;
        ter_side_store_atomic(&shared->table, own, value ^ 1, memory_order_relaxed);
        value ^= 1;
        failures += ter_side_fetch_or(&shared->table, own, mask, memory_order_relaxed) != value;
        failures += ter_side_fetch_and(&shared->table, own, value, memory_order_relaxed) != mask;
        failures += ter_side_load(&shared->table, own) != value;
    }
    __atomic_fetch_add(&shared->failures, failures, __ATOMIC_RELAXED);
    return NULL;
}

/* All threads count in one value; none of the additions is lost. */
static void *count_together(void *argument)
{
    struct contention *shared = ((const struct contender *)argument)->shared;

    pthread_barrier_wait(&shared->together);
    for (unsigned i = 0; i < shared->steps; i++) {
        uint64_t old = ter_side_load(&shared->table, shared->base), new;

        do
            new = (old + 1) & ter_side_mask(&shared->table);
        while (!ter_side_compare_exchange(&shared->table, shared->base, &old, new,
                                          memory_order_relaxed, memory_order_relaxed));
    }
    return NULL;
}

static void run_threads(struct contention *shared, void *(*body)(void *))
{
    struct contender contenders[THREADS];
    pthread_t threads[THREADS];

    assert_int_equal(pthread_barrier_init(&shared->together, NULL, THREADS), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        contenders[i] = (struct contender){shared, i};
        assert_int_equal(pthread_create(&threads[i], NULL, body, &contenders[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    pthread_barrier_destroy(&shared->together);
}

static void neighbours_do_not_disturb(void **state)
{
    (void)state;
    for (unsigned log_bits = 0; log_bits <= 4; log_bits++) {
        const struct ter_side_spec spec = {"terrier:test", log_bits, 4, false};
        struct contention shared = {.base = (uintptr_t)1 << 28, .steps = test_iterations(30000)};

        ter_side_table_over(&shared.table, &spec, &shared.memory, shared.base);
        run_threads(&shared, contend);
        assert_int_equal(shared.failures, 0);
        ter_side_store(&shared.table, shared.base, 0);
        run_threads(&shared, count_together);
        assert_true(ter_side_load(&shared.table, shared.base) ==
                    ((uint64_t)shared.steps * THREADS & ter_side_mask(&shared.table)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations),
        cmocka_unit_test(constant_tables),
        cmocka_unit_test(neighbours_do_not_disturb),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
