/* SPDX-License-Identifier: MIT */
/* Figures of collections: sums, the log, percentiles against a sorted array. */
#include "heap/heap.h"
#include "support.h"

#define MOST 3000u

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Right to 1.6 percent, and never above the largest. */
static void check_percentile(const struct ter_figures *figures, const uint64_t *sorted,
                             size_t count, unsigned percent)
{
    size_t rank = (count * percent + 99) / 100;
    uint64_t wanted = sorted[rank == 0 ? 0 : rank - 1];
    uint64_t got = ter_pauses_percentile(&figures->all, percent);
    uint64_t error = got > wanted ? got - wanted : wanted - got;

    assert_true(error <= wanted / 60);
    assert_true(got <= figures->all.max_ns);
}

static void random_pauses(void **state)
{
    struct ter_random random = test_random();
    static struct ter_figures figures;
    static uint64_t pauses[MOST];

    (void)state;
    for (unsigned round = 0; round < test_iterations(20); round++) {
        size_t count = 1 + test_below(&random, MOST);
        uint64_t total = 0;

        figures = (struct ter_figures){0};
        assert_int_equal(ter_figures_init(&figures, 100), TER_OK);
        for (size_t i = 0; i < count; i++) {
            struct ter_collection collection = {.number = i + 1, .reason = TER_REASON_REQUEST};

            pauses[i] = ter_random_next(&random) >> (10 + test_below(&random, 54));
            collection.pause_ns = pauses[i];
            collection.live.scanned_bytes = i;
            total += pauses[i];
            ter_figures_add(&figures, &collection);
        }
        qsort(pauses, count, sizeof pauses[0], compare);
        assert_true(figures.all.total_ns == total);
        assert_true(figures.all.max_ns == pauses[count - 1]);
        assert_true(figures.all.count == count);
        assert_true(figures.by_reason[TER_REASON_REQUEST] == count);
        assert_int_equal(figures.peak_live_bytes, count - 1);
        assert_int_equal(figures.log_count, ter_min(count, 100));
        for (size_t i = 0; i < figures.log_count; i++)
            assert_true(figures.log[i].number == i + 1);
        for (unsigned percent = 1; percent <= 100; percent++)
            check_percentile(&figures, pauses, count, percent);
        ter_figures_fini(&figures);
    }
}

static void ends_of_the_histogram(void **state)
{
    const uint64_t pauses[] = {0, 1, 63, 64, 65, 127, 128, UINT64_MAX / 2, UINT64_MAX};
    static struct ter_figures figures;

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(pauses); i++) {
        struct ter_collection collection = {.pause_ns = pauses[i]};

        figures = (struct ter_figures){0};
        assert_int_equal(ter_figures_init(&figures, 0), TER_OK);
        assert_int_equal(ter_pauses_percentile(&figures.all, 50), 0);
        ter_figures_add(&figures, &collection);
        assert_int_equal(figures.log_count, 0);
        check_percentile(&figures, &pauses[i], 1, 50);
        ter_figures_fini(&figures);
    }
}

static void refused_log(void **state)
{
    static struct ter_figures figures;

    (void)state;
    test_fail_calls(TEST_ALL_CALLS, 0, 1);
    assert_int_equal(ter_figures_init(&figures, 100), TER_ERROR_NO_MEMORY);
    test_stop_failing(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_pauses),
        cmocka_unit_test(ends_of_the_histogram),
        cmocka_unit_test(refused_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
