/* SPDX-License-Identifier: MIT */
/*
 * Ranges of values of every width: filled and searched, against an array of numbers looked
 * at one by one; neighbours of a range that others change meanwhile.
 */
#include <pthread.h>

#include "metadata/metadata.h"
#include "support.h"

#define REGIONS 3000u

struct bulk_table {
    struct ter_side_table table;
    ter_side_word memory[REGIONS + 2]; /* a guard at each end */
    uint64_t model[REGIONS];
};

struct bulk_test {
    struct ter_random random;
    struct ter_side_spec spec;
    struct bulk_table one;
    uintptr_t base;
    size_t regions; /* whole words */
    uint64_t mask;
};

static const uint64_t guard = UINT64_C(0xfedcba9876543210);

static void make_one(struct bulk_test *test, struct bulk_table *one)
{
    memset(one, 0, sizeof *one);
    one->memory[0] = one->memory[1 + (test->regions << test->spec.log_bits >> 6)] = guard;
    ter_side_table_over(&one->table, &test->spec, &one->memory[1], test->base);
}

static void make_tables(struct bulk_test *test, unsigned log_bits, unsigned log_region)
{
    test->spec = (struct ter_side_spec){"terrier:test", log_bits, log_region, false};
    test->mask = log_bits == 6 ? UINT64_MAX : (UINT64_C(1) << (1u << log_bits)) - 1;
    test->base = (uintptr_t)5 << 28;
    test->regions = ter_align_down(REGIONS, 64);
    make_one(test, &test->one);
}

static uintptr_t region(const struct bulk_test *test, size_t index)
{
    return test->base + ((uintptr_t)index << test->spec.log_region);
}

static void check_model(const struct bulk_test *test, const struct bulk_table *one)
{
    for (size_t i = 0; i < test->regions; i++)
        assert_true(ter_side_load(&one->table, region(test, i)) == one->model[i]);
    assert_true(one->memory[0] == guard);
    assert_true(one->memory[1 + (test->regions << test->spec.log_bits >> 6)] == guard);
}

/* Any range; often short, empty, or ending at a word. */
static void random_range(struct bulk_test *test, size_t *from, size_t *end)
{
    size_t most = test_below(&test->random, 3) == 0 ? test->regions : 140;

    *from = test_below(&test->random, test->regions + 1);
    *end = ter_min(test->regions, *from + test_below(&test->random, most + 1));
    if (test_below(&test->random, 4) == 0)
        *from = ter_align_down(*from, 64);
    if (test_below(&test->random, 4) == 0)
        *end = ter_max(*from, ter_align_down(*end, 64));
}

static uint64_t random_value(struct bulk_test *test)
{
    return ter_random_next(&test->random) & test->mask;
}

static void fill_model(uint64_t *model, size_t from, size_t end, uint64_t value)
{
    for (size_t i = from; i < end; i++)
        model[i] = value;
}

static void random_change(struct bulk_test *test)
{
    struct bulk_table *one = &test->one;
    uint64_t value = random_value(test);
    size_t from, end, i = test_below(&test->random, test->regions);

    random_range(test, &from, &end);
    switch (test_below(&test->random, 5)) {
    case 0:
        ter_side_fill_range(&one->table, region(test, from), region(test, end), value);
        fill_model(one->model, from, end, value);
        break;
    case 1:
        ter_side_zero_range(&one->table, region(test, from), region(test, end));
        fill_model(one->model, from, end, 0);
        break;
    case 2:
        ter_side_set_range(&one->table, region(test, from), region(test, end));
        fill_model(one->model, from, end, test->mask);
        break;
    default:
        ter_side_store(&one->table, region(test, i), value);
        one->model[i] = value;
        break;
    }
}

struct visits {
    const struct bulk_test *test;
    const struct bulk_table *one;
    size_t next, end, left; /* regions up to `next` were seen; stop after `left` more */
};

static bool check_visit(void *context, uintptr_t address)
{
    struct visits *visits = context;

    while (visits->next < visits->end && visits->one->model[visits->next] == 0)
        visits->next++;
    assert_true(visits->next < visits->end);
    assert_int_equal(address, region(visits->test, visits->next));
    visits->next++;
    return --visits->left > 0;
}

static void check_searches(struct bulk_test *test, const struct bulk_table *one)
{
    size_t from, end, next, previous, slack = (size_t)1 << test->spec.log_region;
    struct visits visits;
    uintptr_t found = 0;
    bool any;

    random_range(test, &from, &end);
    for (next = from; next < end && one->model[next] == 0;)
        next++;
    for (previous = end; previous > from && one->model[previous - 1] == 0;)
        previous--;
    any = next < end;
    /* Addresses inside regions: only regions that begin in the range count. */
    assert_int_equal(ter_side_find_next_non_zero(
                         &one->table, region(test, from) - test_below(&test->random, slack),
                         region(test, end) - test_below(&test->random, slack), &found),
                     any);
    if (any)
        assert_int_equal(found, region(test, next));
    if (end > 0)
        assert_int_equal(ter_side_find_previous_non_zero(
                             &one->table, region(test, end) - 1 - test_below(&test->random, slack),
                             region(test, from) - test_below(&test->random, slack), &found),
                         any);
    if (any)
        assert_int_equal(found, region(test, previous - 1));
    visits = (struct visits){test, one, from, end, SIZE_MAX};
    if (test_below(&test->random, 4) == 0)
        visits.left = 1 + test_below(&test->random, 5);
    if (ter_side_for_each_non_zero(&one->table, region(test, from), region(test, end), check_visit,
                                   &visits)) {
        for (; visits.next < end; visits.next++)
            assert_true(one->model[visits.next] == 0);
    } else {
        assert_int_equal(visits.left, 0);
    }
}

static void random_operations(void **state)
{
    struct bulk_test *test = calloc(1, sizeof *test);
    unsigned steps = test_iterations(TER_HAS_TSAN ? 200 : 1500);

    (void)state;
    assert_non_null(test);
    test->random = test_random();
    for (unsigned log_bits = 0; log_bits <= 6; log_bits++)
        for (unsigned log_region = log_bits > 3 ? log_bits - 3 : 0; log_region < 14;
             log_region += 4) {
            make_tables(test, log_bits, log_region);
            for (unsigned i = 0; i < steps; i++) {
                /* Now and then empty, so that searches are long. */
                if (i % 32 == 0) {
                    ter_side_zero_range(&test->one.table, test->base, region(test, test->regions));
                    memset(test->one.model, 0, sizeof test->one.model);
                }
                random_change(test);
                check_searches(test, &test->one);
                if (i % 16 == 0)
                    check_model(test, &test->one);
            }
        }
    free(test);
}

/* ---- Threads ---- */

#define THREADS 3u
/* Enough for a change that is not atomic to be seen; ThreadSanitizer sees it at once. */
#define STEPS (TER_HAS_TSAN ? 3000u : 300000u)
#define PART 21u /* values; three parts share a word and more */

struct shared_table {
    struct ter_side_table table;
    ter_side_word memory[16];
    pthread_barrier_t together;
    uintptr_t base;
    unsigned steps, failures;
};

struct owner {
    struct shared_table *shared;
    unsigned number;
};

/* Each thread changes a range of its own that begins and ends inside words of the others'. */
static void *change_own_part(void *argument)
{
    const struct owner *self = argument;
    struct shared_table *shared = self->shared;
    uintptr_t start = shared->base + ((uintptr_t)(self->number * PART) << 4);
    uintptr_t end = start + ((uintptr_t)PART << 4);
    unsigned failures = 0;

    pthread_barrier_wait(&shared->together);
    for (unsigned i = 0; i < shared->steps; i++) {
        uint64_t wanted = i % 2;

        if (wanted == 0)
            ter_side_zero_range(&shared->table, start, end);
        else
            ter_side_fill_range(&shared->table, start, end, 1);
        for (uintptr_t at = start; at < end; at += 16)
            failures += ter_side_load(&shared->table, at) != wanted;
    }
    __atomic_fetch_add(&shared->failures, failures, __ATOMIC_RELAXED);
    return NULL;
}

static void neighbours_are_kept(void **state)
{
    (void)state;
    for (unsigned log_bits = 0; log_bits <= 3; log_bits++) {
        const struct ter_side_spec spec = {"terrier:test", log_bits, 4, false};
        struct shared_table shared = {.base = (uintptr_t)1 << 28, .steps = test_iterations(STEPS)};
        struct owner owners[THREADS];
        pthread_t threads[THREADS];

        ter_side_table_over(&shared.table, &spec, shared.memory, shared.base);
        assert_int_equal(pthread_barrier_init(&shared.together, NULL, THREADS), 0);
        for (unsigned i = 0; i < THREADS; i++) {
            owners[i] = (struct owner){&shared, i};
            assert_int_equal(pthread_create(&threads[i], NULL, change_own_part, &owners[i]), 0);
        }
        for (unsigned i = 0; i < THREADS; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        pthread_barrier_destroy(&shared.together);
        assert_int_equal(shared.failures, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations),
        cmocka_unit_test(neighbours_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
