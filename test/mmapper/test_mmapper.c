/* SPDX-License-Identifier: MIT */
/* States of chunks through mapping and unmapping, against an array; refused calls; the end. */
#include "mmapper/mmapper.h"
#include "support.h"

#define CHUNKS 24u
#define NAME "terrier:test"

struct mapper_test {
    struct ter_mmapper mmapper;
    bool mapped[CHUNKS];
    struct ter_random random;
};

static int make_mapper(void **state)
{
    struct mapper_test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    assert_int_equal(ter_mmapper_init(&test->mmapper, 0, CHUNKS * TER_BYTES_IN_CHUNK), TER_OK);
    assert_true(ter_is_aligned(test->mmapper.start, TER_BYTES_IN_CHUNK));
    *state = test;
    return 0;
}

static int free_mapper(void **state)
{
    struct mapper_test *test = *state;

    ter_mmapper_fini(&test->mmapper);
    free(test);
    return 0;
}

static uintptr_t chunk(const struct mapper_test *test, size_t index)
{
    return test->mmapper.start + index * TER_BYTES_IN_CHUNK;
}

static void check_states(const struct mapper_test *test)
{
    for (size_t i = 0; i < CHUNKS; i++) {
        enum ter_chunk_state wanted = test->mapped[i] ? TER_CHUNK_MAPPED : TER_CHUNK_RESERVED;

        assert_int_equal(ter_mmapper_state(&test->mmapper, chunk(test, i)), wanted);
        assert_int_equal(ter_mmapper_state(&test->mmapper, chunk(test, i + 1) - 1), wanted);
        /* Where it says mapped, memory can be written. */
        if (test->mapped[i])
            *(volatile char *)(chunk(test, i) + 12345) = 1;
    }
}

/* Chunks that the system lets be read, asked of its own list. */
static size_t count_accessible(const struct mapper_test *test)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    uintptr_t end = chunk(test, CHUNKS);
    size_t bytes = 0;
    char line[512];

    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long long from, to;
        char access[5];

        assert_int_equal(sscanf(line, "%llx-%llx %4s", &from, &to, access), 3);
        if (access[0] == 'r' && from < end && to > test->mmapper.start)
            bytes += ter_min(end, (uintptr_t)to) - ter_max(test->mmapper.start, (uintptr_t)from);
    }
    fclose(maps);
    return bytes / TER_BYTES_IN_CHUNK;
}

static void states_are_total(void **state)
{
    struct mapper_test *test = *state;
    uintptr_t start = test->mmapper.start, end = chunk(test, CHUNKS);
    struct ter_random random = test_random();

    assert_int_equal(ter_mmapper_map(&test->mmapper, start, end - start, NAME), TER_OK);
    assert_int_equal(ter_mmapper_state(&test->mmapper, start - 1), TER_CHUNK_UNMAPPED);
    assert_int_equal(ter_mmapper_state(&test->mmapper, end), TER_CHUNK_UNMAPPED);
    assert_int_equal(ter_mmapper_state(&test->mmapper, 0), TER_CHUNK_UNMAPPED);
    assert_int_equal(ter_mmapper_state(&test->mmapper, UINTPTR_MAX), TER_CHUNK_UNMAPPED);
    for (unsigned i = 0; i < 100000; i++) {
        uintptr_t word = (uintptr_t)ter_random_next(&random);

        assert_int_equal(ter_mmapper_state(&test->mmapper, word),
                         start <= word && word < end ? TER_CHUNK_MAPPED : TER_CHUNK_UNMAPPED);
    }
}

/* A range of bytes maps every chunk that it touches. */
static void random_maps_and_unmaps(void **state)
{
    struct mapper_test *test = *state;
    unsigned steps = test_iterations(600);

    test->random = test_random();
    for (unsigned i = 0; i < steps; i++) {
        size_t first = test_below(&test->random, CHUNKS);
        size_t end = first + 1 + test_below(&test->random, CHUNKS - first);
        bool map = test_below(&test->random, 2) == 0;
        uintptr_t from = chunk(test, first) + (map ? test_below(&test->random, 5000) : 0);
        uintptr_t to = chunk(test, end) - (map ? test_below(&test->random, 5000) : 0);
        ter_status status = map ? ter_mmapper_map(&test->mmapper, from, to - from, NAME)
                                : ter_mmapper_unmap(&test->mmapper, from, to - from);

        assert_int_equal(status, TER_OK);
        for (size_t n = first; n < end; n++) {
            if (map && !test->mapped[n])
                assert_int_equal(*(volatile char *)(chunk(test, n) + 12345), 0);
            test->mapped[n] = map;
        }
        check_states(test);
    }
}

/* One call to the system for each longest run of chunks that are not mapped yet. */
static void maximal_runs(void **state)
{
    struct mapper_test *test = *state;

    assert_int_equal(ter_mmapper_map(&test->mmapper, chunk(test, 4), 1, NAME), TER_OK);
    assert_int_equal(ter_mmapper_map(&test->mmapper, chunk(test, 9) - 1, 2, NAME), TER_OK);
    test->mapped[4] = test->mapped[8] = test->mapped[9] = true;
    check_states(test);
    test_fail_calls(TEST_CALL(COMMIT), TEST_FOR_EVER, 1);
    assert_int_equal(ter_mmapper_map(&test->mmapper, chunk(test, 2), 14 * TER_BYTES_IN_CHUNK, NAME),
                     TER_OK);
    assert_int_equal(test_stop_failing(NULL), 3);
    test_fail_calls(TEST_CALL(COMMIT), TEST_FOR_EVER, 1);
    assert_int_equal(ter_mmapper_map(&test->mmapper, chunk(test, 2), 14 * TER_BYTES_IN_CHUNK, NAME),
                     TER_OK);
    assert_int_equal(test_stop_failing(NULL), 0);
}

static void a_refused_call_leaves_the_state(void **state)
{
    struct mapper_test *test = *state;

    test_fail_calls(TEST_CALL(COMMIT), 0, 1);
    assert_int_equal(ter_mmapper_map(&test->mmapper, chunk(test, 1), 3 * TER_BYTES_IN_CHUNK, NAME),
                     TER_ERROR_NO_MEMORY);
    test_stop_failing(NULL);
    check_states(test);
    assert_int_equal(ter_mmapper_map(&test->mmapper, chunk(test, 1), 3 * TER_BYTES_IN_CHUNK, NAME),
                     TER_OK);
    test->mapped[1] = test->mapped[2] = test->mapped[3] = true;
    check_states(test);
    /* Chunks 4 and 5 were never mapped: a refusal must not make them so. */
    for (unsigned call = 0; call < 2; call++) {
        test_fail_calls(call == 0 ? TEST_CALL(DECOMMIT) : TEST_CALL(PROTECT), 0, 1);
        assert_int_not_equal(
            ter_mmapper_unmap(&test->mmapper, chunk(test, 2), 4 * TER_BYTES_IN_CHUNK), TER_OK);
        test_stop_failing(NULL);
        check_states(test);
    }
    assert_int_equal(ter_mmapper_unmap(&test->mmapper, chunk(test, 2), 4 * TER_BYTES_IN_CHUNK),
                     TER_OK);
    test->mapped[2] = test->mapped[3] = false;
    check_states(test);
}

/* All or nothing: runs mapped before the one that is refused are taken back, memory and all. */
static void a_refused_run_takes_the_others_back(void **state)
{
    struct mapper_test *test = *state;
    size_t bytes = 12 * TER_BYTES_IN_CHUNK;

    test->mapped[4] = test->mapped[8] = true;
    for (size_t i = 0; i < CHUNKS; i++)
        if (test->mapped[i])
            assert_int_equal(ter_mmapper_map(&test->mmapper, chunk(test, i), 1, NAME), TER_OK);
    for (uint64_t run = 0; run < 3; run++) {
        test_fail_calls(TEST_CALL(COMMIT), run, 1);
        assert_int_equal(ter_mmapper_map(&test->mmapper, chunk(test, 2), bytes, NAME),
                         TER_ERROR_NO_MEMORY);
        test_stop_failing(NULL);
        check_states(test);
        assert_int_equal(count_accessible(test), 2);
    }
    /* Taking back may be refused too: the states are right all the same. */
    test_fail_calls(TEST_CALL(COMMIT) | TEST_CALL(PROTECT), 2, 2);
    assert_int_equal(ter_mmapper_map(&test->mmapper, chunk(test, 2), bytes, NAME),
                     TER_ERROR_NO_MEMORY);
    test_stop_failing(NULL);
    check_states(test);
    assert_int_equal(ter_mmapper_map(&test->mmapper, chunk(test, 2), bytes, NAME), TER_OK);
    for (size_t i = 2; i < 14; i++)
        test->mapped[i] = true;
    check_states(test);
}

static void smaller_pieces_than_chunks(void **state)
{
    struct ter_mmapper mmapper;
    const size_t grain = 1u << 16;
    uintptr_t start;

    (void)state;
    assert_int_equal(ter_mmapper_init_grain(&mmapper, 0, 10 * grain, 16), TER_OK);
    start = mmapper.start;
    assert_true(ter_is_aligned(start, grain));
    assert_int_equal(ter_mmapper_map(&mmapper, start + 2 * grain - 1, grain + 2, NAME), TER_OK);
    for (size_t i = 0; i < 10; i++) {
        enum ter_chunk_state wanted = i >= 1 && i <= 3 ? TER_CHUNK_MAPPED : TER_CHUNK_RESERVED;

        assert_int_equal(ter_mmapper_state(&mmapper, start + i * grain), wanted);
        assert_int_equal(ter_mmapper_state(&mmapper, start + (i + 1) * grain - 1), wanted);
    }
    assert_int_equal(ter_mmapper_state(&mmapper, start - 1), TER_CHUNK_UNMAPPED);
    assert_int_equal(ter_mmapper_state(&mmapper, start + 10 * grain), TER_CHUNK_UNMAPPED);
    memset((void *)(start + grain), 1, 3 * grain);
    assert_int_equal(ter_mmapper_unmap(&mmapper, start + 2 * grain, grain), TER_OK);
    assert_int_equal(ter_mmapper_state(&mmapper, start + 2 * grain), TER_CHUNK_RESERVED);
    assert_int_equal(ter_mmapper_state(&mmapper, start + 3 * grain), TER_CHUNK_MAPPED);
    ter_mmapper_fini(&mmapper);
    assert_false(test_is_mapped(start, 10 * grain));
}

static void nothing_stays(void **state)
{
    struct ter_mmapper mmapper;
    uintptr_t start;

    (void)state;
    assert_int_equal(ter_mmapper_init(&mmapper, 0, 4 * TER_BYTES_IN_CHUNK), TER_OK);
    start = mmapper.start;
    assert_int_equal(ter_mmapper_map(&mmapper, start + TER_BYTES_IN_CHUNK, 1, NAME), TER_OK);
    assert_true(test_is_mapped(start, 1));
    assert_true(test_is_mapped(start + TER_BYTES_IN_CHUNK, 1));
    ter_mmapper_fini(&mmapper);
    assert_false(test_is_mapped(start, 4 * TER_BYTES_IN_CHUNK));
    assert_int_equal(test_count_mappings(NAME), 0);
    assert_int_equal(ter_mmapper_state(&mmapper, start), TER_CHUNK_UNMAPPED);
}

static void init_refused(void **state)
{
    (void)state;
    for (uint64_t k = 0; k < 2; k++) {
        size_t before = test_count_mappings("");
        struct ter_mmapper mmapper;
        ter_status status;

        test_fail_calls(TEST_ALL_CALLS, k, 1);
        status = ter_mmapper_init(&mmapper, 0, TER_BYTES_IN_CHUNK);
        test_stop_failing(NULL);
        assert_int_not_equal(status, TER_OK);
        if (!TER_HAS_SANITIZER)
            assert_int_equal(test_count_mappings(""), before);
    }
}

#define MAPPER_TEST(test) cmocka_unit_test_setup_teardown(test, make_mapper, free_mapper)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAPPER_TEST(states_are_total),
        MAPPER_TEST(random_maps_and_unmaps),
        MAPPER_TEST(maximal_runs),
        MAPPER_TEST(a_refused_call_leaves_the_state),
        MAPPER_TEST(a_refused_run_takes_the_others_back),
        cmocka_unit_test(smaller_pieces_than_chunks),
        cmocka_unit_test(nothing_stays),
        cmocka_unit_test(init_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
