/* SPDX-License-Identifier: MIT */
/*
 * Memory of the program's own against a list of ranges and objects: any byte of a few chunks, who
 * is in the way, refusals, many ranges, readers, the table of functions.
 */
#include "space/space.h"

#include "foreign.h"
#include "spaces.h"

#include <pthread.h>

#define CHUNKS 4u
#define SPAN ((uintptr_t)CHUNKS << TER_LOG_BYTES_IN_CHUNK)
#define RANGES 90u
#define OBJECTS 500u

static const struct ter_kind kinds[TER_MAX_KINDS] = {
    [0] = {.scan = TER_SCAN_AMBIGUOUS, .zeroed = true},
    [1] = {.scan = TER_SCAN_NONE},
};

struct interval {
    uintptr_t start;
    size_t bytes;
    bool traced;
};

struct vm_test {
    struct ter_arena arena;
    struct ter_vm_space *space;
    struct ter_random random;
    uintptr_t start;
    struct interval range[RANGES], object[OBJECTS];
    size_t ranges, objects;
    size_t forgotten;
};

static int make_vm(void **state)
{
    struct vm_test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    test_foreign_arena_init(&test->arena);
    test->space = test_space_new(&test->arena, &ter_policy_vm, 0, kinds);
    test->start = test_reserve_chunks(CHUNKS);
    test->random = test_random();
    *state = test;
    return 0;
}

static int free_vm(void **state)
{
    struct vm_test *test = *state;

    ter_space_fini(&test->space->foreign.space);
    assert_null(test->space->foreign.set.first);
    for (uintptr_t at = test->start; at < test->start + SPAN; at += TER_BYTES_IN_CHUNK)
        assert_true(test_is_unowned(&test->arena, at));
    ter_arena_fini(&test->arena);
    test_release_chunks(test->start, CHUNKS);
    free(test);
    return 0;
}

static const struct ter_sft *sft(const struct vm_test *test)
{
    return &test->space->foreign.space.sft;
}

static const struct interval *find(const struct interval *intervals, size_t count, uintptr_t word)
{
    for (size_t i = 0; i < count; i++)
        if (word - intervals[i].start < intervals[i].bytes)
            return &intervals[i];
    return NULL;
}

static bool meets(const struct interval *intervals, size_t count, uintptr_t start, size_t bytes)
{
    for (size_t i = 0; i < count; i++)
        if (start < intervals[i].start + intervals[i].bytes && intervals[i].start < start + bytes)
            return true;
    return false;
}

static void check_word(const struct vm_test *test, uintptr_t word)
{
    const struct ter_sft *owner = ter_sft_map_get(&test->arena.map, word);
    const struct interval *object = find(test->object, test->objects, word);
    uintptr_t wanted = object == NULL ? 0 : object->start;
    bool in_space = find(test->range, test->ranges, word) != NULL;

    assert_int_equal(owner->is_in_space(owner, word), in_space);
    assert_int_equal(sft(test)->is_in_space(sft(test), word), in_space);
    assert_int_equal(owner->find_object_from_interior(owner, word).bits, wanted);
    assert_int_equal(owner->find_object(owner, word).bits, wanted == word ? word : 0);
    if (in_space)
        assert_ptr_equal(owner, sft(test));
}

static void check_edges(const struct vm_test *test, const struct interval *intervals, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (uintptr_t n = 0; n < 3; n++) {
            check_word(test, intervals[i].start + n - 1);
            check_word(test, intervals[i].start + intervals[i].bytes + n - 1);
        }
}

static void check_all(struct vm_test *test)
{
    check_edges(test, test->range, test->ranges);
    check_edges(test, test->object, test->objects);
    for (unsigned i = 0; i < 300; i++)
        check_word(test, test->start + test_below(&test->random, SPAN));
    for (uintptr_t at = test->start; at < test->start + SPAN; at += TER_BYTES_IN_CHUNK)
        assert_int_equal(test_is_unowned(&test->arena, at),
                         !meets(test->range, test->ranges, at, TER_BYTES_IN_CHUNK));
}

/* ---- Ranges and objects at random ---- */

static void add_range(struct vm_test *test)
{
    uintptr_t start = test->start + test_below(&test->random, SPAN);
    size_t bytes =
        1 + test_below(&test->random, test_below(&test->random, 10) == 0 ? TER_MIB(5) : 40000);
    bool traced = test_below(&test->random, 4) != 0;
    struct ter_vm_conflict conflict;
    ter_status status;

    if (test->ranges == RANGES || start + bytes > test->start + SPAN)
        return;
    status = ter_vm_space_add_range(test->space, start, bytes, traced, &conflict);
    if (meets(test->range, test->ranges, start, bytes)) {
        assert_int_equal(status, TER_ERROR_OWNED);
        assert_ptr_equal(conflict.map.owner, sft(test));
        assert_false(conflict.is_reserved);
        return;
    }
    assert_int_equal(status, TER_OK);
    test->range[test->ranges++] = (struct interval){start, bytes, traced};
}

static void add_object(struct vm_test *test)
{
    const struct interval *range = &test->range[test_below(&test->random, test->ranges)];
    uintptr_t start =
        ter_align_down(range->start + test_below(&test->random, range->bytes + 40), 16);
    size_t bytes = 16 * (1 + test_below(&test->random, 12));
    const struct interval *other;
    ter_status status;

    if (test_below(&test->random, 10) == 0)
        bytes = 16 * (1 + test_below(&test->random, range->bytes / 16 + 2));
    if (test->objects == OBJECTS)
        return;
    status = ter_vm_space_add_object(test->space, start, bytes, bytes / 16 % 2);
    other = find(test->range, test->ranges, start);
    if (other == NULL || !other->traced || start + bytes > other->start + other->bytes) {
        assert_int_equal(status, TER_ERROR_OUT_OF_RANGE);
    } else if (meets(test->object, test->objects, start, bytes)) {
        assert_int_equal(status, TER_ERROR_OWNED);
    } else {
        assert_int_equal(status, TER_OK);
        test->object[test->objects++] = (struct interval){start, bytes, true};
    }
}

static void note_forgotten(void *context, uintptr_t object, size_t bytes,
                           const struct ter_kind *kind)
{
    struct vm_test *test = context;

    assert_ptr_equal(kind, &kinds[bytes / 16 % 2]);
    for (size_t i = 0; i < test->objects; i++)
        if (test->object[i].start == object) {
            assert_int_equal(test->object[i].bytes, bytes);
            test->object[i] = test->object[--test->objects];
            test->forgotten++;
            return;
        }
    fail();
}

static void remove_range(struct vm_test *test, size_t i)
{
    struct interval range = test->range[i];
    size_t inside = 0;

    for (size_t n = 0; n < test->objects; n++)
        inside += test->object[n].start - range.start < range.bytes;
    test->forgotten = 0;
    assert_int_equal(
        ter_vm_space_remove_range(test->space, range.start, range.bytes + 1, note_forgotten, test),
        TER_ERROR_INVALID);
    assert_int_equal(
        ter_vm_space_remove_range(test->space, range.start, range.bytes, note_forgotten, test),
        TER_OK);
    assert_int_equal(test->forgotten, inside);
    test->range[i] = test->range[--test->ranges];
    assert_int_equal(
        ter_vm_space_remove_range(test->space, range.start, range.bytes, note_forgotten, test),
        TER_ERROR_INVALID);
}

static void note_root(void *context, uintptr_t start, uintptr_t end)
{
    struct vm_test *test = context;
    const struct interval *range = find(test->range, test->ranges, start);

    assert_non_null(range);
    assert_false(range->traced);
    assert_int_equal(range->start, start);
    assert_int_equal(range->start + range->bytes, end);
    test->forgotten += range->bytes;
}

static void check_roots(struct vm_test *test)
{
    size_t bytes = 0;

    for (size_t i = 0; i < test->ranges; i++)
        bytes += test->range[i].traced ? 0 : test->range[i].bytes;
    test->forgotten = 0;
    ter_policy_vm.visit_roots(&test->space->foreign.space, note_root, test);
    assert_int_equal(test->forgotten, bytes);
    assert_int_equal(test->space->root_bytes, bytes);
}

static void random_ranges_and_objects(void **state)
{
    struct vm_test *test = *state;

    for (unsigned round = 0; round < test_iterations(40); round++) {
        size_t few = test_below(&test->random, 3) == 0 ? 0 : test_below(&test->random, RANGES);

        for (unsigned i = 0; i < 200; i++)
            add_range(test);
        for (unsigned i = 0; i < 300; i++)
            add_object(test);
        check_all(test);
        check_roots(test);
        while (test->ranges > few)
            remove_range(test, test_below(&test->random, test->ranges));
        check_all(test);
        assert_int_equal(test->space->count, test->ranges);
    }
}

/* ---- Who is in the way ---- */

static void other_owners_are_named(void **state)
{
    struct vm_test *test = *state;
    const struct ter_sft *stranger = test_add_owner(&test->arena);
    uintptr_t heap = test->arena.layout.heap_start;
    struct ter_vm_conflict conflict;

    assert_int_equal(
        ter_sft_map_claim(&test->arena.map, stranger, test->start, TER_BYTES_IN_CHUNK, NULL),
        TER_OK);
    assert_int_equal(ter_vm_space_add_range(test->space, test->start + TER_BYTES_IN_CHUNK - 1, 2,
                                            true, &conflict),
                     TER_ERROR_OWNED);
    assert_ptr_equal(conflict.map.owner, stranger);
    assert_ptr_equal(conflict.map.claimant, sft(test));
    assert_int_equal(conflict.map.start, test->start);
    assert_true(test_is_unowned(&test->arena, test->start + TER_BYTES_IN_CHUNK));
    assert_int_equal(test->space->count, 0);
    /* The heap's range, though nobody owns that chunk yet. */
    assert_int_equal(
        ter_vm_space_add_range(test->space, heap + 5 * TER_BYTES_IN_CHUNK, 1, true, &conflict),
        TER_ERROR_OWNED);
    assert_true(conflict.is_reserved);
    assert_ptr_equal(conflict.map.owner, ter_sft_map_empty(&test->arena.map));
    assert_int_equal(ter_vm_space_add_range(test->space, heap - 1, 2, true, &conflict),
                     TER_ERROR_OWNED);
    assert_true(conflict.is_reserved);
    assert_int_equal(conflict.map.start, heap);
    assert_null(test->space->foreign.set.first);
    assert_int_equal(
        ter_sft_map_release(&test->arena.map, stranger, test->start, TER_BYTES_IN_CHUNK, NULL),
        TER_OK);
}

static void ranges_that_are_none(void **state)
{
    struct vm_test *test = *state;
    struct ter_vm_conflict conflict;

    assert_int_equal(ter_vm_space_add_range(test->space, test->start, 0, true, &conflict),
                     TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_vm_space_add_range(test->space, 0, 10, true, &conflict),
                     TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_vm_space_add_range(test->space, UINTPTR_MAX - 4, 10, true, &conflict),
                     TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_vm_space_remove_range(test->space, 1, 0, note_forgotten, test),
                     TER_ERROR_INVALID);
    assert_int_equal(ter_vm_space_remove_range(test->space, 0, 1, note_forgotten, test),
                     TER_ERROR_INVALID);
    assert_int_equal(ter_vm_space_add_object(test->space, test->start, 0, 0),
                     TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_vm_space_add_object(test->space, test->start, 16, 0),
                     TER_ERROR_OUT_OF_RANGE);
}

static void refused_memory_changes_nothing(void **state)
{
    struct vm_test *test = *state;
    uint64_t failed = 1, k = 0;

    for (; failed != 0; k++) {
        struct ter_vm_conflict conflict;
        ter_status status;

        test_fail_calls(TEST_ALL_CALLS, k, 1);
        status = ter_vm_space_add_range(test->space, test->start + 9, TER_MIB(5), false, &conflict);
        test_stop_failing(&failed);
        assert_int_equal(status, failed == 0 ? TER_OK : TER_ERROR_NO_MEMORY);
        if (status == TER_OK)
            break;
        check_all(test);
        check_roots(test);
    }
    assert_true(k > 1);
    test->range[test->ranges++] = (struct interval){test->start + 9, TER_MIB(5), false};
    check_all(test);
    check_roots(test);
}

/* More than the first table of ranges holds; the map's entry goes with the last. */
static void many_ranges_share_a_chunk(void **state)
{
    struct vm_test *test = *state;
    struct ter_vm_conflict conflict;

    for (uintptr_t i = 0; i < 1000; i++)
        assert_int_equal(
            ter_vm_space_add_range(test->space, test->start + 64 * i + 3, 20, true, &conflict),
            TER_OK);
    for (uintptr_t i = 0; i < 64000; i++)
        assert_int_equal(sft(test)->is_in_space(sft(test), test->start + i),
                         i % 64 >= 3 && i % 64 < 23);
    for (uintptr_t i = 0; i < 1000; i++) {
        assert_false(test_is_unowned(&test->arena, test->start));
        assert_int_equal(ter_vm_space_remove_range(test->space, test->start + 64 * i + 3, 20,
                                                   note_forgotten, test),
                         TER_OK);
    }
    assert_true(test_is_unowned(&test->arena, test->start));
}

static void adding_and_removing_leaves_nothing(void **state)
{
    struct vm_test *test = *state;
    struct ter_vm_conflict conflict;
    struct test_memory before = {0, 0};

    for (unsigned i = 0; i < 50000; i++) {
        if (i == 100)
            before = test_memory_now();
        assert_int_equal(
            ter_vm_space_add_range(test->space, test->start + i, TER_MIB(5), true, &conflict),
            TER_OK);
        assert_int_equal(ter_vm_space_remove_range(test->space, test->start + i, TER_MIB(5),
                                                   note_forgotten, test),
                         TER_OK);
    }
    assert_true(test_memory_is_as(&before));
}

/* ---- Readers ---- */

struct readers {
    struct vm_test *test;
    _Atomic bool stop;
    _Atomic unsigned long answers;
};

/* Every range begins at an odd byte of its place and is 20 long; one stays. */
static void *ask(void *context)
{
    struct readers *readers = context;
    const struct vm_test *test = readers->test;
    struct ter_random random = {7};

    while (!atomic_load(&readers->stop)) {
        uintptr_t word = test->start + test_below(&random, 256 * 64);

        assert_true(sft(test)->is_in_space(sft(test), test->start + 512 * 64 + 5));
        if (word % 64 < 3 || word % 64 >= 23)
            assert_false(sft(test)->is_in_space(sft(test), word));
        atomic_fetch_add(&readers->answers, 1);
    }
    return NULL;
}

static void readers_see_ranges_or_none(void **state)
{
    struct vm_test *test = *state;
    struct readers readers = {.test = test};
    struct ter_vm_conflict conflict;
    pthread_t thread;

    assert_int_equal(
        ter_vm_space_add_range(test->space, test->start + 512 * 64 + 3, 20, true, &conflict),
        TER_OK);
    assert_int_equal(pthread_create(&thread, NULL, ask, &readers), 0);
    for (unsigned round = 0; round < 20 || atomic_load(&readers.answers) < 1000; round++) {
        uintptr_t ranges = 1 + test_below(&test->random, 256);

        for (uintptr_t i = 0; i < ranges; i++)
            assert_int_equal(
                ter_vm_space_add_range(test->space, test->start + 64 * i + 3, 20, true, &conflict),
                TER_OK);
        for (uintptr_t i = 0; i < ranges; i++)
            assert_int_equal(ter_vm_space_remove_range(test->space, test->start + 64 * i + 3, 20,
                                                       note_forgotten, test),
                             TER_OK);
    }
    atomic_store(&readers.stop, true);
    pthread_join(thread, NULL);
}

/* ---- The table of functions ---- */

static ter_object note_trace(struct ter_trace *trace, ter_object object)
{
    (void)trace;
    return ter_object_at(object.bits + 1);
}

static void trace_interior(void *context)
{
    struct vm_test *test = context;
    struct ter_trace trace = {.trace_object = note_trace};

    sft(test)->trace_object(sft(test), &trace, ter_object_at(test->start + 32));
}

static void answers(void **state)
{
    struct vm_test *test = *state;
    const struct ter_sft *space = sft(test);
    struct ter_trace trace = {.trace_object = note_trace};
    ter_object object = ter_object_at(test->start + 16);
    struct ter_vm_conflict conflict;
    char text[128];

    assert_int_equal(ter_vm_space_add_range(test->space, test->start, 4096, true, &conflict),
                     TER_OK);
    assert_int_equal(ter_vm_space_add_object(test->space, object.bits, 48, 1), TER_OK);
    assert_int_equal(space->kind, TER_SPACE_VM);
    assert_string_equal(space->name, "vm");
    for (unsigned round = 0; round < 2; round++) {
        assert_true(space->is_live(space, object));
        assert_true(space->is_sane(space, object));
        assert_int_equal(space->is_reachable(space, object), round == 0);
        assert_true(space->is_in_space(space, object.bits));
        assert_true(ter_object_is_none(space->forwarded_object(space, object)));
        assert_false(space->is_movable(space, object));
        assert_false(space->pin(space, object));
        assert_false(space->unpin(space, object));
        assert_true(space->is_pinned(space, object));
        assert_int_equal(space->trace_object(space, &trace, object).bits, object.bits + 1);
        space->print_object(space, object, text, sizeof text);
        assert_non_null(strstr(text, "48 bytes"));
        ter_foreign_clear_marks(&test->space->foreign.set);
    }
    test_dies(trace_interior, test, "is no object");
    object.bits += 16;
    assert_false(space->is_live(space, object));
    assert_false(space->is_reachable(space, object));
    space->print_object(space, object, text, sizeof text);
    assert_non_null(strstr(text, "no object"));
}

#define VM_TEST(test) cmocka_unit_test_setup_teardown(test, make_vm, free_vm)

int main(void)
{
    const struct CMUnitTest tests[] = {
        VM_TEST(random_ranges_and_objects),  VM_TEST(other_owners_are_named),
        VM_TEST(ranges_that_are_none),       VM_TEST(refused_memory_changes_nothing),
        VM_TEST(many_ranges_share_a_chunk),  VM_TEST(adding_and_removing_leaves_nothing),
        VM_TEST(readers_see_ranges_or_none), VM_TEST(answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
