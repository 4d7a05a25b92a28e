/* SPDX-License-Identifier: MIT */
/* A mutator with a gate that the test keeps: runs, freed cells, flushes, refusals, stress. */
#include "alloc/alloc.h"

#include <signal.h>

#include "spaces.h"

#define OBJECTS 3000u

struct alloc_test {
    struct ter_arena arena;
    struct ter_allocator allocator;
    struct ter_mutator *mutator;
    struct ter_random random;
    /* What the gate answers and saw. */
    enum ter_admission answer;
    size_t admissions, refusals, stresses, notes;
    uintptr_t object[OBJECTS];
    size_t bytes[OBJECTS];
    size_t count;
};

static enum ter_admission admit(void *context, size_t bytes)
{
    struct alloc_test *test = context;

    assert_true(bytes > 0 && ter_is_aligned(bytes, TER_BYTES_IN_PAGE));
    test->admissions++;
    return test->answer;
}

static enum ter_admission refused(void *context, size_t bytes)
{
    struct alloc_test *test = context;

    (void)bytes;
    test->refusals++;
    return TER_REFUSED;
}

static void stress(void *context)
{
    struct alloc_test *test = context;

    test->stresses++;
}

static void notified(void *context)
{
    struct alloc_test *test = context;

    /* Without the lock: it can be taken. */
    ter_allocator_lock(&test->allocator);
    test->notes++;
    ter_allocator_unlock(&test->allocator);
}

static int make_mutator(void **state)
{
    struct alloc_test *test = calloc(1, sizeof *test);
    struct ter_allocator *allocator = &test->allocator;

    assert_non_null(test);
    test_arena_init(&test->arena);
    ter_lock_init(&allocator->lock, TER_RANK_HEAP);
    atomic_store(&allocator->locking, true);
    allocator->kinds[0] = (struct ter_kind){.scan = TER_SCAN_AMBIGUOUS, .zeroed = true};
    allocator->kinds[1] = (struct ter_kind){.scan = TER_SCAN_NONE, .uncollectable = true};
    allocator->kind_count = 2;
    allocator->cell_run_bytes = 4096;
    allocator->gate = (struct ter_gate){.admit = admit,
                                        .refused = refused,
                                        .stress = stress,
                                        .notified = notified,
                                        .context = test};
    allocator->small[0] = test_space_new(&test->arena, &ter_policy_mark_sweep, 0, allocator->kinds);
    allocator->small[1] = test_space_new(&test->arena, &ter_policy_immortal, 1, allocator->kinds);
    allocator->large = test_space_new(&test->arena, &ter_policy_large, 2, allocator->kinds);
    assert_int_equal(ter_mutator_new(allocator, 0, &test->mutator), TER_OK);
    assert_ptr_equal(allocator->mutators, test->mutator);
    *state = test;
    return 0;
}

static int free_mutator(void **state)
{
    struct alloc_test *test = *state;

    ter_mutator_free(test->mutator);
    assert_null(test->allocator.mutators);
    ter_mutators_release_retired(&test->allocator);
    ter_lock_fini(&test->allocator.lock);
    ter_space_fini(test->allocator.small[0]);
    ter_space_fini(test->allocator.small[1]);
    ter_arena_fini(&test->arena);
    free(test);
    return 0;
}

static const struct ter_sft *owner_of(const struct alloc_test *test, uintptr_t word)
{
    return ter_sft_map_get(&test->arena.map, word);
}

static uintptr_t find(const struct alloc_test *test, uintptr_t word)
{
    const struct ter_sft *owner = owner_of(test, word);

    return owner->find_object_from_interior(owner, word).bits;
}

static bool allocate(struct alloc_test *test, unsigned kind, size_t bytes)
{
    unsigned char *object = ter_mutator_allocate(test->mutator, kind, bytes);

    if (object == NULL)
        return false;
    assert_int_equal((uintptr_t)object % 16, 0);
    assert_int_equal(find(test, (uintptr_t)object), (uintptr_t)object);
    for (size_t i = 0; i < bytes && kind == 0; i++)
        assert_int_equal(object[i], 0);
    memset(object, (int)(test->count % 251) + 1, bytes);
    test->object[test->count] = (uintptr_t)object;
    test->bytes[test->count++] = bytes;
    return true;
}

/* Nobody wrote into another's bytes. */
static void check_contents(const struct alloc_test *test, size_t i, unsigned char byte)
{
    for (size_t n = 0; n < test->bytes[i]; n++)
        assert_int_equal(((unsigned char *)test->object[i])[n], byte);
}

static void objects_do_not_overlap(void **state)
{
    struct alloc_test *test = *state;

    test->random = test_random();
    for (size_t i = 0; i < OBJECTS; i++)
        assert_true(allocate(test, (unsigned)(i % 3 == 0),
                             test_below(&test->random, i % 50 == 0 ? 20000 : 700)));
    for (size_t i = 0; i < OBJECTS; i++) {
        enum ter_space_kind wanted = i % 3 == 0 ? TER_SPACE_IMMORTAL : TER_SPACE_MARK_SWEEP;

        check_contents(test, i, (unsigned char)(i % 251 + 1));
        assert_int_equal(owner_of(test, test->object[i])->kind,
                         test->bytes[i] > TER_SMALL_MAX_BYTES ? TER_SPACE_LARGE : wanted);
    }
    assert_true(test->admissions > 0);
    assert_int_equal(test->refusals, 0);
}

static void flushed_runs_are_free(void **state)
{
    struct alloc_test *test = *state;
    uintptr_t next;

    assert_true(allocate(test, 0, 64));
    next = test->object[0] + 64;
    assert_int_equal(find(test, next), 0);
    assert_int_equal(test->allocator.allocated_since_collection, 4096);
    ter_allocator_lock(&test->allocator);
    ter_mutator_flush(test->mutator);
    ter_allocator_unlock(&test->allocator);
    assert_int_equal(find(test, next), 0);
    assert_int_equal(find(test, test->object[0]), test->object[0]);
    assert_int_equal(test->allocator.allocated_since_collection, 64);
    assert_true(test->allocator.allocated_total == 64);
    assert_true(allocate(test, 0, 64));
    check_contents(test, 0, 1);
}

/* The first to be freed is the last to be used again; cleared kinds are clear again. */
static void freed_cells_are_used_again(void **state)
{
    struct alloc_test *test = *state;
    size_t used;

    for (size_t i = 0; i < OBJECTS; i++)
        assert_true(allocate(test, (unsigned)(i % 2), 100));
    used = test_used_bytes(&test->arena);
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i < OBJECTS; i++) {
            check_contents(test, i, (unsigned char)(i % 251 + 1));
            ter_mutator_release(test->mutator, owner_of(test, test->object[i]), test->object[i]);
            assert_int_equal(find(test, test->object[i]), 0);
        }
        test->count = 0;
        for (size_t i = 0; i < OBJECTS; i++)
            assert_true(allocate(test, (unsigned)(i % 2), 100));
    }
    assert_int_equal(test_used_bytes(&test->arena), used);
    assert_int_equal(ter_mutators_freed(&test->allocator), 3 * OBJECTS * 112);
}

/* It would wait for itself. */
static void freeing_takes_no_lock(void **state)
{
    struct alloc_test *test = *state;

    for (size_t i = 0; i < OBJECTS; i++)
        assert_true(allocate(test, (unsigned)(i % 2), 16 + i % 600));
    ter_allocator_lock(&test->allocator);
    for (size_t i = 0; i < OBJECTS; i++)
        ter_mutator_release(test->mutator, owner_of(test, test->object[i]), test->object[i]);
    test->count = 0;
    for (size_t i = 0; i < OBJECTS; i++)
        assert_true(allocate(test, (unsigned)(i % 2), 16 + i % 600));
    ter_allocator_unlock(&test->allocator);
    for (size_t i = 0; i < OBJECTS; i++)
        check_contents(test, i, (unsigned char)(i % 251 + 1));
}

/* Only exactly an object is freed, and once. */
static void only_objects_are_freed(void **state)
{
    struct alloc_test *test = *state;
    const struct ter_sft *space;
    uintptr_t object;

    assert_true(allocate(test, 0, 64));
    object = test->object[0];
    space = owner_of(test, object);
    assert_false(ter_mutator_free_small(test->mutator, space, object + 1));
    assert_false(ter_mutator_free_small(test->mutator, space, object + 16));
    assert_false(ter_mutator_free_small(test->mutator, space, object + 64));
    assert_int_equal(ter_mutators_freed(&test->allocator), 0);
    assert_true(ter_mutator_free_small(test->mutator, space, object));
    assert_false(ter_mutator_free_small(test->mutator, space, object));
    assert_int_equal(ter_mutators_freed(&test->allocator), 64);
    assert_int_equal(test->allocator.freed_since_collection, 0);
    ter_allocator_lock(&test->allocator);
    ter_mutator_flush(test->mutator);
    ter_allocator_unlock(&test->allocator);
    assert_int_equal(test->allocator.freed_since_collection, 64);
    assert_int_equal(ter_mutators_freed(&test->allocator), 64);
}

struct second {
    struct ter_allocator *allocator;
    ter_status status;
    bool alone;
    bool held, lost, own; /* see allocate_beside */
};

static void *be_second(void *argument)
{
    struct second *second = argument;
    struct ter_mutator *mutator;

    second->status = ter_mutator_new(second->allocator, 0, &mutator);
    if (second->status == TER_OK) {
        second->alone = mutator->alone;
        ter_mutator_free(mutator);
    }
    return NULL;
}

static struct second run_second(struct alloc_test *test, void *(*run)(void *argument))
{
    struct second second = {.allocator = &test->allocator};
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, run, &second), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return second;
}

static struct second add_second(struct alloc_test *test)
{
    return run_second(test, be_second);
}

static void a_second_mutator_ends_being_alone(void **state)
{
    struct alloc_test *test = *state;
    struct second second;

    assert_true(test->mutator->alone);
    second = add_second(test);
    assert_int_equal(second.status, TER_OK);
    assert_false(second.alone);
    assert_false(test->mutator->alone);
    freed_cells_are_used_again(state);
}

/* By a mutator beside another: little, of the common runs; much, of a block of its own. */
static void *allocate_beside(void *argument)
{
    struct second *second = argument;
    struct ter_mutator *mutator;
    const struct ter_mutator_slow *slow;

    second->status = ter_mutator_new(second->allocator, 0, &mutator);
    if (second->status != TER_OK)
        return NULL;
    slow = &mutator->slow[0][3];
    for (int i = 0; i < 64; i++)
        second->held |= ter_mutator_allocate(mutator, 0, 64) == NULL || slow->block != 0;
    for (int i = 0; i < 100; i++)
        second->lost |= ter_mutator_allocate(mutator, 0, 64) == NULL;
    second->own = slow->block != 0;
    ter_mutator_free(mutator);
    return NULL;
}

static void who_allocates_little_holds_no_block(void **state)
{
    struct alloc_test *test = *state;
    struct second second = run_second(test, allocate_beside);

    assert_int_equal(second.status, TER_OK);
    assert_false(second.held);
    assert_false(second.lost);
    assert_true(second.own);
    ter_allocator_lock(&test->allocator);
    ter_mutator_flush(test->allocator.common);
    ter_mutator_flush(test->mutator);
    ter_allocator_unlock(&test->allocator);
    assert_int_equal(ter_mutators_held(&test->allocator), 0);
    ter_block_space_check(ter_allocator_small_space(&test->allocator, 0));
}

static void join_in_vain(void *context)
{
    struct alloc_test *test = context;
    struct ter_mutator *mutator = NULL;

    /* No handler is possible for this one. */
    ter_os_set_stop_signal(SIGKILL);
    assert_int_equal(ter_mutator_new(&test->allocator, 0, &mutator), TER_ERROR_SYSTEM);
    assert_null(mutator);
    assert_null(test->allocator.mutators);
}

/* Before anything else has used the signal. */
static void who_cannot_be_stopped_does_not_join(void **state)
{
    struct alloc_test test = {.answer = TER_ADMITTED};
    struct test_end end;

    (void)state;
    test_in_child(join_in_vain, &test, &end);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
}

static void the_gate_refuses(void **state)
{
    struct alloc_test *test = *state;

    test->answer = TER_REFUSED;
    assert_false(allocate(test, 0, 64));
    assert_false(allocate(test, 1, 100000));
    assert_int_equal(test->admissions, 2);
    assert_int_equal(test_used_bytes(&test->arena), 0);
    assert_int_equal(test->allocator.allocated_since_collection, 0);
    test->answer = TER_ADMITTED;
    assert_true(allocate(test, 0, 64));
    /* What is there already needs no gate. */
    test->answer = TER_REFUSED;
    for (unsigned i = 0; i < TER_BYTES_IN_BLOCK / 64 - 1; i++)
        assert_true(allocate(test, 0, 64));
    assert_false(allocate(test, 0, 64));
}

/* Runs that nothing was handed out of yet tell nothing of how much the program allocates. */
static void what_is_held_is_not_handed_out(void **state)
{
    struct alloc_test *test = *state;

    assert_true(allocate(test, 0, 64));
    assert_true(allocate(test, 1, 32));
    assert_int_equal(ter_mutators_allocated(&test->allocator), 2 * 4096);
    assert_int_equal(ter_mutators_held(&test->allocator), 2 * 4096 - 96);
    assert_int_equal(ter_mutators_handed_out(&test->allocator), 96);
    assert_true(allocate(test, 0, 20000));
    assert_int_equal(ter_mutators_handed_out(&test->allocator), 96 + 20000);
    /* As after a collection that left the runs. */
    test->allocator.allocated_since_collection = 0 - ter_mutators_uncounted(&test->allocator);
    test->allocator.held_at_collection = ter_mutators_held(&test->allocator);
    assert_int_equal(ter_mutators_handed_out(&test->allocator), 0);
    for (unsigned i = 0; i < 1000; i++)
        assert_true(allocate(test, 0, 64));
    assert_int_equal(ter_mutators_handed_out(&test->allocator), 64000);
    ter_allocator_lock(&test->allocator);
    ter_mutator_flush(test->mutator);
    ter_allocator_unlock(&test->allocator);
    assert_int_equal(ter_mutators_held(&test->allocator), 0);
    assert_int_equal(ter_mutators_handed_out(&test->allocator), 64000);
}

static size_t cell_bytes(const struct alloc_test *test, size_t index)
{
    return ter_block_head_of(&test->arena, test->object[index])->cell_bytes;
}

/* Where the heap may not grow, a larger cell of the same kind serves, also one that was freed. */
static void a_crowded_heap_makes_do(void **state)
{
    struct alloc_test *test = *state;

    assert_true(allocate(test, 0, 64));
    assert_true(allocate(test, 1, 128));
    test->answer = TER_CROWDED;
    test->allocator.make_do_bytes = 100;
    assert_true(allocate(test, 0, 32));
    assert_int_equal(cell_bytes(test, 2), 64);
    assert_true(find(test, test->object[2]) == test->object[2]);
    assert_int_equal(test->allocator.make_do_bytes, 68);
    assert_int_equal(test->admissions, 2);
    assert_true(allocate(test, 1, 32));
    assert_int_equal(cell_bytes(test, 3), 128);
    assert_true(
        ter_mutator_free_small(test->mutator, owner_of(test, test->object[2]), test->object[2]));
    assert_true(allocate(test, 0, 48));
    assert_true(test->object[4] == test->object[2]);
    check_contents(test, 4, 5);
    /* Nothing is larger; and kinds do not mix. */
    assert_false(allocate(test, 0, 96));
    assert_int_equal(test->refusals, 1);
    assert_false(allocate(test, 0, 100000));
    assert_int_equal(test->refusals, 2);
}

static void the_gate_says_how_long_to_make_do(void **state)
{
    struct alloc_test *test = *state;

    assert_true(allocate(test, 0, 64));
    test->answer = TER_ADMITTED;
    assert_true(allocate(test, 0, 32));
    assert_int_equal(cell_bytes(test, 1), 32);
    test->allocator.make_do_bytes = 20;
    for (unsigned i = 0; i < 2; i++)
        assert_true(allocate(test, 0, 16));
    assert_int_equal(test->allocator.make_do_bytes, 0);
    assert_int_equal(test->admissions, 2);
    assert_true(allocate(test, 0, 16));
    assert_int_equal(cell_bytes(test, 3), 32);
    assert_int_equal(cell_bytes(test, 4), 16);
    assert_int_equal(test->admissions, 3);
}

static void the_system_refuses(void **state)
{
    struct alloc_test *test = *state;

    test_fail_calls(TEST_CALL(COMMIT), 0, TEST_FOR_EVER);
    assert_false(allocate(test, 0, 64));
    assert_false(allocate(test, 0, 64000));
    test_stop_failing(NULL);
    assert_int_equal(test->refusals, 2);
    assert_int_equal(test_used_bytes(&test->arena), 0);
    assert_true(allocate(test, 0, 64));
    assert_true(allocate(test, 0, 64000));
}

/* Under stress every allocation is counted, of small and large objects. */
static void stress_counts_allocations(void **state)
{
    struct alloc_test *test = *state;

    test->allocator.stress_interval = 7;
    test->allocator.cell_run_bytes = TER_BYTES_IN_GRANULE;
    for (size_t i = 1; i <= 700; i++) {
        assert_true(allocate(test, (unsigned)(i % 2), i % 10 == 0 ? 9000 : i));
        assert_int_equal(test->stresses, i / 7);
    }
}

static void what_waits_is_notified(void **state)
{
    struct alloc_test *test = *state;

    assert_true(allocate(test, 0, 64));
    assert_int_equal(test->notes, 0);
    test->allocator.notify = true;
    assert_true(allocate(test, 0, 128));
    assert_true(allocate(test, 0, 256));
    assert_int_equal(test->notes, 1);
    test->allocator.notify = true;
    assert_true(allocate(test, 0, 10000));
    assert_int_equal(test->notes, 2);
}

static void a_refused_mutator(void **state)
{
    struct alloc_test *test = *state;
    struct ter_mutator *none = NULL;

    test_fail_calls(TEST_CALL(ALLOCATE), 0, 1);
    assert_int_equal(ter_mutator_new(&test->allocator, 0, &none), TER_ERROR_NO_MEMORY);
    test_stop_failing(NULL);
    assert_null(none);
    assert_ptr_equal(test->allocator.mutators, test->mutator);
    assert_null(test->mutator->next);
}

#define ALLOC_TEST(test) cmocka_unit_test_setup_teardown(test, make_mutator, free_mutator)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_cannot_be_stopped_does_not_join),
        ALLOC_TEST(freeing_takes_no_lock),
        ALLOC_TEST(only_objects_are_freed),
        ALLOC_TEST(a_second_mutator_ends_being_alone),
        ALLOC_TEST(who_allocates_little_holds_no_block),
        ALLOC_TEST(objects_do_not_overlap),
        ALLOC_TEST(flushed_runs_are_free),
        ALLOC_TEST(freed_cells_are_used_again),
        ALLOC_TEST(the_gate_refuses),
        ALLOC_TEST(what_is_held_is_not_handed_out),
        ALLOC_TEST(a_crowded_heap_makes_do),
        ALLOC_TEST(the_gate_says_how_long_to_make_do),
        ALLOC_TEST(the_system_refuses),
        ALLOC_TEST(stress_counts_allocations),
        ALLOC_TEST(what_waits_is_notified),
        ALLOC_TEST(a_refused_mutator),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
