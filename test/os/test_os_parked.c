/* SPDX-License-Identifier: MIT */
/* Memory of ended heaps that is kept for the next: clear, in nobody's way, and gone in the end. */
#include "os/os.h"
#include "support.h"

#include <pthread.h>
#include <string.h>

enum { PLACED_BYTES = 65536 };

static int begin_parking(void **state)
{
    (void)state;
    ter_os_set_parking(true);
    return 0;
}

static int end_parking(void **state)
{
    (void)state;
    ter_os_set_parking(false);
    return 0;
}

static void skip_where_nothing_is_parked(void)
{
    if (TER_HAS_SANITIZER || test_is_emulated() || ter_on_valgrind())
        skip();
}

static unsigned char *allocate_clear(size_t bytes)
{
    void *memory;

    assert_int_equal(ter_os_allocate(bytes, &memory), TER_OK);
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(((unsigned char *)memory)[i], 0);
    return memory;
}

static void what_was_parked_is_clear(void **state)
{
    const size_t pages = 24, bytes = pages * ter_os_page_size();
    unsigned char *memory = allocate_clear(bytes);

    (void)state;
    if (bytes > TER_KIB(512))
        skip();
    skip_where_nothing_is_parked();
    for (unsigned round = 0; round < 20; round++) {
        unsigned char *again;

        for (size_t page = round % 3; page < pages; page += 1 + round)
            memset(memory + page * ter_os_page_size(), 0x5a, 1 + page);
        ter_os_retire((uintptr_t)memory, bytes);
        again = allocate_clear(bytes);
        assert_ptr_equal(again, memory);
    }
    ter_os_release((uintptr_t)memory, bytes);
}

/* A place of its own, that nobody else has. */
static uintptr_t find_place(void)
{
    uintptr_t start;

    assert_int_equal(ter_os_reserve(0, 4 * PLACED_BYTES, PLACED_BYTES, &start), TER_OK);
    ter_os_release(start, 4 * PLACED_BYTES);
    return start;
}

/* ---- Gathered ---- */

enum { PIECES = 6 };

/* Each piece has a size of its own, so that it is known again, and pages here and there. */
static size_t piece_bytes(size_t piece)
{
    return (3 + 2 * piece) * ter_os_page_size();
}

static void write_to_pieces(unsigned char *const *pieces, size_t round)
{
    for (size_t i = 0; i < PIECES; i++)
        for (size_t at = round * ter_os_page_size(); at < piece_bytes(i);
             at += (1 + (i + round) % 4) * ter_os_page_size())
            memset(pieces[i] + at, 0xa5, 1 + at % 4096);
}

static void what_is_gathered_is_clear(void **state)
{
    unsigned char *pieces[PIECES];

    (void)state;
    skip_where_nothing_is_parked();
    for (size_t i = 0; i < PIECES; i++)
        pieces[i] = allocate_clear(piece_bytes(i));
    for (size_t round = 0; round < 8; round++) {
        write_to_pieces(pieces, round % 3);
        assert_true(ter_os_gather_retired());
        assert_false(ter_os_gather_retired());
        for (size_t i = 0; i < PIECES; i++)
            ter_os_retire((uintptr_t)pieces[(i * 5 + round) % PIECES],
                          piece_bytes((i * 5 + round) % PIECES));
        assert_false(ter_os_is_parked(0, piece_bytes(0)));
        ter_os_park_gathered();
        assert_true(ter_os_is_parked(0, piece_bytes(0)));
        for (size_t i = 0; i < PIECES; i++)
            assert_ptr_equal(allocate_clear(piece_bytes(i)), pieces[i]);
    }
    for (size_t i = 0; i < PIECES; i++)
        ter_os_release((uintptr_t)pieces[i], piece_bytes(i));
}

/* More than there is room for, some of it in its place, and nobody wants it any more. */
static void what_is_gathered_goes_in_the_end(void **state)
{
    uintptr_t place = find_place();
    size_t before = test_count_mappings("");
    void *memory[100];

    (void)state;
    skip_where_nothing_is_parked();
    assert_int_equal(ter_os_commit_at(place, PLACED_BYTES), TER_OK);
    for (unsigned i = 0; i < 100; i++)
        memory[i] = memset(allocate_clear(ter_os_page_size()), 1, 1);
    assert_true(ter_os_gather_retired());
    ter_os_retire_at(place, PLACED_BYTES);
    assert_true(ter_os_is_parked(place, PLACED_BYTES));
    for (unsigned i = 0; i < 100; i++)
        ter_os_retire((uintptr_t)memory[i], ter_os_page_size());
    ter_os_set_parking(false);
    ter_os_park_gathered();
    assert_true(test_count_mappings("") <= before);
    assert_false(ter_os_is_parked(0, ter_os_page_size()));
    assert_false(ter_os_gather_retired());
}

static void *gather_elsewhere(void *unused)
{
    return ter_os_gather_retired() ? unused : NULL;
}

/* One thread gathers; others park at once. */
static void one_thread_gathers(void **state)
{
    pthread_t thread;
    void *got;

    skip_where_nothing_is_parked();
    assert_true(ter_os_gather_retired());
    assert_int_equal(pthread_create(&thread, NULL, gather_elsewhere, state), 0);
    assert_int_equal(pthread_join(thread, &got), 0);
    assert_null(got);
    ter_os_park_gathered();
    assert_int_equal(pthread_create(&thread, NULL, gather_elsewhere, state), 0);
    assert_int_equal(pthread_join(thread, &got), 0);
    assert_ptr_equal(got, state);
    /* It left all as it was, which a child of a fork would put right. */
    ter_os_reset_parked_after_fork();
    assert_true(ter_os_gather_retired());
    ter_os_park_gathered();
}

/* ---- Places ---- */

static void a_place_is_had_again(void **state)
{
    uintptr_t place = find_place();

    (void)state;
    skip_where_nothing_is_parked();
    assert_int_equal(ter_os_commit_at(place, PLACED_BYTES), TER_OK);
    *(int *)place = 1;
    ter_os_retire_at(place, PLACED_BYTES);
    assert_true(ter_os_is_parked(place, PLACED_BYTES));
    /* It is for nobody who does not ask for it there. */
    ter_os_release((uintptr_t)allocate_clear(PLACED_BYTES), PLACED_BYTES);
    assert_true(ter_os_is_parked(place, PLACED_BYTES));
    assert_int_equal(ter_os_commit_at(place, PLACED_BYTES), TER_OK);
    assert_false(ter_os_is_parked(place, PLACED_BYTES));
    assert_int_equal(*(int *)place, 0);
    assert_int_equal(ter_os_commit_at(place, PLACED_BYTES), TER_ERROR_OWNED);
    ter_os_release(place, PLACED_BYTES);
}

static void it_gives_way(void **state)
{
    uintptr_t place = find_place(), start;

    (void)state;
    assert_int_equal(ter_os_commit_at(place, PLACED_BYTES), TER_OK);
    ter_os_retire_at(place, PLACED_BYTES);
    assert_int_equal(ter_os_commit_at(place, 2 * PLACED_BYTES), TER_OK);
    ter_os_retire_at(place, 2 * PLACED_BYTES);
    assert_int_equal(ter_os_reserve_at(place, PLACED_BYTES), TER_OK);
    ter_os_release(place, PLACED_BYTES);
    assert_int_equal(ter_os_commit_at(place, PLACED_BYTES), TER_OK);
    ter_os_retire_at(place, PLACED_BYTES);
    assert_int_equal(ter_os_reserve(place, 2 * PLACED_BYTES, PLACED_BYTES, &start), TER_OK);
    assert_int_equal(start, place);
    ter_os_release(place, 2 * PLACED_BYTES);
}

static void in_the_end_it_is_gone(void **state)
{
    const size_t bytes = 3 * ter_os_page_size();
    size_t before = test_count_mappings("");
    void *memory[100];

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        memory[i] = allocate_clear(bytes);
    for (unsigned i = 0; i < 100; i++)
        ter_os_retire((uintptr_t)memory[i], bytes);
    ter_os_set_parking(false);
    ter_os_retire((uintptr_t)allocate_clear(bytes), bytes);
    if (!TER_HAS_SANITIZER && !test_is_emulated())
        assert_true(test_count_mappings("") <= before);
    assert_false(ter_os_is_parked(0, bytes));
}

/* ---- Threads ---- */

enum { THREADS = 4, ROUNDS = 2000 };

/* Each has a place of its own, and asks for another size there, or for one that may be anywhere:
 * the others give back meanwhile what it parked, or are about to. */
static void *park_and_take(void *argument)
{
    uintptr_t place = *(const uintptr_t *)argument;
    size_t failures = 0;

    for (size_t round = 0; round < ROUNDS; round++) {
        size_t bytes = (1 + round % 3) * PLACED_BYTES;
        void *memory;

        failures += ter_os_commit_at(place, bytes) != TER_OK;
        failures += *(const int *)(place + bytes - sizeof(int)) != 0;
        *(int *)(place + bytes - sizeof(int)) = 1;
        failures += ter_os_allocate(bytes, &memory) != TER_OK;
        failures += *(const int *)memory != 0;
        *(int *)memory = 1;
        ter_os_retire((uintptr_t)memory, bytes);
        ter_os_retire_at(place, bytes);
    }
    return (void *)failures;
}

/* Far below where the system puts what may be anywhere. */
#define PLACES ((uintptr_t)1 << (sizeof(uintptr_t) < 8 ? 29 : 44) % (8 * sizeof(uintptr_t)))

static void threads_find_their_places(void **state)
{
    uintptr_t places[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    skip_where_nothing_is_parked();
    for (size_t i = 0; i < THREADS; i++)
        places[i] = PLACES + i * 4 * PLACED_BYTES;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, park_and_take, &places[i]), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *failures;

        assert_int_equal(pthread_join(threads[i], &failures), 0);
        assert_null(failures);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_parked_is_clear, begin_parking, end_parking),
        cmocka_unit_test_setup_teardown(what_is_gathered_is_clear, begin_parking, end_parking),
        cmocka_unit_test_setup_teardown(what_is_gathered_goes_in_the_end, begin_parking,
                                        end_parking),
        cmocka_unit_test_setup_teardown(one_thread_gathers, begin_parking, end_parking),
        cmocka_unit_test_setup_teardown(a_place_is_had_again, begin_parking, end_parking),
        cmocka_unit_test_setup_teardown(it_gives_way, begin_parking, end_parking),
        cmocka_unit_test_setup_teardown(threads_find_their_places, begin_parking, end_parking),
        cmocka_unit_test_setup_teardown(in_the_end_it_is_gone, begin_parking, end_parking),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
