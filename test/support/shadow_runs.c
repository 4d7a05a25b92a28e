/* SPDX-License-Identifier: MIT */
#include "shadow_runs.h"

/* Objects that stale words on the stack may keep. */
#define SLACK 8u

static uint64_t live_objects(const struct shadow *shadow)
{
    struct ter_statistics statistics;

    ter_heap_statistics(shadow->heap, &statistics, sizeof statistics);
    return statistics.live_objects;
}

void shadow_run(const char *options, unsigned steps)
{
    struct shadow *shadow = shadow_new(options, test_random());
    struct ter_statistics statistics;

    assert_non_null(shadow);
    for (unsigned i = 0; i < steps; i++) {
        shadow_step(shadow);
        if (i % 2048 == 2047) {
            size_t count;

            shadow_collect(shadow);
            count = shadow_check(shadow);
            assert_true(live_objects(shadow) >= count);
        }
    }
    assert_true(shadow->checked > steps / 8);
    shadow_drop_all(shadow);
    for (unsigned i = 0; i < 3; i++)
        shadow_collect(shadow);
    ter_heap_statistics(shadow->heap, &statistics, sizeof statistics);
    assert_true(statistics.live_objects <= SLACK);
    assert_true(statistics.used_bytes <= 400 * 1024);
    assert_int_equal(shadow->refused, 0);
    shadow_free(shadow);
}

static struct shadow *shadow_new_with(const char *options, const char *more,
                                      struct ter_random random)
{
    char text[256];

    snprintf(text, sizeof text, "%s,%s", options, more);
    return shadow_new(text, random);
}

/* Every refusal must leave a whole graph; dropping makes room again. */
void shadow_run_in_a_small_heap(const char *options, uint64_t most_bytes)
{
    char limit[64];
    struct shadow *shadow;
    struct ter_statistics statistics;
    uint64_t refused = 0;

    snprintf(limit, sizeof limit, "heap_max=%llu", (unsigned long long)most_bytes);
    shadow = shadow_new_with(limit, options, test_random());
    assert_non_null(shadow);
    for (unsigned i = 0; i < test_iterations(8000); i++) {
        shadow_step(shadow);
        if (shadow->refused != refused) {
            refused = shadow->refused;
            shadow_check(shadow);
        }
        if (i % 2000 == 1999)
            shadow_drop_all(shadow);
    }
    assert_true(refused > 0);
    ter_heap_statistics(shadow->heap, &statistics, sizeof statistics);
    assert_true(statistics.peak_used_bytes <= most_bytes);
    shadow_drop_all(shadow);
    shadow_collect(shadow);
    assert_true(live_objects(shadow) <= SLACK);
    shadow_free(shadow);
}

/* Every run begins anew for each of its calls: half as long is four times as fast. */
static unsigned refusal_steps(unsigned steps)
{
    return test_is_emulated() ? steps / 4 : steps;
}

/* Call number k of the system fails, for every k that there is. */
void shadow_run_with_one_refusal(const char *options, unsigned steps)
{
    struct ter_random random = test_random();
    uint64_t failed = 1, calls = 0;

    steps = refusal_steps(steps);
    for (uint64_t k = 0; failed != 0; k++) {
        struct shadow *shadow;

        test_fail_calls(TEST_ALL_CALLS, k, 1);
        shadow = shadow_new_with("log=0", options, random);
        for (unsigned i = 0; i < steps && shadow != NULL; i++)
            shadow_step(shadow);
        calls = test_stop_failing(&failed);
        if (shadow == NULL) {
            assert_int_equal(failed, 1);
            continue;
        }
        shadow_check(shadow);
        shadow_drop_all(shadow);
        shadow_collect(shadow);
        assert_true(live_objects(shadow) <= SLACK);
        shadow_free(shadow);
    }
    print_message("%llu calls could fail\n", (unsigned long long)calls);
    assert_true(calls > 10);
}

/* From call k on, the system gives nothing more; then it does again. */
void shadow_run_with_lasting_refusals(const char *options, unsigned steps)
{
    struct ter_random random = test_random();
    uint64_t failed = 1, refused = 0;

    steps = refusal_steps(steps);
    for (uint64_t k = 0; failed != 0; k++) {
        struct shadow *shadow = shadow_new_with("log=0", options, random);

        assert_non_null(shadow);
        test_fail_calls(TEST_ALL_CALLS, k, TEST_FOR_EVER);
        for (unsigned i = 0; i < steps; i++)
            shadow_step(shadow);
        shadow_check(shadow);
        test_stop_failing(&failed);
        refused += shadow->refused;
        shadow->refused = 0;
        for (unsigned i = 0; i < steps / 3; i++)
            shadow_step(shadow);
        assert_int_equal(shadow->refused, 0);
        shadow_check(shadow);
        shadow_drop_all(shadow);
        shadow_collect(shadow);
        assert_true(live_objects(shadow) <= SLACK);
        shadow_free(shadow);
    }
    assert_true(refused > 0);
}
