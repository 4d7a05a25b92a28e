/* SPDX-License-Identifier: MIT */
/*
 * Records of foreign chunks: who uses a chunk, objects in any place against a list of
 * them, refusals, a hundred thousand claims, readers beside a writer.
 */
#include "foreign.h"

#include <pthread.h>

#define CHUNKS 6u
#define OBJECTS 400u
#define SPAN ((uintptr_t)CHUNKS << TER_LOG_BYTES_IN_CHUNK)

struct foreign_test {
    struct ter_arena arena;
    struct ter_foreign_set set, other;
    struct ter_random random;
    uintptr_t start;
    uintptr_t object[OBJECTS];
    size_t bytes[OBJECTS];
    unsigned kind[OBJECTS];
    bool marked[OBJECTS];
    size_t count;
};

static int make_foreign(void **state)
{
    struct foreign_test *test = calloc(1, sizeof *test);

    assert_non_null(test);
    test_foreign_arena_init(&test->arena);
    ter_foreign_set_init(&test->set, test_add_owner(&test->arena));
    ter_foreign_set_init(&test->other, test_add_owner(&test->arena));
    test->start = test_reserve_chunks(CHUNKS);
    test->random = test_random();
    *state = test;
    return 0;
}

static int free_foreign(void **state)
{
    struct foreign_test *test = *state;

    assert_null(test->set.first);
    assert_null(test->other.first);
    ter_arena_fini(&test->arena);
    test_release_chunks(test->start, CHUNKS);
    free(test);
    return 0;
}

static struct ter_foreign *foreign_of(struct foreign_test *test)
{
    return &test->arena.foreign;
}

static ter_status use(struct foreign_test *test, uintptr_t start, size_t bytes)
{
    return ter_foreign_use(foreign_of(test), &test->arena.map, &test->set, start, bytes, NULL);
}

static void let_go(struct foreign_test *test, uintptr_t start, size_t bytes)
{
    ter_foreign_let_go(foreign_of(test), &test->arena.map, &test->set, start, bytes);
}

/* ---- Objects against a list ---- */

static bool overlaps(const struct foreign_test *test, uintptr_t object, size_t bytes)
{
    for (size_t i = 0; i < test->count; i++)
        if (object < test->object[i] + test->bytes[i] && test->object[i] < object + bytes)
            return true;
    return false;
}

static uintptr_t listed(const struct foreign_test *test, uintptr_t word)
{
    for (size_t i = 0; i < test->count; i++)
        if (word - test->object[i] < test->bytes[i])
            return test->object[i];
    return 0;
}

static void check_place(struct foreign_test *test, uintptr_t word)
{
    assert_int_equal(ter_foreign_find(foreign_of(test), &test->set, word), listed(test, word));
    assert_int_equal(ter_foreign_find(foreign_of(test), &test->other, word), 0);
}

static void check_places(struct foreign_test *test)
{
    for (size_t i = 0; i < test->count; i++) {
        for (uintptr_t n = 0; n < 3; n++) {
            check_place(test, test->object[i] + n - 1);
            check_place(test, test->object[i] + test->bytes[i] + n - 1);
        }
        assert_int_equal(ter_foreign_bytes(foreign_of(test), test->object[i]), test->bytes[i]);
        assert_int_equal(ter_foreign_kind(foreign_of(test), test->object[i]), test->kind[i]);
        assert_int_equal(ter_foreign_is_marked(foreign_of(test), test->object[i]), test->marked[i]);
    }
    for (unsigned i = 0; i < 200; i++)
        check_place(test, test->start - TER_MIB(1) + test_below(&test->random, SPAN + TER_MIB(2)));
}

/* Mostly small, near the edges of chunks as often as elsewhere, some of several chunks. */
static void add_random(struct foreign_test *test)
{
    size_t bytes = 16 + 16 * test_below(&test->random, 20);
    uintptr_t object = test->start + test_below(&test->random, SPAN);

    if (test_below(&test->random, 20) == 0)
        bytes = 16 + 16 * test_below(&test->random, TER_MIB(9) / 16);
    if (test_below(&test->random, 3) == 0)
        object = ter_align_down(object, TER_BYTES_IN_CHUNK) + test_below(&test->random, 2048) - 512;
    object = ter_align_down(object, 16);
    if (object < test->start || object + bytes > test->start + SPAN ||
        overlaps(test, object, bytes) || test->count == OBJECTS)
        return;
    assert_int_equal(use(test, object, bytes), TER_OK);
    test->object[test->count] = object;
    test->bytes[test->count] = bytes;
    test->kind[test->count] = (unsigned)test_below(&test->random, 16);
    test->marked[test->count] = true;
    ter_foreign_add(foreign_of(test), object, bytes, test->kind[test->count++]);
}

static void remove_random(struct foreign_test *test)
{
    size_t i = test_below(&test->random, test->count);

    assert_int_equal(ter_foreign_remove(foreign_of(test), test->object[i]), test->bytes[i]);
    let_go(test, test->object[i], test->bytes[i]);
    test->count--;
    test->object[i] = test->object[test->count];
    test->bytes[i] = test->bytes[test->count];
    test->kind[i] = test->kind[test->count];
    test->marked[i] = test->marked[test->count];
}

static void change_marks(struct foreign_test *test)
{
    if (test_below(&test->random, 2) == 0) {
        ter_foreign_clear_marks(&test->set);
        memset(test->marked, 0, sizeof test->marked);
    }
    for (size_t i = 0; i < test->count; i++) {
        bool marked = test_below(&test->random, 2) == 0;

        assert_int_equal(ter_foreign_mark(foreign_of(test), test->object[i], marked),
                         marked != test->marked[i]);
        test->marked[i] = marked;
    }
}

/* Chunks are the set's exactly where an object is. */
static void check_owners(struct foreign_test *test)
{
    size_t chunks = 0, bytes = 0;

    for (uintptr_t at = test->start; at < test->start + SPAN; at += TER_BYTES_IN_CHUNK) {
        bool used = overlaps(test, at, TER_BYTES_IN_CHUNK);

        chunks += used;
        assert_int_equal(test_is_unowned(&test->arena, at), !used);
        assert_int_equal(ter_foreign_chunk_of(foreign_of(test), at) == NULL, !used);
    }
    for (size_t i = 0; i < test->count; i++)
        bytes += test->bytes[i];
    assert_int_equal(test->set.chunks, chunks);
    assert_int_equal(test->set.bytes, bytes);
}

static void check_order(struct foreign_test *test)
{
    size_t count = 0;

    for (const struct ter_foreign_chunk *chunk = test->set.first; chunk != NULL;
         chunk = chunk->next)
        for (uintptr_t object = ter_foreign_next(chunk, chunk->start), last = 0; object != 0;
             object = ter_foreign_next(chunk, object + 16)) {
            assert_true(object > last);
            assert_int_equal(listed(test, object), object);
            last = object;
            count++;
        }
    assert_int_equal(count, test->count);
}

static void objects_in_any_place(void **state)
{
    struct foreign_test *test = *state;

    for (unsigned round = 0; round < test_iterations(150); round++) {
        size_t few = test_below(&test->random, 4) == 0 ? 0 : test_below(&test->random, OBJECTS);

        for (unsigned i = 0; i < 400; i++)
            if (test->count < few || test_below(&test->random, 3) == 0)
                add_random(test);
        while (test->count > few)
            remove_random(test);
        change_marks(test);
        check_places(test);
        check_owners(test);
        check_order(test);
    }
    while (test->count > 0)
        remove_random(test);
    check_owners(test);
}

/* Every place of a start, an end and a word in one group and its neighbours. */
static void every_place_in_three_groups(void **state)
{
    struct foreign_test *test = *state;
    uintptr_t middle = test->start + TER_BYTES_IN_CHUNK;

    for (uintptr_t from = middle - 1040; from < middle + 32; from += 16)
        for (size_t bytes = 16; bytes <= 1056; bytes += 16) {
            test->object[0] = from;
            test->bytes[0] = bytes;
            test->count = 1;
            assert_int_equal(use(test, from, bytes), TER_OK);
            ter_foreign_add(foreign_of(test), from, bytes, 3);
            for (uintptr_t word = middle - 1072; word < middle + 1120; word += 16)
                check_place(test, word + 15);
            assert_int_equal(ter_foreign_bytes(foreign_of(test), from), bytes);
            remove_random(test);
        }
}

/* ---- Margins, and what was buried ---- */

static struct ter_foreign_margin random_margin(struct foreign_test *test)
{
    return (struct ter_foreign_margin){.lead = 4 * test_below(&test->random, 5),
                                       .slack = test_below(&test->random, 16)};
}

static void margins_are_kept(void **state)
{
    struct foreign_test *test = *state;
    struct ter_foreign_margin margins[64];

    foreign_of(test)->exact = true;
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 64; i++) {
            uintptr_t object = test->start + TER_BYTES_IN_CHUNK - 1024 + 32 * i;

            margins[i] = random_margin(test);
            assert_int_equal(use(test, object, 32), TER_OK);
            ter_foreign_add_within(foreign_of(test), object, 32, i, margins[i]);
        }
        for (unsigned i = 0; i < 64; i++) {
            uintptr_t object = test->start + TER_BYTES_IN_CHUNK - 1024 + 32 * i;
            struct ter_foreign_margin margin = ter_foreign_margin(foreign_of(test), object);

            assert_int_equal(margin.lead, margins[i].lead);
            assert_int_equal(margin.slack, margins[i].slack);
            assert_int_equal(ter_foreign_own_bytes(foreign_of(test), object, 32),
                             32 - margin.slack);
            assert_int_equal(ter_foreign_remove(foreign_of(test), object), 32);
            let_go(test, object, 32);
        }
    }
}

/* The listed object is dug up as it was. */
static void check_grave(struct foreign_test *test, const struct ter_foreign_grave *grave)
{
    size_t i = 0;

    while (i < test->count && test->object[i] != grave->object)
        i++;
    assert_true(i < test->count);
    assert_int_equal(grave->bytes, test->bytes[i]);
    assert_int_equal(grave->kind, test->kind[i]);
    assert_int_equal(grave->margin.lead | grave->margin.slack, 0);
    test->count--;
    test->object[i] = test->object[test->count];
    test->bytes[i] = test->bytes[test->count];
    test->kind[i] = test->kind[test->count];
    test->marked[i] = test->marked[test->count];
}

static void bury_unless_marked(void *context, const struct ter_foreign_found *found)
{
    struct foreign_test *test = context;

    assert_int_equal(listed(test, found->object), found->object);
    assert_int_equal(found->is_marked, ter_foreign_is_marked(foreign_of(test), found->object));
    if (found->is_marked)
        return;
    ter_foreign_bury(foreign_of(test), found->object);
    assert_int_equal(ter_foreign_find(foreign_of(test), &test->set, found->object), 0);
    assert_int_equal(
        ter_foreign_find(foreign_of(test), &test->set, found->object + found->bytes - 1), 0);
}

/* Chunks go while what was buried is dug up. */
static void what_was_buried_is_dug_up(void **state)
{
    struct foreign_test *test = *state;

    for (unsigned round = 0; round < test_iterations(20); round++) {
        struct ter_foreign_digging digging = {NULL, 0};
        struct ter_foreign_grave grave;
        size_t left = 0;

        for (unsigned n = 0; n < 500; n++)
            add_random(test);
        for (size_t i = 0; i < test->count; i++)
            if (test_below(&test->random, 4) != 0)
                ter_foreign_mark(foreign_of(test), test->object[i], round % 2 == 0);
            else
                ter_foreign_mark(foreign_of(test), test->object[i], false);
        for (size_t i = 0; i < test->count; i++)
            left += ter_foreign_is_marked(foreign_of(test), test->object[i]);
        ter_foreign_for_each(foreign_of(test), &test->set, bury_unless_marked, test);
        assert_int_equal(test->set.buried, test->count - left);
        while (ter_foreign_dig_up(foreign_of(test), &test->set, &digging, &grave)) {
            check_grave(test, &grave);
            let_go(test, grave.object, grave.bytes);
        }
        assert_int_equal(test->count, left);
        assert_int_equal(test->set.buried, 0);
        for (size_t i = 0; i < test->count; i++)
            test->marked[i] = true;
        check_places(test);
        check_owners(test);
    }
    while (test->count > 0)
        remove_random(test);
}

/* ---- Users ---- */

static void a_chunk_goes_with_its_last_user(void **state)
{
    struct foreign_test *test = *state;
    uintptr_t start = test->start;

    assert_int_equal(use(test, start + 5, 10), TER_OK);
    assert_int_equal(use(test, start + TER_BYTES_IN_CHUNK - 1, 2), TER_OK);
    assert_int_equal(use(test, start + 100, 3 * TER_BYTES_IN_CHUNK), TER_OK);
    assert_int_equal(test->set.chunks, 4);
    let_go(test, start + 100, 3 * TER_BYTES_IN_CHUNK);
    assert_int_equal(test->set.chunks, 2);
    assert_true(test_is_unowned(&test->arena, start + 2 * TER_BYTES_IN_CHUNK));
    let_go(test, start + 5, 10);
    assert_false(test_is_unowned(&test->arena, start));
    let_go(test, start + TER_BYTES_IN_CHUNK - 1, 2);
    assert_true(test_is_unowned(&test->arena, start));
    assert_true(test_is_unowned(&test->arena, start + TER_BYTES_IN_CHUNK));
    assert_int_equal(test->set.bytes, 0);
}

static void ranges_that_no_map_covers_are_refused(void **state)
{
    struct foreign_test *test = *state;

    assert_int_equal(use(test, test->start, 0), TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(use(test, UINTPTR_MAX - 10, 12), TER_ERROR_OUT_OF_RANGE);
    if (test->arena.map.last != UINTPTR_MAX)
        assert_int_equal(use(test, test->arena.map.last, 2), TER_ERROR_OUT_OF_RANGE);
    assert_null(test->set.first);
}

static void other_owners_are_named_and_nothing_changes(void **state)
{
    struct foreign_test *test = *state;
    const struct ter_sft_map *map = &test->arena.map;
    const struct ter_sft *stranger = test_add_owner(&test->arena);
    uintptr_t second = test->start + TER_BYTES_IN_CHUNK;
    struct ter_sft_conflict conflict;

    /* A space of the same sort, and one that only the map knows. */
    assert_int_equal(ter_foreign_use(foreign_of(test), map, &test->other, second + 7, 1, NULL),
                     TER_OK);
    assert_int_equal(ter_foreign_use(foreign_of(test), map, &test->set, test->start,
                                     3 * TER_BYTES_IN_CHUNK, &conflict),
                     TER_ERROR_OWNED);
    assert_ptr_equal(conflict.claimant, test->set.owner);
    assert_ptr_equal(conflict.owner, test->other.owner);
    assert_int_equal(conflict.start, second);
    assert_true(test_is_unowned(&test->arena, test->start));
    assert_int_equal(test->set.chunks, 0);
    ter_foreign_let_go(foreign_of(test), map, &test->other, second + 7, 1);
    assert_int_equal(ter_sft_map_claim(map, stranger, second, 1, NULL), TER_OK);
    assert_int_equal(ter_foreign_use(foreign_of(test), map, &test->set, test->start,
                                     3 * TER_BYTES_IN_CHUNK, &conflict),
                     TER_ERROR_OWNED);
    assert_ptr_equal(conflict.owner, stranger);
    assert_true(test_is_unowned(&test->arena, test->start));
    assert_null(ter_foreign_chunk_of(foreign_of(test), test->start));
    assert_int_equal(test->set.chunks, 0);
    assert_int_equal(ter_sft_map_release(map, stranger, second, 1, NULL), TER_OK);
}

static void refused_memory_changes_nothing(void **state)
{
    struct foreign_test *test = *state;
    uint64_t failed = 1, k = 0;

    for (; failed != 0; k++) {
        test_fail_calls(TEST_ALL_CALLS, k, 1);
        if (use(test, test->start + 16, SPAN - 16) == TER_OK) {
            test_stop_failing(&failed);
            assert_int_equal(failed, 0);
            continue;
        }
        test_stop_failing(&failed);
        assert_int_equal(failed, 1);
        assert_int_equal(test->set.chunks, 0);
        for (unsigned i = 0; i < CHUNKS; i++)
            assert_true(test_is_unowned(&test->arena, test->start + i * TER_BYTES_IN_CHUNK));
    }
    /* Each failure leaves records to be used again, so there are fewer than chunks. */
    assert_true(k > 2);
    let_go(test, test->start + 16, SPAN - 16);
}

static void an_arena_without_memory_for_the_table(void **state)
{
    const struct ter_arena_settings settings = {
        .layout = {.name = "test",
                   .log_space_extent = TEST_LOG_EXTENT,
                   .slot_count = TEST_SLOTS,
                   .contiguous = true},
        .foreign = true,
        .record_bytes = TER_KIB(1),
    };
    struct ter_arena arena;
    size_t mappings = test_count_mappings("");
    uint64_t failed = 1, refused = 0;

    (void)state;
    for (uint64_t k = 0; failed != 0; k++) {
        ter_status status;

        test_fail_calls(TEST_CALL(ALLOCATE), k, 1);
        status = ter_arena_init(&arena, &settings);
        test_stop_failing(&failed);
        assert_true(status == TER_OK || failed == 1);
        refused += status != TER_OK;
        if (status == TER_OK)
            ter_arena_fini(&arena);
    }
    assert_true(refused > 2);
    if (!TER_HAS_SANITIZER)
        assert_true(test_count_mappings("") <= mappings + 2);
}

/* ---- Coming and going ---- */

static void come_and_go(struct foreign_test *test, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        size_t bytes = 16 * (1 + test_below(&test->random, TER_MIB(8) / 16));
        uintptr_t object = test->start + 16 * test_below(&test->random, TER_MIB(12) / 16);

        assert_int_equal(use(test, object, bytes), TER_OK);
        ter_foreign_add(foreign_of(test), object, bytes, i % 16);
        assert_int_equal(ter_foreign_find(foreign_of(test), &test->set, object + bytes - 1),
                         object);
        assert_int_equal(ter_foreign_remove(foreign_of(test), object), bytes);
        let_go(test, object, bytes);
    }
}

static void claims_and_releases_leave_nothing(void **state)
{
    struct foreign_test *test = *state;
    struct test_memory before;

    come_and_go(test, 100);
    before = test_memory_now();
    come_and_go(test, 50000);
    assert_true(test->set.chunks == 0);
    assert_true(test_memory_is_as(&before));
}

/* More records than stay warm: what they touched goes back to the system. */
static void released_records_keep_no_memory(void **state)
{
    struct foreign_test *test = *state;
    uintptr_t many = test_reserve_chunks(16);
    size_t before = test_memory_now().resident, full;

    assert_int_equal(use(test, many, 16 * TER_BYTES_IN_CHUNK), TER_OK);
    for (uintptr_t at = many; at < many + 16 * TER_BYTES_IN_CHUNK; at += 64)
        ter_foreign_add(foreign_of(test), at, 32, 1);
    full = test_memory_now().resident;
    assert_true(full > before + TER_MIB(3));
    for (uintptr_t at = many; at < many + 16 * TER_BYTES_IN_CHUNK; at += 64)
        ter_foreign_remove(foreign_of(test), at);
    let_go(test, many, 16 * TER_BYTES_IN_CHUNK);
    if (!TER_HAS_SANITIZER)
        assert_true(test_memory_now().resident < before + TER_MIB(2));
    /* They serve again. */
    come_and_go(test, 100);
    test_release_chunks(many, 16);
}

/* ---- Readers ---- */

struct readers {
    struct foreign_test *test;
    _Atomic bool stop;
    _Atomic unsigned long answers;
};

/* Half a chunk of neighbours, and an object that reaches from the first chunk into the third. */
#define STEADY_BYTES (TER_BYTES_IN_CHUNK + TER_MIB(2))

static void *read_places(void *context)
{
    struct readers *readers = context;
    struct foreign_test *test = readers->test;
    const struct ter_foreign *foreign = foreign_of(test);
    struct ter_random random = {42};
    uintptr_t steady = test->start + TER_MIB(3);

    while (!atomic_load(&readers->stop)) {
        uintptr_t word = steady + test_below(&random, STEADY_BYTES);
        uintptr_t any = test->start + test_below(&random, SPAN);
        uintptr_t found = ter_foreign_find(foreign, &test->set, any);

        assert_int_equal(ter_foreign_find(foreign, &test->set, word), steady);
        assert_true(found == 0 || (found <= any && found % 16 == 0 && found >= test->start));
        atomic_fetch_add(&readers->answers, 1);
    }
    return NULL;
}

/* Objects right before and behind the steady one, and in chunks that come and go. */
static void change_neighbours(struct foreign_test *test, unsigned i)
{
    uintptr_t steady = test->start + TER_MIB(3);
    uintptr_t places[] = {steady - 64, steady + STEADY_BYTES,
                          test->start + 3 * TER_BYTES_IN_CHUNK + 16 * (i % 1000),
                          test->start + 5 * TER_BYTES_IN_CHUNK + 16 * (i % 77)};

    for (size_t n = 0; n < TER_ARRAY_LENGTH(places); n++) {
        assert_int_equal(use(test, places[n], 64), TER_OK);
        ter_foreign_add(foreign_of(test), places[n], 64, 1);
    }
    for (size_t n = 0; n < TER_ARRAY_LENGTH(places); n++) {
        ter_foreign_remove(foreign_of(test), places[n]);
        let_go(test, places[n], 64);
    }
}

static void readers_find_what_stays(void **state)
{
    struct foreign_test *test = *state;
    uintptr_t steady = test->start + TER_MIB(3);
    struct readers readers = {.test = test};
    pthread_t threads[2];

    assert_int_equal(use(test, steady, STEADY_BYTES), TER_OK);
    ter_foreign_add(foreign_of(test), steady, STEADY_BYTES, 1);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_places, &readers), 0);
    for (unsigned i = 0; i < test_iterations(4000) || atomic_load(&readers.answers) < 1000; i++)
        change_neighbours(test, i);
    atomic_store(&readers.stop, true);
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    ter_foreign_remove(foreign_of(test), steady);
    let_go(test, steady, STEADY_BYTES);
}

static void broken_count(void *context)
{
    struct foreign_test *test = context;

    assert_int_equal(use(test, test->start, 16), TER_OK);
    let_go(test, test->start, 32);
}

static void remove_nothing(void *context)
{
    struct foreign_test *test = context;

    assert_int_equal(use(test, test->start, 64), TER_OK);
    ter_foreign_add(foreign_of(test), test->start, 64, 0);
    ter_foreign_remove(foreign_of(test), test->start + 16);
}

static void misuse_stops(void **state)
{
    test_dies(broken_count, *state, "broken invariant");
    test_dies(remove_nothing, *state, "broken invariant");
}

#define FOREIGN_TEST(test) cmocka_unit_test_setup_teardown(test, make_foreign, free_foreign)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOREIGN_TEST(objects_in_any_place),
        FOREIGN_TEST(every_place_in_three_groups),
        FOREIGN_TEST(margins_are_kept),
        FOREIGN_TEST(what_was_buried_is_dug_up),
        FOREIGN_TEST(a_chunk_goes_with_its_last_user),
        FOREIGN_TEST(ranges_that_no_map_covers_are_refused),
        FOREIGN_TEST(other_owners_are_named_and_nothing_changes),
        FOREIGN_TEST(refused_memory_changes_nothing),
        cmocka_unit_test(an_arena_without_memory_for_the_table),
        FOREIGN_TEST(claims_and_releases_leave_nothing),
        FOREIGN_TEST(released_records_keep_no_memory),
        FOREIGN_TEST(readers_find_what_stays),
        FOREIGN_TEST(misuse_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
