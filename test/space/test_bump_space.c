/* SPDX-License-Identifier: MIT */
/*
 * The bump space against a naive model: for every word of what it has, which object covers it; for
 * every object its size, kind and contents. Several windows with runs, as of several mutators.
 */
#include "space/space.h"

#include "spaces.h"

#define OBJECTS 4000u
#define WINDOWS 3u

enum { CLEARED, ATOMIC, UNCOLLECTABLE, KINDS };

static const struct ter_kind kinds[TER_MAX_KINDS] = {
    [CLEARED] = {.scan = TER_SCAN_AMBIGUOUS, .zeroed = true},
    [ATOMIC] = {.scan = TER_SCAN_NONE},
    [UNCOLLECTABLE] = {.scan = TER_SCAN_AMBIGUOUS, .zeroed = true, .uncollectable = true},
};

struct model_object {
    uintptr_t start;
    size_t bytes;
    unsigned kind;
    bool alive, seen;
};

struct bump_test {
    struct ter_arena arena;
    struct ter_space *space;
    struct ter_random random;
    uintptr_t windows[WINDOWS][KINDS];
    struct ter_cell_run runs[WINDOWS][KINDS][TER_SIZE_CLASSES];
    struct model_object objects[OBJECTS];
    size_t count, blocks;
};

static int make_bump(void **state)
{
    struct bump_test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    test_arena_init(&test->arena);
    test->space = test_space_new(&test->arena, &ter_policy_bump, 0, kinds);
    test->random = test_random();
    *state = test;
    return 0;
}

static int free_bump(void **state)
{
    struct bump_test *test = *state;

    ter_policy_bump.check(test->space);
    ter_space_fini(test->space);
    ter_arena_fini(&test->arena);
    free(test);
    return 0;
}

/* As an allocator does it: where there is room, else in a block that was left, or a fresh one. */
static void fill_run(struct bump_test *test, unsigned window, unsigned kind, unsigned size_class)
{
    uintptr_t *at = &test->windows[window][kind];
    struct ter_cell_run *runs = test->runs[window][kind];
    size_t most = ter_random_below(&test->random, 2) == 0 ? 256 : TER_KIB(4);

    while (!ter_policy_bump.fill_run(test->space, at, kind, size_class, most, &runs[size_class])) {
        assert_int_equal(*at, 0);
        if (ter_policy_bump.take_kept(test->space, at, kind, runs))
            continue;
        assert_int_equal(ter_policy_bump.admit_bytes(1), TER_BYTES_IN_BLOCK);
        assert_int_equal(ter_policy_bump.take_fresh(test->space, at, kind, runs), TER_OK);
        assert_int_not_equal(*at, 0);
    }
}

static uintptr_t allocate(struct bump_test *test, unsigned window, unsigned kind, size_t bytes)
{
    unsigned size_class = ter_size_class_of(bytes);
    struct ter_cell_run *run = &test->runs[window][kind][size_class];
    uintptr_t cell;

    if (run->cursor == run->limit)
        fill_run(test, window, kind, size_class);
    cell = run->cursor;
    assert_int_equal((run->limit - cell) % bytes, 0);
    assert_int_equal(test->space->sft.find_object(&test->space->sft, cell).bits, 0);
    run->cursor += bytes;
    return cell;
}

/* As when the world stops. */
static void return_runs(struct bump_test *test, unsigned window)
{
    for (unsigned kind = 0; kind < KINDS; kind++)
        for (unsigned i = 0; i < TER_SIZE_CLASSES; i++)
            ter_policy_bump.return_run(test->space, &test->runs[window][kind][i]);
}

static void end_mutator(struct bump_test *test, unsigned window)
{
    return_runs(test, window);
    for (unsigned kind = 0; kind < KINDS; kind++) {
        ter_policy_bump.give_up(test->space, &test->windows[window][kind], kind);
        assert_int_equal(test->windows[window][kind], 0);
    }
}

static void add_object(struct bump_test *test, unsigned window, unsigned kind, size_t bytes)
{
    struct model_object *made = &test->objects[test->count++];

    *made = (struct model_object){allocate(test, window, kind, bytes), bytes, kind, true, false};
    assert_true(ter_is_aligned(made->start, TER_BYTES_IN_GRANULE));
    assert_true(test_reads_zero(made->start, bytes));
    memset((void *)made->start, (int)(test->count % 255 + 1), bytes);
}

static void fill(struct bump_test *test, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned kind = (unsigned)ter_random_below(&test->random, KINDS);
        unsigned window = (unsigned)ter_random_below(&test->random, WINDOWS);
        size_t most = ter_random_below(&test->random, 20) == 0 ? TER_SIZE_CLASSES : 20;
        size_t size_class = (size_t)ter_random_below(&test->random, most);

        add_object(test, window, kind, ter_size_class_bytes[size_class]);
        if (ter_random_below(&test->random, 50) == 0)
            return_runs(test, window);
        if (ter_random_below(&test->random, 500) == 0)
            end_mutator(test, window);
    }
}

static void free_some(struct bump_test *test)
{
    for (size_t i = 0; i < test->count; i++) {
        struct model_object *object = &test->objects[i];

        if (!object->alive || ter_random_below(&test->random, 3) != 0)
            continue;
        assert_int_equal(ter_policy_bump.free(test->space, object->start), object->bytes);
        object->alive = false;
    }
}

static void check_word(const struct bump_test *test, uintptr_t word, uintptr_t covering)
{
    const struct ter_sft *sft = &test->space->sft;

    assert_int_equal(sft->find_object_from_interior(sft, word).bits, covering);
    assert_int_equal(sft->find_object(sft, word).bits, word == covering ? covering : 0);
}

/* Every granule's first and last byte, in memory that holds objects and behind it. */
static void check_object(const struct bump_test *test, const struct model_object *object)
{
    const struct ter_sft *sft = &test->space->sft;
    uintptr_t wanted = object->alive ? object->start : 0;

    for (size_t at = 0; at < object->bytes; at += TER_BYTES_IN_GRANULE) {
        check_word(test, object->start + at, wanted);
        check_word(test, object->start + at + TER_BYTES_IN_GRANULE - 1, wanted);
    }
    assert_int_equal(sft->is_live(sft, ter_object_at(object->start)), object->alive);
    if (!object->alive)
        return;
    assert_int_equal(ter_policy_bump.object_bytes(test->space, object->start), object->bytes);
    assert_int_equal(ter_policy_bump.object_kind(test->space, object->start), object->kind);
}

static void note_seen(void *context, uintptr_t start, size_t bytes, const struct ter_kind *kind)
{
    struct bump_test *test = context;

    for (size_t i = 0; i < test->count; i++) {
        struct model_object *object = &test->objects[i];

        if (object->start != start)
            continue;
        assert_true(object->alive && !object->seen);
        assert_int_equal(object->bytes, bytes);
        assert_ptr_equal(kind, &kinds[object->kind]);
        object->seen = true;
        return;
    }
    fail();
}

static void check_all(struct bump_test *test)
{
    size_t in_chunks = 0;
    uintptr_t chunk, end = 0;

    for (size_t i = 0; i < test->count; i++) {
        check_object(test, &test->objects[i]);
        test->objects[i].seen = false;
    }
    ter_policy_bump.for_each(test->space, note_seen, test);
    for (size_t i = 0; i < test->count; i++)
        assert_int_equal(test->objects[i].seen, test->objects[i].alive);
    while ((chunk = ter_range_next(&test->space->range, &test->arena, end, &end)) != 0)
        for (; chunk < end; chunk += TER_BYTES_IN_CHUNK)
            in_chunks += ter_policy_bump.used_in_chunk(test->space, chunk);
    assert_int_equal(in_chunks, ter_policy_bump.used_bytes(test->space));
    assert_int_equal(in_chunks, test_used_bytes(&test->arena));
    ter_policy_bump.check(test->space);
}

static void agrees_with_the_model(void **state)
{
    struct bump_test *test = *state;

    check_all(test);
    for (unsigned round = 0; round < 4; round++) {
        fill(test, OBJECTS / 4);
        check_all(test);
        free_some(test);
        check_all(test);
    }
}

/* Behind the last object of a block, and in memory that no object has had. */
static void what_is_free_is_no_object(void **state)
{
    struct bump_test *test = *state;
    uintptr_t end;

    add_object(test, 0, CLEARED, 48);
    end = test->objects[0].start + 48;
    for (uintptr_t at = end; at < end + TER_BYTES_IN_CHUNK; at += 4080)
        check_word(test, at, 0);
    check_word(test, end, 0);
    add_object(test, 0, CLEARED, 48);
    assert_int_equal(test->objects[1].start, end);
    check_word(test, end, end);
    check_word(test, end - 1, end - 48);
    return_runs(test, 0);
    check_word(test, end, end);
    check_word(test, end + 48, 0);
    add_object(test, 0, CLEARED, 16);
    assert_int_equal(test->objects[2].start, end + 48);
}

static void one_behind_another(void **state)
{
    struct bump_test *test = *state;

    for (unsigned i = 0; i < 8; i++)
        add_object(test, 0, CLEARED, 4096);
    for (unsigned i = 1; i < 8; i++)
        assert_int_equal(test->objects[i].start, test->objects[i - 1].start + 4096);
    add_object(test, 0, CLEARED, 16);
    assert_true(ter_is_aligned(test->objects[8].start, TER_BYTES_IN_BLOCK));
    check_all(test);
}

/* What runs had left, between others, is used before what lies behind; but no freed object. */
static void what_runs_leave_is_used(void **state)
{
    struct bump_test *test = *state;
    size_t used;

    add_object(test, 0, CLEARED, 32);
    add_object(test, 0, CLEARED, 48);
    add_object(test, 0, CLEARED, 64);
    used = test_used_bytes(&test->arena);
    assert_int_equal(ter_policy_bump.free(test->space, test->objects[1].start), 48);
    test->objects[1].alive = false;
    for (unsigned i = 0; i < TER_BYTES_IN_BLOCK / 32 - 8; i++) {
        return_runs(test, 0);
        add_object(test, 0, CLEARED, 32);
    }
    assert_int_equal(test_used_bytes(&test->arena), used);
    check_all(test);
}

/* A block that a mutator leaves serves another one, if there is room for any object. */
static void what_is_left_serves_others(void **state)
{
    struct bump_test *test = *state;
    size_t used;

    add_object(test, 0, ATOMIC, 64);
    used = test_used_bytes(&test->arena);
    end_mutator(test, 0);
    add_object(test, 1, ATOMIC, 8192);
    assert_int_equal(test->objects[1].start, test->objects[0].start + 64);
    assert_int_equal(test_used_bytes(&test->arena), used);
    add_object(test, 1, ATOMIC, 8192);
    add_object(test, 1, ATOMIC, 8192);
    end_mutator(test, 1);
    add_object(test, 2, ATOMIC, 64);
    assert_int_equal(test_used_bytes(&test->arena), 2 * used);
    check_all(test);
}

/* A mark is nothing here, whoever sets or clears one. */
static void marks_change_nothing(void **state)
{
    struct bump_test *test = *state;

    fill(test, 100);
    for (size_t i = 0; i < test->count; i++) {
        ter_policy_bump.set_mark(test->space, test->objects[i].start, i % 2 == 0);
        assert_true(ter_policy_bump.is_marked(test->space, test->objects[i].start));
    }
    check_all(test);
}

static void room_ends(void **state)
{
    struct bump_test *test = *state;
    uintptr_t window = 0;
    ter_status status = TER_OK;

    while (status == TER_OK)
        status = ter_policy_bump.take_fresh(test->space, &window, CLEARED, test->runs[0][CLEARED]);
    assert_int_equal(status, TER_ERROR_NO_ADDRESS_SPACE);
    assert_int_equal(ter_policy_bump.used_bytes(test->space), TEST_EXTENT);
}

int main(void)
{
#define BUMP_TEST(test) cmocka_unit_test_setup_teardown(test, make_bump, free_bump)
    const struct CMUnitTest tests[] = {
        BUMP_TEST(agrees_with_the_model),
        BUMP_TEST(what_is_free_is_no_object),
        BUMP_TEST(one_behind_another),
        BUMP_TEST(what_is_left_serves_others),
        BUMP_TEST(what_runs_leave_is_used),
        BUMP_TEST(marks_change_nothing),
        BUMP_TEST(room_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
