/* SPDX-License-Identifier: MIT */
/*
 * Objects in malloc's memory against a list of them: interior words, sweeps, chunks, freeing after
 * the sweep, refusals, the table of functions.
 */
#include "space/space.h"

#include "foreign.h"
#include "spaces.h"

#define OBJECTS 300u

static const struct ter_kind kinds[TER_MAX_KINDS] = {
    [0] = {.scan = TER_SCAN_AMBIGUOUS, .zeroed = true},
    [1] = {.scan = TER_SCAN_NONE},
    [2] = {.scan = TER_SCAN_AMBIGUOUS, .zeroed = true, .uncollectable = true},
};

struct malloc_test {
    struct ter_arena arena;
    struct ter_malloc_space *space;
    struct ter_random random;
    uintptr_t object[OBJECTS];
    size_t bytes[OBJECTS];
    size_t count;
    size_t all_bytes;
};

static int make_malloc(void **state)
{
    struct malloc_test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    test_foreign_arena_init(&test->arena);
    test->space = test_space_new(&test->arena, &ter_policy_malloc, 0, kinds);
    test->random = test_random();
    *state = test;
    return 0;
}

static int free_malloc(void **state)
{
    struct malloc_test *test = *state;

    ter_space_fini(&test->space->foreign.space);
    assert_int_equal(test_used_bytes(&test->arena), 0);
    assert_null(test->space->foreign.set.first);
    ter_arena_fini(&test->arena);
    free(test);
    return 0;
}

static const struct ter_sft *sft(const struct malloc_test *test)
{
    return &test->space->foreign.space.sft;
}

static unsigned kind_of(size_t bytes)
{
    return bytes / 16 % 2;
}

static uintptr_t covers(const struct malloc_test *test, uintptr_t word)
{
    for (size_t i = 0; i < test->count; i++)
        if (word - test->object[i] < test->bytes[i])
            return test->object[i];
    return 0;
}

static void check_word(const struct malloc_test *test, uintptr_t word)
{
    const struct ter_sft *owner = ter_sft_map_get(&test->arena.map, word);
    uintptr_t wanted = covers(test, word);

    assert_int_equal(owner->find_object_from_interior(owner, word).bits, wanted);
    assert_int_equal(owner->find_object(owner, word).bits, wanted == word ? word : 0);
    assert_int_equal(sft(test)->find_object_from_interior(sft(test), word).bits, wanted);
    assert_int_equal(sft(test)->is_in_space(sft(test), word), wanted != 0);
    if (wanted != 0)
        assert_ptr_equal(owner, sft(test));
}

/* Edges, words within, and words anywhere around, as conservative scanning asks for them. */
static void check_all(struct malloc_test *test)
{
    for (size_t i = 0; i < test->count; i++) {
        for (uintptr_t n = 0; n < 5; n++) {
            check_word(test, test->object[i] + n - 2);
            check_word(test, test->object[i] + test->bytes[i] + n - 2);
        }
        check_word(test, test->object[i] + test_below(&test->random, test->bytes[i]));
        check_word(test, test->object[i] - TER_MIB(5) + test_below(&test->random, TER_MIB(10)));
    }
    check_word(test, 0);
    check_word(test, UINTPTR_MAX);
    check_word(test, (uintptr_t)test);
    assert_int_equal(test_used_bytes(&test->arena), test->all_bytes);
    assert_int_equal(atomic_load(&test->arena.accounting.foreign_bytes), test->all_bytes);
}

static ter_status adopt_new(struct malloc_test *test, size_t bytes, unsigned kind)
{
    struct ter_memory_piece piece;
    ter_status status;

    assert_int_equal(ter_memory_take(&test->space->source, &kinds[kind], kind, bytes, &piece),
                     TER_OK);
    memset((void *)piece.object, 0x42, bytes);
    status = ter_malloc_space_adopt(test->space, &piece, kind);
    if (status != TER_OK) {
        ter_memory_give(&test->space->source, kind, &piece);
        return status;
    }
    test->object[test->count] = piece.object;
    test->bytes[test->count++] = bytes;
    test->all_bytes += bytes;
    return TER_OK;
}

static void allocate(struct malloc_test *test, size_t bytes)
{
    bytes = ter_align_up(bytes, TER_BYTES_IN_GRANULE);
    assert_int_equal(adopt_new(test, bytes, kind_of(bytes)), TER_OK);
}

static void forget(struct malloc_test *test, size_t i)
{
    test->all_bytes -= test->bytes[i];
    test->count--;
    test->object[i] = test->object[test->count];
    test->bytes[i] = test->bytes[test->count];
}

static size_t random_size(struct malloc_test *test)
{
    switch (test_below(&test->random, 40)) {
    case 0: return 1 + test_below(&test->random, TER_MIB(9));
    case 1:
    case 2: return 1 + test_below(&test->random, 200000);
    default: return 1 + test_below(&test->random, 500);
    }
}

static void collect(struct malloc_test *test)
{
    const struct ter_foreign *foreign = &test->arena.foreign;
    struct ter_live live = {0};
    size_t scanned = 0, before = test->space->foreign.set.bytes;

    ter_policy_malloc.prepare(&test->space->foreign.space);
    for (size_t i = 0; i < test->count;) {
        assert_false(ter_foreign_is_marked(foreign, test->object[i]));
        if (test_below(&test->random, 2) == 0) {
            forget(test, i);
            continue;
        }
        assert_true(ter_foreign_mark(foreign, test->object[i], true));
        scanned += kind_of(test->bytes[i]) == 0 ? test->bytes[i] : 0;
        i++;
    }
    ter_policy_malloc.release(&test->space->foreign.space, &live);
    assert_int_equal(live.objects, test->count);
    assert_int_equal(live.scanned_bytes, scanned);
    assert_int_equal(live.scanned_bytes + live.atomic_bytes, test->all_bytes);
    /* The dead are no objects, but their memory and chunks are still kept. */
    check_all(test);
    assert_int_equal(test->space->foreign.set.bytes, before);
    ter_policy_malloc.resumed(&test->space->foreign.space);
    assert_int_equal(test->space->foreign.set.buried, 0);
    assert_int_equal(test->space->foreign.set.bytes, test->all_bytes);
}

/* Exactly the chunks that objects touch are the space's. */
static void check_chunks(const struct malloc_test *test)
{
    const struct ter_foreign_chunk *chunk = test->space->foreign.set.first;

    for (size_t i = 0; i < test->count; i++)
        for (uintptr_t at = test->object[i]; at < test->object[i] + test->bytes[i];
             at = ter_align_down(at, TER_BYTES_IN_CHUNK) + TER_BYTES_IN_CHUNK)
            assert_ptr_equal(ter_sft_map_get(&test->arena.map, at), sft(test));
    for (; chunk != NULL; chunk = chunk->next) {
        bool touched = false;

        for (size_t i = 0; i < test->count; i++)
            touched |= test->object[i] < chunk->start + TER_BYTES_IN_CHUNK &&
                       test->object[i] + test->bytes[i] > chunk->start;
        assert_true(touched);
    }
}

static void count_visit(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    struct malloc_test *test = context;

    assert_int_equal(covers(test, object), object);
    assert_ptr_equal(kind, &kinds[kind_of(bytes)]);
    test->random.state++;
}

static void random_objects(void **state)
{
    struct malloc_test *test = *state;

    for (unsigned round = 0; round < test_iterations(20); round++) {
        uint64_t before;

        while (test->count < OBJECTS)
            allocate(test, random_size(test));
        check_all(test);
        check_chunks(test);
        for (unsigned n = 0; n < 50; n++) {
            size_t i = test_below(&test->random, test->count);

            assert_int_equal(ter_policy_malloc.free(&test->space->foreign.space, test->object[i]),
                             test->bytes[i]);
            forget(test, i);
        }
        before = test->random.state;
        ter_foreign_space_for_each(&test->space->foreign.space, count_visit, test);
        assert_true(test->random.state == before + test->count);
        collect(test);
        check_all(test);
        check_chunks(test);
    }
}

static void the_last_object_of_a_chunk_releases_it(void **state)
{
    struct malloc_test *test = *state;
    const struct ter_sft_map *map = &test->arena.map;
    uintptr_t object, last;

    allocate(test, 5 * TER_BYTES_IN_CHUNK);
    object = test->object[0];
    last = object + test->bytes[0] - 1;
    for (uintptr_t at = object; at < last; at += TER_BYTES_IN_CHUNK)
        assert_ptr_equal(ter_sft_map_get(map, at), sft(test));
    check_all(test);
    ter_policy_malloc.free(&test->space->foreign.space, object);
    forget(test, 0);
    for (uintptr_t at = object; at < last; at += TER_BYTES_IN_CHUNK)
        assert_true(ter_sft_is_empty(ter_sft_map_get(map, at)));
    assert_true(ter_sft_is_empty(ter_sft_map_get(map, last)));
}

static void a_chunk_of_another_space_is_refused(void **state)
{
    struct malloc_test *test = *state;
    const struct ter_sft *stranger = test_add_owner(&test->arena);
    struct ter_memory_piece piece;

    assert_int_equal(ter_memory_take(&test->space->source, &kinds[0], 0, 64, &piece), TER_OK);
    assert_int_equal(ter_sft_map_claim(&test->arena.map, stranger, piece.object, 64, NULL), TER_OK);
    assert_int_equal(ter_malloc_space_adopt(test->space, &piece, 0), TER_ERROR_OWNED);
    assert_int_equal(test_used_bytes(&test->arena), 0);
    assert_ptr_equal(ter_sft_map_get(&test->arena.map, piece.object), stranger);
    ter_memory_give(&test->space->source, 0, &piece);
}

static void refused_memory_leaves_no_object(void **state)
{
    struct malloc_test *test = *state;

    test_fail_calls(TEST_CALL(ALLOCATE), 0, 1);
    assert_int_equal(adopt_new(test, TER_MIB(6), 0), TER_ERROR_NO_MEMORY);
    test_stop_failing(NULL);
    check_all(test);
    assert_null(test->space->foreign.set.first);
    assert_int_equal(adopt_new(test, TER_MIB(6), 0), TER_OK);
    check_all(test);
}

static void uncollectable_objects_are_counted(void **state)
{
    struct malloc_test *test = *state;
    struct ter_live live = {0};

    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(adopt_new(test, 32, 2), TER_OK);
    assert_int_equal(test->space->uncollectable, 10);
    ter_policy_malloc.free(&test->space->foreign.space, test->object[0]);
    forget(test, 0);
    assert_int_equal(test->space->uncollectable, 9);
    ter_policy_malloc.prepare(&test->space->foreign.space);
    ter_policy_malloc.release(&test->space->foreign.space, &live);
    assert_int_equal(test->space->uncollectable, 0);
    test->count = test->all_bytes = 0;
    ter_policy_malloc.resumed(&test->space->foreign.space);
}

/* ---- The table of functions ---- */

static ter_object note_trace(struct ter_trace *trace, ter_object object)
{
    (void)trace;
    return ter_object_at(object.bits + 1);
}

static void trace_interior(void *context)
{
    struct malloc_test *test = context;
    struct ter_trace trace = {.trace_object = note_trace};

    sft(test)->trace_object(sft(test), &trace, ter_object_at(test->object[0] + 16));
}

static void check_same_for_all(const struct ter_sft *space, ter_object object)
{
    assert_int_equal(space->kind, TER_SPACE_MALLOC);
    assert_string_equal(space->name, "malloc");
    assert_true(ter_object_is_none(space->forwarded_object(space, object)));
    assert_false(space->is_movable(space, object));
    assert_false(space->pin(space, object));
    assert_false(space->unpin(space, object));
    assert_true(space->is_pinned(space, object));
}

static void answers(void **state)
{
    struct malloc_test *test = *state;
    const struct ter_sft *space = sft(test);
    struct ter_trace trace = {.trace_object = note_trace};
    ter_object object;
    char text[128];

    allocate(test, 100);
    allocate(test, 100);
    object = ter_object_at(test->object[0]);
    for (unsigned round = 0; round < 3; round++) {
        bool is_object = round != 2, is_marked = round == 0;

        check_same_for_all(space, object);
        assert_int_equal(space->is_live(space, object), is_marked);
        assert_int_equal(space->is_reachable(space, object), is_marked);
        assert_int_equal(space->is_sane(space, object), is_marked);
        assert_int_equal(space->is_in_space(space, object.bits), is_object);
        assert_false(space->is_live(space, ter_object_at(object.bits + 16)));
        space->print_object(space, object, text, sizeof text);
        assert_int_equal(strstr(text, "no object") == NULL, is_object);
        if (is_object)
            assert_int_equal(space->trace_object(space, &trace, object).bits, object.bits + 1);
        if (round == 0)
            ter_policy_malloc.prepare(&test->space->foreign.space);
        if (round == 1) {
            test_dies(trace_interior, test, "is no object");
            ter_policy_malloc.free(&test->space->foreign.space, object.bits);
            forget(test, 0);
        }
    }
    assert_false(space->is_live(space, ter_object_none()));
}

static void free_again(void *context)
{
    struct malloc_test *test = context;

    ter_policy_malloc.free(&test->space->foreign.space, test->object[0]);
    ter_policy_malloc.free(&test->space->foreign.space, test->object[0]);
}

static void freeing_twice_stops(void **state)
{
    struct malloc_test *test = *state;

    allocate(test, 100);
    allocate(test, 100);
    test_dies(free_again, test, "broken invariant");
}

#define MALLOC_TEST(test) cmocka_unit_test_setup_teardown(test, make_malloc, free_malloc)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MALLOC_TEST(random_objects),
        MALLOC_TEST(the_last_object_of_a_chunk_releases_it),
        MALLOC_TEST(a_chunk_of_another_space_is_refused),
        MALLOC_TEST(refused_memory_leaves_no_object),
        MALLOC_TEST(uncollectable_objects_are_counted),
        MALLOC_TEST(answers),
        MALLOC_TEST(freeing_twice_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
