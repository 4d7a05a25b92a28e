/* SPDX-License-Identifier: MIT */
/* Free pages inside blocks that rest: when they go, which, and how they come back. */
#define _GNU_SOURCE
#include "space/space.h"

#include <sys/mman.h>

#include "spaces.h"

#define KIND 0u
#define PATTERN 0x66
/* Sweeps until a block of which a run was taken has rested long enough. */
#define SWEEPS (1 + TER_BLOCK_RESTS)

static const struct ter_kind kinds[TER_MAX_KINDS] = {
    [KIND] = {.scan = TER_SCAN_AMBIGUOUS, .zeroed = true},
};

struct holes_test {
    struct ter_arena arena;
    struct ter_block_space *space;
    struct ter_random random;
    unsigned size_class;
    size_t cell_bytes, cells;
    uintptr_t block;
    bool object[TER_BYTES_IN_BLOCK / 16];
};

static int make(void **state)
{
    struct holes_test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    test_arena_init(&test->arena);
    test->space = test_space_new(&test->arena, &ter_policy_mark_sweep, 0, kinds);
    test->random = test_random();
    *state = test;
    return 0;
}

static int drop(void **state)
{
    struct holes_test *test = *state;

    ter_space_fini(&test->space->space);
    ter_arena_fini(&test->arena);
    free(test);
    return 0;
}

static size_t hollow_bytes(const struct holes_test *test)
{
    return atomic_load(&test->arena.accounting.hollow_bytes);
}

static uintptr_t cell_at(const struct holes_test *test, size_t cell)
{
    return test->block + cell * test->cell_bytes;
}

/* Every free cell becomes an object full of the pattern, which was clear before. */
static void use_up(struct holes_test *test)
{
    struct ter_cell_run run = {0, 0, 0};

    while (ter_block_space_next_run(test->space, test->block, 4096, true, &run))
        for (; run.cursor < run.limit; run.cursor += test->cell_bytes) {
            assert_true(test_reads_zero(run.cursor, test->cell_bytes));
            memset((void *)run.cursor, PATTERN, test->cell_bytes);
            test->object[(run.cursor - test->block) / test->cell_bytes] = true;
        }
}

static void fill_block(struct holes_test *test, unsigned size_class)
{
    memset(test->object, 0, sizeof test->object);
    test->size_class = size_class;
    test->cell_bytes = ter_size_class_bytes[size_class];
    test->cells = TER_BYTES_IN_BLOCK / test->cell_bytes;
    assert_int_equal(ter_block_space_take_fresh(test->space, KIND, size_class, &test->block),
                     TER_OK);
    use_up(test);
}

/* Each object stays with this chance in 1000, the one at `always` for certain. */
static void let_die(struct holes_test *test, unsigned chance, size_t always)
{
    for (size_t cell = 0; cell < test->cells; cell++)
        if (cell != always && test_below(&test->random, 1000) >= chance)
            test->object[cell] = false;
}

static void collect(struct holes_test *test)
{
    struct ter_live live = {0};

    ter_block_space_prepare(&test->space->space);
    for (size_t cell = 0; cell < test->cells; cell++)
        if (test->object[cell])
            ter_bits_set(&test->arena.side.tables[TER_SIDE_MARK], cell_at(test, cell));
    ter_block_space_sweep(&test->space->space, &live);
    ter_block_space_check(&test->space->space);
}

static void let_rest(struct holes_test *test)
{
    for (unsigned i = 0; i < SWEEPS; i++) {
        collect(test);
        if (i + 1 < SWEEPS)
            assert_int_equal(ter_block_space_hollow(&test->space->space, true), 0);
    }
}

static bool is_page_free(const struct holes_test *test, uintptr_t page)
{
    for (size_t cell = 0; cell < test->cells; cell++)
        if (test->object[cell] && cell_at(test, cell) < page + ter_os_page_size() &&
            cell_at(test, cell) + test->cell_bytes > page)
            return false;
    return true;
}

/* Exactly the pages that no object touches have no memory; how many bytes. */
static size_t check_pages(const struct holes_test *test)
{
    size_t page = ter_os_page_size(), free = 0;
    unsigned char resident;

    for (uintptr_t at = test->block; at + page <= test->block + TER_BYTES_IN_BLOCK; at += page) {
        if (is_page_free(test, at))
            free += page;
        if (test_is_emulated())
            continue;
        assert_int_equal(mincore((void *)at, page, &resident), 0);
        assert_int_equal(resident & 1, !is_page_free(test, at));
    }
    return free;
}

static void check_objects(const struct holes_test *test)
{
    for (size_t cell = 0; cell < test->cells; cell++)
        for (size_t i = 0; i < test->cell_bytes && test->object[cell]; i++)
            assert_int_equal(((const unsigned char *)cell_at(test, cell))[i], PATTERN);
}

static void take_again(struct holes_test *test)
{
    assert_int_equal(ter_block_space_take_available(test->space, KIND, test->size_class),
                     test->block);
    assert_int_equal(hollow_bytes(test), 0);
    use_up(test);
    check_objects(test);
}

static void empty(struct holes_test *test)
{
    memset(test->object, 0, sizeof test->object);
    collect(test);
    assert_int_equal(hollow_bytes(test), 0);
    assert_int_equal(test_used_bytes(&test->arena), 0);
}

static void free_pages_go_and_come_back(void **state)
{
    struct holes_test *test = *state;
    size_t free;

    for (unsigned size_class = 0; size_class < TER_SIZE_CLASSES; size_class++) {
        fill_block(test, size_class);
        let_die(test, 4 * (unsigned)test_below(&test->random, 3),
                test_below(&test->random, test->cells));
        let_rest(test);
        free = ter_block_space_hollow(&test->space->space, true);
        assert_int_equal(free, check_pages(test));
        assert_int_equal(free, hollow_bytes(test));
        assert_int_equal(ter_accounting_idle(&test->arena.accounting), 0);
        check_objects(test);
        take_again(test);
        empty(test);
    }
}

/* Who took the block in the meantime has it still warm. */
static void a_block_in_use_keeps_its_pages(void **state)
{
    struct holes_test *test = *state;
    struct ter_cell_run run = {0, 0, 0};

    fill_block(test, 3);
    let_die(test, 0, 0);
    for (unsigned i = 0; i < 3 * SWEEPS; i++) {
        collect(test);
        assert_int_equal(ter_block_space_hollow(&test->space->space, true), 0);
        assert_int_equal(ter_block_space_take_available(test->space, KIND, 3), test->block);
        assert_true(ter_block_space_next_run(test->space, test->block, 64, true, &run));
        assert_int_equal(ter_block_space_hollow(&test->space->space, false), 0);
        ter_block_space_return_run(test->space, test->block, &run);
    }
    empty(test);
}

/* What dies later in a block that lost pages goes too, at the latest when all is asked for. */
static void more_pages_go_later(void **state)
{
    struct holes_test *test = *state;
    size_t before, more = 0;

    fill_block(test, 1);
    let_die(test, 0, 0);
    test->object[test->cells - 1] = test->object[test->cells / 2] = true;
    let_rest(test);
    before = ter_block_space_hollow(&test->space->space, true);
    test->object[test->cells / 2] = false;
    for (unsigned i = 0; i < TER_BLOCK_RESTS; i++) {
        collect(test);
        more += ter_block_space_hollow(&test->space->space, true);
    }
    assert_int_equal(before + more, check_pages(test));
    test->object[test->cells - 1] = false;
    collect(test);
    more += ter_block_space_hollow(&test->space->space, false);
    assert_int_equal(before + more, check_pages(test));
    assert_int_equal(hollow_bytes(test), before + more);
    empty(test);
}

/* Nor does the age of a block that is never taken run over into youth. */
static void rests_for_long(void **state)
{
    struct holes_test *test = *state;
    size_t gone = 0;

    fill_block(test, 1);
    let_die(test, 0, 0);
    for (unsigned i = 0; i < 1000; i++) {
        collect(test);
        gone += ter_block_space_hollow(&test->space->space, true);
    }
    assert_int_equal(gone, check_pages(test));
    assert_true(ter_block_state_of(&test->arena, test->block)->rested >= TER_BLOCK_RESTS);
    empty(test);
}

static void a_refusal_changes_nothing(void **state)
{
    struct holes_test *test = *state;
    uint64_t failed;
    size_t gone;

    fill_block(test, 2);
    let_die(test, 0, 1);
    let_rest(test);
    test_fail_calls(TEST_CALL(DECOMMIT), 0, TEST_FOR_EVER);
    assert_int_equal(ter_block_space_hollow(&test->space->space, true), 0);
    (void)test_stop_failing(&failed);
    assert_int_equal(hollow_bytes(test), 0);
    gone = ter_block_space_hollow(&test->space->space, false);
    assert_int_equal(gone, check_pages(test));
    take_again(test);
    empty(test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(free_pages_go_and_come_back, make, drop),
        cmocka_unit_test_setup_teardown(a_block_in_use_keeps_its_pages, make, drop),
        cmocka_unit_test_setup_teardown(more_pages_go_later, make, drop),
        cmocka_unit_test_setup_teardown(rests_for_long, make, drop),
        cmocka_unit_test_setup_teardown(a_refusal_changes_nothing, make, drop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
