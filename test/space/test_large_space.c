/* SPDX-License-Identifier: MIT */
/* Large objects: which object covers a byte, growth in place, sweeps, the table of functions. */
#include "space/space.h"

#include "spaces.h"

#define OBJECTS 64u

static const struct ter_kind kinds[TER_MAX_KINDS] = {
    [0] = {.scan = TER_SCAN_AMBIGUOUS, .zeroed = true},
    [1] = {.scan = TER_SCAN_NONE},
};

struct large_test {
    struct ter_arena arena;
    struct ter_large_space *space;
    struct ter_random random;
    uintptr_t object[OBJECTS];
    size_t bytes[OBJECTS];
    size_t count;
};

static int make_large(void **state)
{
    struct large_test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    test_arena_init(&test->arena);
    test->space = test_space_new(&test->arena, &ter_policy_large, 2, kinds);
    test->random = test_random();
    *state = test;
    return 0;
}

static int free_large(void **state)
{
    struct large_test *test = *state;

    ter_policy_large.check(&test->space->space);
    ter_arena_fini(&test->arena);
    free(test);
    return 0;
}

static const struct ter_sft *sft(const struct large_test *test)
{
    return &test->space->space.sft;
}

/* One byte: which object covers it, by the model? */
static uintptr_t covers(const struct large_test *test, uintptr_t word)
{
    for (size_t i = 0; i < test->count; i++)
        if (word - test->object[i] < test->bytes[i])
            return test->object[i];
    return 0;
}

static void check_word(const struct large_test *test, uintptr_t word)
{
    const struct ter_sft *space = sft(test);
    uintptr_t wanted = covers(test, word);

    assert_int_equal(space->find_object_from_interior(space, word).bits, wanted);
    assert_int_equal(space->find_object(space, word).bits, wanted == word ? word : 0);
}

/* Edges of pages and objects, and random words. */
static void check_all(struct large_test *test)
{
    uintptr_t start = test->space->space.range.start;
    size_t mapped = test_mapped_bytes(&test->space->space.range);

    for (size_t i = 0; i < test->count; i++)
        for (uintptr_t n = 0; n < 5; n++) {
            check_word(test, test->object[i] + n - 2);
            check_word(test, test->object[i] + test->bytes[i] + n - 2);
        }
    for (unsigned i = 0; i < 2000; i++)
        check_word(test, start + test_below(&test->random, mapped + TER_BYTES_IN_CHUNK));
}

static void allocate(struct large_test *test, size_t bytes)
{
    uintptr_t object;
    bool zeroed;

    bytes = ter_align_up(bytes, TER_BYTES_IN_GRANULE);
    assert_int_equal(test_allocate_large(test->space, bytes, bytes / 16 % 2, &object, &zeroed),
                     TER_OK);
    assert_true(ter_is_aligned(object, TER_BYTES_IN_PAGE));
    if (zeroed)
        assert_true(test_reads_zero(object, bytes));
    assert_int_equal(covers(test, object), 0);
    memset((void *)object, 0x42, bytes);
    test->object[test->count] = object;
    test->bytes[test->count++] = bytes;
    assert_int_equal(ter_large_record_of(&test->arena, object)->bytes, bytes);
    assert_int_equal(ter_large_record_of(&test->arena, object)->kind, bytes / 16 % 2);
}

static void forget(struct large_test *test, size_t i)
{
    test->count--;
    test->object[i] = test->object[test->count];
    test->bytes[i] = test->bytes[test->count];
}

static void collect(struct large_test *test)
{
    const struct ter_side_table *marks = &test->arena.side.tables[TER_SIDE_MARK];
    struct ter_live live = {0};
    size_t bytes = 0, pages = 0;

    ter_policy_large.prepare(&test->space->space);
    for (size_t i = 0; i < test->count;) {
        assert_false(ter_space_is_marked(&test->space->space, test->object[i]));
        if (test_below(&test->random, 2) == 0) {
            forget(test, i);
            continue;
        }
        ter_bits_set(marks, test->object[i]);
        bytes += test->bytes[i];
        pages += ter_bytes_to_pages_up(test->bytes[i++]);
    }
    ter_policy_large.release(&test->space->space, &live);
    assert_int_equal(live.objects, test->count);
    assert_int_equal(live.scanned_bytes + live.atomic_bytes, bytes);
    assert_int_equal(test_used_bytes(&test->arena), pages << TER_LOG_BYTES_IN_PAGE);
}

static void count_visit(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    struct large_test *test = context;

    assert_int_equal(covers(test, object), object);
    assert_ptr_equal(kind, &kinds[bytes / 16 % 2]);
    test->random.state++;
}

static void random_objects(void **state)
{
    struct large_test *test = *state;

    for (unsigned round = 0; round < test_iterations(60); round++) {
        uint64_t before;

        while (test->count < OBJECTS)
            allocate(test, 1 + test_below(&test->random, 60000));
        check_all(test);
        for (unsigned n = 0; n < 10; n++) {
            size_t i = test_below(&test->random, test->count);

            ter_policy_large.free(&test->space->space, test->object[i]);
            forget(test, i);
        }
        check_all(test);
        before = test->random.state;
        ter_policy_large.for_each(&test->space->space, count_visit, test);
        assert_true(test->random.state == before + test->count);
        collect(test);
        check_all(test);
    }
}

static void grows_in_place(void **state)
{
    struct large_test *test = *state;

    allocate(test, 10000);
    allocate(test, 10000);
    /* Within its pages an object can always grow; into another object never. */
    test->bytes[0] = 3 * TER_BYTES_IN_PAGE;
    assert_true(ter_policy_large.extend(&test->space->space, test->object[0], test->bytes[0]));
    check_all(test);
    assert_int_equal(test_used_bytes(&test->arena), 6 * TER_BYTES_IN_PAGE);
    assert_false(
        ter_policy_large.extend(&test->space->space, test->object[0], test->bytes[0] + 16));
    check_all(test);
    test->bytes[1] = TER_MIB(2) + 32;
    assert_true(ter_policy_large.extend(&test->space->space, test->object[1], test->bytes[1]));
    check_all(test);
    assert_int_equal(test_used_bytes(&test->arena),
                     (3 + TER_MIB(2) / TER_BYTES_IN_PAGE + 1) * TER_BYTES_IN_PAGE);
    ter_policy_large.free(&test->space->space, test->object[1]);
    forget(test, 1);
    test->bytes[0] = 5 * TER_BYTES_IN_PAGE - 16;
    assert_true(ter_policy_large.extend(&test->space->space, test->object[0], test->bytes[0]));
    check_all(test);
}

static ter_object note_trace(struct ter_trace *trace, ter_object object)
{
    (void)trace;
    return ter_object_at(object.bits + 1);
}

static void trace_interior(void *context)
{
    struct large_test *test = context;
    struct ter_trace trace = {.trace_object = note_trace};

    sft(test)->trace_object(sft(test), &trace, ter_object_at(test->object[0] + 16));
}

static void answers(void **state)
{
    struct large_test *test = *state;
    const struct ter_sft *space = sft(test);
    struct ter_trace trace = {.trace_object = note_trace};
    ter_object object;
    char text[128];

    allocate(test, 9000);
    object = ter_object_at(test->object[0]);
    assert_ptr_equal(ter_sft_map_get(&test->arena.map, object.bits), space);
    assert_int_equal(space->kind, TER_SPACE_LARGE);
    for (unsigned round = 0; round < 2; round++) {
        bool is_object = round == 0;

        assert_int_equal(space->is_live(space, object), is_object);
        assert_int_equal(space->is_reachable(space, object), is_object);
        assert_int_equal(space->is_sane(space, object), is_object);
        assert_true(space->is_in_space(space, object.bits));
        assert_true(ter_object_is_none(space->forwarded_object(space, object)));
        assert_false(space->is_movable(space, object));
        assert_false(space->pin(space, object));
        assert_false(space->unpin(space, object));
        assert_true(space->is_pinned(space, object));
        space->print_object(space, object, text, sizeof text);
        assert_int_equal(strstr(text, "no object") == NULL, is_object);
        if (round == 0) {
            assert_int_equal(space->trace_object(space, &trace, object).bits, object.bits + 1);
            test_dies(trace_interior, test, "is no object");
            ter_policy_large.free(&test->space->space, object.bits);
        }
    }
}

static void free_again(void *context)
{
    struct large_test *test = context;

    ter_policy_large.free(&test->space->space, test->object[0]);
}

static void freeing_twice_stops(void **state)
{
    struct large_test *test = *state;

    allocate(test, 9000);
    free_again(test);
    test_dies(free_again, test, "broken invariant");
}

static void a_refused_commit_changes_nothing(void **state)
{
    struct large_test *test = *state;
    uint64_t failed = 1;

    for (uint64_t k = 0; failed != 0; k++) {
        uintptr_t object = 1;
        bool zeroed;

        test_fail_calls(TEST_CALL(COMMIT), k, 1);
        if (test_allocate_large(test->space, 9008, 0, &object, &zeroed) != TER_OK) {
            assert_int_equal(object, 1);
            assert_int_equal(test_used_bytes(&test->arena), 0);
        } else {
            test->object[test->count] = object;
            test->bytes[test->count++] = 9008;
        }
        test_stop_failing(&failed);
    }
    allocate(test, TER_MIB(5));
    check_all(test);
}

#define LARGE_TEST(test) cmocka_unit_test_setup_teardown(test, make_large, free_large)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LARGE_TEST(random_objects),
        LARGE_TEST(grows_in_place),
        LARGE_TEST(answers),
        LARGE_TEST(freeing_twice_stops),
        LARGE_TEST(a_refused_commit_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
