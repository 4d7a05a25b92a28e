/* SPDX-License-Identifier: MIT */
/*
 * Spaces of small objects: for every byte of a block of every size class, the object that covers
 * it, through runs, freeing, reuse and sweeps.
 */
#include "space/space.h"

#include "spaces.h"

#define MOST_CELLS (TER_BYTES_IN_BLOCK / 16)
#define KIND_CLEARED 0u
#define KIND_ATOMIC 1u

static const struct ter_kind kinds[TER_MAX_KINDS] = {
    [KIND_CLEARED] = {.scan = TER_SCAN_AMBIGUOUS, .zeroed = true},
    [KIND_ATOMIC] = {.scan = TER_SCAN_NONE},
};

struct space_test {
    struct ter_arena arena;
    struct ter_block_space *space;
    struct ter_random random;
    uintptr_t block;
    size_t cell_bytes, cells;
    bool object[MOST_CELLS];
    bool seen[MOST_CELLS];
};

static struct space_test *make_space(bool immortal)
{
    struct space_test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    test_arena_init(&test->arena);
    test->space =
        test_space_new(&test->arena, immortal ? &ter_policy_immortal : &ter_policy_mark_sweep,
                       immortal ? 1 : 0, kinds);
    test->random = test_random();
    return test;
}

static int make_mark_sweep(void **state)
{
    *state = make_space(false);
    return 0;
}

static int make_immortal(void **state)
{
    *state = make_space(true);
    return 0;
}

static int free_space(void **state)
{
    struct space_test *test = *state;

    ter_block_space_check(&test->space->space);
    ter_space_fini(&test->space->space);
    ter_arena_fini(&test->arena);
    free(test);
    return 0;
}

static const struct ter_sft *sft(const struct space_test *test)
{
    return &test->space->space.sft;
}

static uintptr_t cell_at(const struct space_test *test, size_t cell)
{
    return test->block + cell * test->cell_bytes;
}

/* Every byte of the block, the rest behind the last cell included. */
static void check_block(const struct space_test *test)
{
    const struct ter_sft *space = sft(test);

    for (size_t offset = 0; offset < TER_BYTES_IN_BLOCK; offset++) {
        size_t cell = offset / test->cell_bytes;
        uintptr_t word = test->block + offset;
        uintptr_t wanted = cell < test->cells && test->object[cell] ? cell_at(test, cell) : 0;

        if (space->find_object_from_interior(space, word).bits != wanted)
            print_error("class of %zu bytes, offset %zu\n", test->cell_bytes, offset);
        assert_int_equal(space->find_object_from_interior(space, word).bits, wanted);
        assert_int_equal(space->find_object(space, word).bits, word == wanted ? word : 0);
    }
}

static void begin_class(struct space_test *test, unsigned kind, unsigned size_class)
{
    memset(test->object, 0, sizeof test->object);
    assert_int_equal(ter_block_space_take_fresh(test->space, kind, size_class, &test->block),
                     TER_OK);
    test->cell_bytes = ter_size_class_bytes[size_class];
    test->cells = TER_BYTES_IN_BLOCK / test->cell_bytes;
}

/* The run lies in cells that are free, and is clear if its kind wants that. */
static void check_run(const struct space_test *test, const struct ter_cell_run *run, unsigned kind,
                      size_t most)
{
    size_t bytes = run->limit - run->cursor;
    size_t first = (run->cursor - test->block) / test->cell_bytes;

    assert_true(bytes > 0 && bytes <= ter_max(most, test->cell_bytes));
    assert_int_equal((run->cursor - test->block) % test->cell_bytes, 0);
    assert_int_equal(bytes % test->cell_bytes, 0);
    for (size_t cell = first; cell < first + bytes / test->cell_bytes; cell++)
        assert_true(cell < test->cells && !test->object[cell]);
    if (kinds[kind].zeroed)
        assert_true(test_reads_zero(run->cursor, bytes));
}

static void hand_out(struct space_test *test, struct ter_cell_run *run, size_t count)
{
    while (count-- > 0 && run->cursor < run->limit) {
        memset((void *)run->cursor, 0x66, test->cell_bytes);
        test->object[(run->cursor - test->block) / test->cell_bytes] = true;
        run->cursor += test->cell_bytes;
    }
}

/* Some of the next cells of the block as a list: free until then, in order, clear but for links. */
static void take_list(struct space_test *test, unsigned kind)
{
    size_t wanted = (1 + test_below(&test->random, 200)) * test->cell_bytes, bytes = 0;
    uintptr_t list = 1, before = 0, *last = &list;
    size_t taken = ter_block_space_take_list(test->space, test->block, wanted,
                                             test_below(&test->random, 2) == 0, &last);

    assert_true(taken <= wanted);
    assert_int_equal(*last, 0);
    for (uintptr_t cell = list; cell != 0;) {
        uintptr_t next = *(uintptr_t *)cell;
        size_t number = (cell - test->block) / test->cell_bytes;

        assert_true(cell > before && cell == cell_at(test, number));
        assert_true(number < test->cells && !test->object[number]);
        if (kinds[kind].zeroed)
            assert_true(test_reads_zero(cell + sizeof cell, test->cell_bytes - sizeof cell));
        memset((void *)cell, 0x66, test->cell_bytes);
        test->object[number] = true;
        bytes += test->cell_bytes;
        before = cell;
        cell = next;
    }
    assert_int_equal(bytes, taken);
    if (taken < wanted)
        for (size_t cell = 0; cell < test->cells; cell++)
            assert_true(test->object[cell]);
}

static void use_up(struct space_test *test, unsigned kind, size_t most)
{
    struct ter_cell_run run = {0};

    while (ter_block_space_next_run(test->space, test->block, most, most % 32 == 0, &run)) {
        check_run(test, &run, kind, most);
        hand_out(test, &run, test_below(&test->random, 20));
        if (test_below(&test->random, 8) == 0)
            check_block(test);
        hand_out(test, &run, SIZE_MAX);
        if (test_below(&test->random, 4) == 0)
            take_list(test, kind);
    }
    assert_int_equal(run.cursor, 0);
    assert_int_equal(run.limit, 0);
    check_block(test);
    for (size_t cell = 0; cell < test->cells; cell++)
        assert_true(test->object[cell]);
}

/* May its cell enter a list? In both forms. */
static bool free_cell(struct space_test *test, size_t cell)
{
    bool passed = false;

    assert_true(ter_block_space_free(test->space, cell_at(test, cell), cell % 2 == 0, &passed));
    return passed;
}

/* The block is used up, so every freed cell may enter a list. */
static void free_some(struct space_test *test)
{
    for (size_t cell = 0; cell < test->cells; cell++)
        if (test_below(&test->random, 3) == 0) {
            assert_true(free_cell(test, cell));
            test->object[cell] = false;
        }
    check_block(test);
    for (size_t cell = 0; cell < test->cells; cell++)
        if (!test->object[cell] && test_below(&test->random, 3) == 0) {
            ter_block_space_reuse(test->space, cell_at(test, cell), cell % 3 == 0);
            test->object[cell] = true;
        }
    check_block(test);
}

/* Marks some objects; the sweep keeps exactly those. */
static size_t collect_some(struct space_test *test, size_t keep_percent)
{
    const struct ter_side_table *marks = &test->arena.side.tables[TER_SIDE_MARK];
    struct ter_live live = {0};
    size_t kept = 0;

    ter_block_space_prepare(&test->space->space);
    for (size_t cell = 0; cell < test->cells; cell++) {
        assert_int_equal(ter_space_is_marked(&test->space->space, cell_at(test, cell)),
                         !test->object[cell]);
        if (!test->object[cell])
            continue;
        test->object[cell] = test_below(&test->random, 100) < keep_percent;
        if (test->object[cell])
            ter_bits_set(marks, cell_at(test, cell));
        kept += test->object[cell];
    }
    ter_block_space_sweep(&test->space->space, &live);
    assert_int_equal(live.objects, kept);
    assert_int_equal(live.scanned_bytes + live.atomic_bytes, kept * test->cell_bytes);
    check_block(test);
    return kept;
}

static void check_class(struct space_test *test, unsigned kind, unsigned size_class,
                        bool whole_life)
{
    size_t kept;

    begin_class(test, kind, size_class);
    check_block(test);
    assert_int_equal(ter_block_space_take_available(test->space, kind, size_class), 0);
    use_up(test, kind, 1 + test_below(&test->random, 6000));
    if (whole_life)
        free_some(test);
    kept = collect_some(test, whole_life ? 60 : 100);
    if (kept > 0 && kept < test->cells) {
        assert_int_equal(ter_block_space_take_available(test->space, kind, size_class),
                         test->block);
        assert_int_equal(ter_block_space_take_available(test->space, kind, size_class), 0);
        use_up(test, kind, SIZE_MAX);
    }
    collect_some(test, 0);
    assert_int_equal(test->space->blocks.in_use, 0);
    assert_int_equal(test_used_bytes(&test->arena), 0);
}

static void every_byte_of_every_class(void **state)
{
    for (unsigned size_class = 0; size_class < TER_SIZE_CLASSES; size_class++)
        check_class(*state, size_class % 2 == 0 ? KIND_CLEARED : KIND_ATOMIC, size_class, true);
    for (unsigned size_class = 0; size_class < TER_SIZE_CLASSES; size_class += 5)
        check_class(*state, KIND_CLEARED, size_class, false);
}

/* What remains of a run that is given back is free again and nobody's. */
static void a_returned_run_is_free(void **state)
{
    struct space_test *test = *state;
    struct ter_cell_run run = {0};
    uintptr_t cursor;

    begin_class(test, KIND_CLEARED, 2);
    assert_true(ter_block_space_next_run(test->space, test->block, 4096, true, &run));
    hand_out(test, &run, 10);
    check_block(test);
    cursor = run.cursor;
    ter_block_space_return_run(test->space, test->block, &run);
    assert_int_equal(run.cursor, run.limit);
    check_block(test);
    assert_null(ter_block_state_of(&test->arena, test->block)->owner);
    assert_int_equal(collect_some(test, 100), 10);
    assert_int_equal(ter_block_space_take_available(test->space, KIND_CLEARED, 2), test->block);
    assert_true(ter_block_space_next_run(test->space, test->block, 4096, true, &run));
    assert_int_equal(run.cursor, cursor);
    hand_out(test, &run, 3);
    check_block(test);
    ter_block_space_return_run(test->space, test->block, &run);
}

/* After a sweep, a cell of a full block that is freed may enter a list: no run will find it. */
static void a_full_block_gives_freed_cells_back(void **state)
{
    struct space_test *test = *state;

    begin_class(test, KIND_ATOMIC, 7);
    use_up(test, KIND_ATOMIC, SIZE_MAX);
    collect_some(test, 100);
    assert_int_equal(ter_block_space_take_available(test->space, KIND_ATOMIC, 7), 0);
    assert_true(free_cell(test, 0));
    assert_true(free_cell(test, test->cells - 1));
}

static void for_each_visits_objects(void *context, uintptr_t object, size_t bytes,
                                    const struct ter_kind *kind)
{
    struct space_test *test = context;

    assert_int_equal(bytes, test->cell_bytes);
    assert_ptr_equal(kind, &kinds[KIND_ATOMIC]);
    test->seen[(object - test->block) / test->cell_bytes] = true;
}

static void for_each(void **state)
{
    struct space_test *test = *state;

    for (unsigned size_class = 0; size_class < TER_SIZE_CLASSES; size_class += 3) {
        begin_class(test, KIND_ATOMIC, size_class);
        use_up(test, KIND_ATOMIC, 4096);
        free_some(test);
        ter_block_space_for_each(&test->space->space, for_each_visits_objects, test);
        for (size_t cell = 0; cell < test->cells; cell++)
            assert_int_equal(test->seen[cell], test->object[cell]);
        memset(test->seen, 0, sizeof test->seen);
        collect_some(test, 0);
    }
}

/* ---- The table of functions ---- */

static ter_object note_trace(struct ter_trace *trace, ter_object object)
{
    (void)trace;
    return ter_object_at(object.bits + 1);
}

static void check_answers(const struct space_test *test, uintptr_t word, bool is_object)
{
    const struct ter_sft *space = sft(test);
    ter_object object = ter_object_at(word);
    char text[128];

    assert_int_equal(space->is_live(space, object), is_object);
    assert_int_equal(space->is_sane(space, object), is_object);
    assert_int_equal(space->is_reachable(space, object), is_object);
    assert_true(space->is_in_space(space, word));
    assert_true(ter_object_is_none(space->forwarded_object(space, object)));
    assert_false(space->is_movable(space, object));
    assert_false(space->pin(space, object));
    assert_false(space->unpin(space, object));
    assert_true(space->is_pinned(space, object));
    space->print_object(space, object, text, sizeof text);
    assert_non_null(strstr(text, space->name));
    assert_int_equal(strstr(text, "no object") == NULL, is_object);
}

static void trace_no_object(void *context)
{
    struct space_test *test = context;
    struct ter_trace trace = {.trace_object = note_trace};

    sft(test)->trace_object(sft(test), &trace, ter_object_at(test->block + 16));
}

static void answers(void **state)
{
    struct space_test *test = *state;
    const struct ter_sft *space = sft(test);
    struct ter_trace trace = {.trace_object = note_trace};
    struct ter_cell_run run = {0};

    begin_class(test, KIND_CLEARED, 3);
    assert_ptr_equal(ter_sft_map_get(&test->arena.map, test->block), space);
    check_answers(test, test->block, false);
    assert_true(ter_block_space_next_run(test->space, test->block, 4096, true, &run));
    check_answers(test, test->block, false);
    hand_out(test, &run, 4);
    check_answers(test, test->block, true);
    assert_int_equal(space->trace_object(space, &trace, ter_object_at(test->block)).bits,
                     test->block + 1);
    test_dies(trace_no_object, test, "is no object");
    ter_block_space_return_run(test->space, test->block, &run);
    assert_false(space->is_in_space(space, test->block + TER_BYTES_IN_CHUNK));
    assert_false(space->is_in_space(space, test->block - 1));
}

/* Objects allocated where others died in the last collection are as live as any. */
static void new_objects_are_live(void **state)
{
    struct space_test *test = *state;
    struct ter_cell_run run = {0};

    for (unsigned round = 0; round < 3; round++) {
        begin_class(test, KIND_ATOMIC, 5);
        use_up(test, KIND_ATOMIC, SIZE_MAX);
        for (size_t cell = 0; cell < test->cells; cell++)
            check_answers(test, cell_at(test, cell), true);
        collect_some(test, 50);
        for (size_t cell = 0; cell < test->cells; cell++)
            check_answers(test, cell_at(test, cell), test->object[cell]);
        assert_int_equal(ter_block_space_take_available(test->space, KIND_ATOMIC, 5), test->block);
        while (ter_block_space_next_run(test->space, test->block, SIZE_MAX, true, &run))
            hand_out(test, &run, SIZE_MAX);
        for (size_t cell = 0; cell < test->cells; cell++)
            check_answers(test, cell_at(test, cell), true);
        collect_some(test, 0);
    }
}

/* Of several threads that free a cell one hears that it did. */
static void freeing_twice_is_told(void **state)
{
    struct space_test *test = *state;
    bool passed;

    begin_class(test, KIND_ATOMIC, 9);
    use_up(test, KIND_ATOMIC, SIZE_MAX);
    assert_true(free_cell(test, 1));
    assert_false(ter_block_space_free(test->space, cell_at(test, 1), false, &passed));
    assert_false(ter_block_space_free(test->space, cell_at(test, 1), true, &passed));
    ter_block_space_reuse(test->space, cell_at(test, 1), true);
    assert_true(free_cell(test, 1));
}

/* Exactly the first bytes of objects, and no word crashes. */
static void exact_objects(void **state)
{
    struct space_test *test = *state;
    struct ter_cell_run run = {0};

    begin_class(test, KIND_ATOMIC, 9);
    assert_true(ter_block_space_next_run(test->space, test->block, SIZE_MAX, true, &run));
    assert_false(ter_block_space_is_object(test->space, cell_at(test, 0)));
    run.cursor += ter_size_class_bytes[9];
    assert_true(ter_block_space_is_object(test->space, cell_at(test, 0)));
    for (uintptr_t i = 1; i < 3 * ter_size_class_bytes[9]; i++)
        assert_false(ter_block_space_is_object(test->space, cell_at(test, 0) + i));
    assert_false(ter_block_space_is_object(test->space, 0));
    assert_false(ter_block_space_is_object(test->space, UINTPTR_MAX & ~(uintptr_t)15));
    assert_false(ter_block_space_is_object(test->space, test->space->space.range.start - 16));
    ter_block_space_return_run(test->space, test->block, &run);
    assert_true(ter_block_space_is_object(test->space, cell_at(test, 0)));
    assert_false(ter_block_space_is_object(test->space, cell_at(test, 1)));
}

#define MARK_SWEEP_TEST(test) cmocka_unit_test_setup_teardown(test, make_mark_sweep, free_space)
#define IMMORTAL_TEST(test) cmocka_unit_test_setup_teardown(test, make_immortal, free_space)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MARK_SWEEP_TEST(every_byte_of_every_class),
        IMMORTAL_TEST(every_byte_of_every_class),
        MARK_SWEEP_TEST(a_returned_run_is_free),
        MARK_SWEEP_TEST(a_full_block_gives_freed_cells_back),
        MARK_SWEEP_TEST(for_each),
        MARK_SWEEP_TEST(answers),
        IMMORTAL_TEST(answers),
        MARK_SWEEP_TEST(new_objects_are_live),
        IMMORTAL_TEST(new_objects_are_live),
        MARK_SWEEP_TEST(freeing_twice_is_told),
        MARK_SWEEP_TEST(exact_objects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
