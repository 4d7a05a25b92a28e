/* SPDX-License-Identifier: MIT */
/* The arithmetic of sizing by itself: bytes and times are fed in, no clock is asked. */
#include "cycle/cycle.h"
#include "support.h"

#define SECOND UINT64_C(1000000000)
#define MB ((uint64_t)1000000)

/* A heap that allocates `g` bytes a second and is collected at `s` bytes a second. */
static struct ter_rates rates_of(uint64_t g, uint64_t s)
{
    const struct ter_rate_sample sample = {
        .allocated_bytes = g, .mutator_ns = SECOND, .live_bytes = s, .collector_ns = SECOND};
    struct ter_rates rates = {0};

    ter_rates_add(&rates, &sample);
    return rates;
}

static void assert_about(double value, double wanted)
{
    if (!(value > wanted * 0.999 && value < wanted * 1.001))
        fail_msg("%f is not %f", value, wanted);
}

/* Where 100 MB live and g = s = 1 GB/s, twice that is c = 1e-8 per byte; of 400 MB it is 600. */
static void the_units_are_right(void **state)
{
    struct ter_rates rates = rates_of(1000 * MB, 1000 * MB);

    (void)state;
    assert_about(ter_sizing_cost(3), 1e-8);
    assert_about((double)ter_sizing_room(&rates, 100 * MB, 0, 3), 100e6);
    assert_about((double)ter_sizing_room(&rates, 400 * MB, 0, 3), 200e6);
    /* Four times as fast a program, or as slow a collector, gets twice the room. */
    rates = rates_of(2000 * MB, 500 * MB);
    assert_about((double)ter_sizing_room(&rates, 100 * MB, 0, 3), 200e6);
    /* And so does half the divisor. */
    rates = rates_of(1000 * MB, 1000 * MB);
    assert_about((double)ter_sizing_room(&rates, 100 * MB, 0, 6), 50e6);
    assert_about(ter_sizing_weight(&rates, 100 * MB), 10e3);
}

static void room_is_clamped(void **state)
{
    struct ter_rates slow = rates_of(1, 1000 * MB), fast = rates_of(1000 * MB, 1);
    struct ter_rates none = {0};

    (void)state;
    assert_int_equal(ter_sizing_room(&slow, TER_MIB(100), 0, 3), TER_MIB(20));
    assert_int_equal(ter_sizing_room(&fast, TER_MIB(100), 0, 3), TER_MIB(400));
    assert_int_equal(ter_sizing_room(&none, TER_MIB(100), 0, 3), TER_MIB(20));
    /* The whole is 4 MiB at least, with what is kept free for copies. */
    assert_int_equal(ter_sizing_room(&none, 0, 0, 3), TER_MIB(4));
    assert_int_equal(ter_sizing_room(&fast, TER_KIB(4), 0, 3), TER_MIB(4) - TER_KIB(4));
    assert_int_equal(ter_sizing_room(&slow, TER_MIB(2), TER_MIB(1), 3), TER_MIB(1));
    assert_int_equal(ter_sizing_room(&slow, TER_MIB(5), TER_MIB(5), 3), TER_MIB(1));
    /* Nothing wraps. */
    assert_true(ter_sizing_room(&fast, SIZE_MAX / 2, 0, 1) <= SIZE_MAX / 2);
}

static void room_rises_with_what_it_is_for(void **state)
{
    struct ter_random random = test_random();

    (void)state;
    for (unsigned i = 0; i < test_iterations(20000); i++) {
        uint64_t g = 1 + test_below(&random, 1u << 30), s = 1 + test_below(&random, 1u << 30);
        size_t live = test_below(&random, 1u << 28), more = live + test_below(&random, 1u << 24);
        size_t divisor = 1 + test_below(&random, 20);
        struct ter_rates rates = rates_of(g, s), faster = rates_of(g + g / 2, s);
        struct ter_rates slower = rates_of(g, s - s / 3);
        size_t room = ter_sizing_room(&rates, live, 0, divisor);

        assert_true(room + live <= ter_sizing_room(&rates, more, 0, divisor) + more);
        assert_true(room <= ter_sizing_room(&faster, live, 0, divisor));
        assert_true(room <= ter_sizing_room(&slower, live, 0, divisor));
        assert_true(room >= ter_sizing_room(&rates, live, 0, divisor + 1));
        assert_true(room >= live / 5 && live + room >= TER_MIB(4));
        assert_true(room <= ter_max(4 * live, TER_MIB(4)));
    }
}

/* After a second 95 hundredths of what was before counts; the collector's part halves. */
static void rates_fade(void **state)
{
    struct ter_rates rates = rates_of(1000, 1000);
    const struct ter_rate_sample quiet = {.mutator_ns = SECOND, .live_bytes = 0};

    (void)state;
    ter_rates_add(&rates, &quiet);
    assert_about(rates.allocated_bytes, 950);
    assert_about(rates.mutator_ns, 1.95e9);
    assert_about(rates.live_bytes, 500);
    assert_about(rates.collector_ns, 0.5e9);
    /* A heap that rests weighs less and less, and nothing in the end. */
    rates = rates_of(1000 * MB, 1000 * MB);
    for (double before = ter_sizing_weight(&rates, MB), now; before > 1; before = now) {
        ter_rates_age(&rates, 0, 100 * SECOND);
        now = ter_sizing_weight(&rates, MB);
        assert_true(now < before);
    }
    ter_rates_age(&rates, 1000 * MB, 0);
    assert_true(ter_sizing_weight(&rates, MB) > 1);
}

/* ---- Shares ---- */

static struct ter_claim claims[4];

static void claim(size_t index, size_t base, size_t desire, double weight)
{
    claims[index] = (struct ter_claim){.next = index == 0 ? NULL : &claims[index - 1],
                                       .base_bytes = base,
                                       .desire_bytes = desire,
                                       .weight = weight};
}

static void what_fits_is_as_desired(void **state)
{
    (void)state;
    claim(0, TER_MIB(10), TER_MIB(5), 1000);
    claim(1, TER_MIB(20), TER_MIB(15), 10);
    assert_false(ter_sizing_divide(&claims[1], TER_MIB(50)));
    assert_int_equal(claims[0].share_bytes, TER_MIB(15));
    assert_int_equal(claims[1].share_bytes, TER_MIB(35));
    assert_false(ter_sizing_divide(&claims[1], TER_MIB(60)));
    assert_int_equal(claims[0].share_bytes, TER_MIB(20));
    assert_int_equal(claims[1].share_bytes, TER_MIB(40));
    assert_true(ter_sizing_divide(&claims[1], TER_MIB(50) - 1));
}

static void shares_are_by_weight(void **state)
{
    (void)state;
    claim(0, TER_MIB(10), TER_MIB(500), 1e6);
    claim(1, TER_MIB(20), TER_MIB(500), 3e6);
    assert_true(ter_sizing_divide(&claims[1], TER_MIB(70)));
    assert_about((double)claims[0].share_bytes, (double)TER_MIB(20));
    assert_about((double)claims[1].share_bytes, (double)TER_MIB(50));
    /* Who desires less gets that, and the others the rest. */
    claims[1].desire_bytes = TER_MIB(6);
    assert_true(ter_sizing_divide(&claims[1], TER_MIB(70)));
    assert_int_equal(claims[1].share_bytes, TER_MIB(26));
    assert_about((double)claims[0].share_bytes, (double)TER_MIB(44));
}

static void too_little_for_the_bases(void **state)
{
    (void)state;
    claim(0, TER_MIB(10), TER_MIB(500), 1e6);
    claim(1, TER_MIB(20), TER_MIB(500), 3e6);
    for (size_t bytes = 0; bytes <= TER_MIB(30); bytes += TER_MIB(5)) {
        assert_true(ter_sizing_divide(&claims[1], bytes));
        assert_int_equal(claims[0].share_bytes, TER_MIB(10));
        assert_int_equal(claims[1].share_bytes, TER_MIB(20));
    }
}

static void no_more_is_divided_than_there_is(void **state)
{
    struct ter_random random = test_random();

    (void)state;
    for (unsigned i = 0; i < test_iterations(3000); i++) {
        size_t bytes = test_below(&random, 1u << 30), sum = 0, bases = 0, before[4];
        bool short_of;

        for (size_t at = 0; at < 4; at++) {
            claim(at, test_below(&random, 1u << 27), test_below(&random, 1u << 28),
                  (double)test_below(&random, 1u << 20));
            bases += claims[at].base_bytes;
        }
        short_of = ter_sizing_divide(&claims[3], bytes);
        for (size_t at = 0; at < 4; at++) {
            assert_true(claims[at].share_bytes >= claims[at].base_bytes);
            assert_true(!short_of ||
                        claims[at].share_bytes <= claims[at].base_bytes + claims[at].desire_bytes);
            sum += before[at] = claims[at].share_bytes;
        }
        assert_true(sum <= ter_max(bytes, bases));
        assert_true(bytes <= bases || sum + 8 + bytes / 1000000 >= bytes);
        /* More for all is less for nobody. */
        ter_sizing_divide(&claims[3], bytes + bytes / 7);
        for (size_t at = 0; at < 4; at++)
            assert_true(claims[at].share_bytes >= before[at]);
    }
}

/* ---- Half of the time ---- */

static void half_of_the_time(void **state)
{
    struct ter_bucket bucket = {.holds_ns = 4 * SECOND};
    uint64_t collector = 0, mutator = 0;

    (void)state;
    ter_bucket_add(&bucket, 0, 1000 * SECOND);
    assert_int_equal(bucket.filled_ns, 0);
    ter_bucket_add(&bucket, 4 * SECOND - 1, 0);
    assert_false(ter_bucket_is_full(&bucket));
    ter_bucket_add(&bucket, UINT64_MAX, 0);
    assert_true(ter_bucket_is_full(&bucket));
    assert_int_equal(bucket.filled_ns, 4 * SECOND);
    /* From here on the program has as much as the collector. */
    for (unsigned i = 0; i < 1000; i++)
        if (ter_bucket_is_full(&bucket)) {
            ter_bucket_add(&bucket, 0, SECOND / 10);
            mutator += SECOND / 10;
        } else {
            ter_bucket_add(&bucket, SECOND / 100, 0);
            collector += SECOND / 100;
        }
    assert_true(collector <= mutator + 4 * SECOND && collector + SECOND >= mutator);
}

/* ---- A heap that is full ---- */

#define LIMIT TER_MIB(16)
#define SMALL TER_KIB(32)

/* Memory is out for `bytes`, `allocated` after the last collection: does another come? */
static bool collects_for(struct ter_futile *futile, size_t bytes, size_t allocated)
{
    if (!ter_futile_may_collect(futile, bytes, allocated, LIMIT))
        return false;
    ter_futile_ask(futile, bytes);
    ter_futile_collected(futile, allocated);
    return true;
}

static bool collects(struct ter_futile *futile, size_t allocated)
{
    return collects_for(futile, SMALL, allocated);
}

static void a_request_gives_up(void **state)
{
    struct ter_futile futile = {0};

    (void)state;
    assert_true(collects(&futile, TER_MIB(1)));
    /* And now nothing is free. */
    assert_false(collects(&futile, 0));
    /* The next one tries again, since something may have been let go of. */
    assert_true(collects(&futile, 0));
    assert_false(collects(&futile, 0));
}

/* As long as it allocates something, a heap goes on; when it is too little, not for long. */
static void collections_that_free_little(void **state)
{
    struct ter_futile futile = {0};

    (void)state;
    for (unsigned i = 0; i < 1000; i++)
        assert_true(collects(&futile, LIMIT / 256 + 1));
    for (unsigned i = 0; i < 16; i++)
        assert_true(collects(&futile, LIMIT / 256));
    assert_false(collects(&futile, LIMIT / 256));
    /* One that frees more begins anew. */
    assert_true(collects(&futile, LIMIT / 255));
    for (unsigned i = 0; i < 16; i++)
        assert_true(collects(&futile, 32));
    assert_false(collects(&futile, 32));
}

static unsigned tries_of(struct ter_futile *futile, size_t bytes, unsigned requests)
{
    unsigned collections = 0;

    for (unsigned i = 0; i < requests; i++)
        while (collects_for(futile, bytes, 0))
            collections++;
    return collections;
}

static void who_asks_again_and_again(void **state)
{
    struct ter_futile futile = {0};

    (void)state;
    assert_int_equal(tries_of(&futile, SMALL, 1), 1);
    assert_int_equal(tries_of(&futile, SMALL, 8), 8);
    assert_int_equal(tries_of(&futile, SMALL, 6400), 5 + 100);
    assert_true(collects(&futile, TER_MIB(1)));
    assert_int_equal(tries_of(&futile, SMALL, 9), 8);
    /* And whoever asks for a collection begins anew. */
    assert_true(tries_of(&futile, SMALL, 600) < 20);
    ter_futile_forget(&futile);
    assert_int_equal(tries_of(&futile, SMALL, 9), 9);
}

/* What can never be served does not take what small requests may have, nor the other way. */
static void sizes_do_not_share_their_failures(void **state)
{
    struct ter_futile futile = {0};

    (void)state;
    assert_true(tries_of(&futile, TER_MIB(8), 10000) < 200);
    assert_true(collects(&futile, 0));
    assert_false(collects(&futile, 0));
    assert_true(tries_of(&futile, SMALL, 10000) < 200);
    assert_true(collects_for(&futile, TER_MIB(2), 0));
    /* The last collection came for another size: nothing is known of this one's. */
    assert_true(collects_for(&futile, TER_MIB(1), 0));
    assert_false(collects_for(&futile, TER_MIB(1), 0));
    assert_false(collects_for(&futile, TER_MIB(8), 0));
}

/* Small objects come and go; in between something is wanted that never fits, and done without. */
static void a_large_request_that_is_never_served(void **state)
{
    struct ter_futile futile = {0};
    unsigned for_large = 0, rounds = 4000;

    (void)state;
    for (unsigned i = 0; i < rounds; i++) {
        size_t allocated = TER_KIB(100);

        while (collects_for(&futile, TER_MIB(12), allocated)) {
            for_large++;
            allocated = 0;
        }
        /* Who needs little gets it: each collection for it is worth it. */
        assert_true(collects(&futile, allocated));
    }
    /* A series for each 12 MiB that were allocated. */
    assert_true(for_large <= (rounds * TER_KIB(100) / TER_MIB(12) + 1) * 20);
}

/* Where it is served now and then it is none that never is. */
static void a_large_request_that_is_served(void **state)
{
    struct ter_futile futile = {0};

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(collects_for(&futile, TER_MIB(2), TER_KIB(10)));
        /* It fits; then small ones have collections of their own, which count for it too. */
        assert_true(collects(&futile, TER_MIB(2)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_units_are_right),
        cmocka_unit_test(room_is_clamped),
        cmocka_unit_test(room_rises_with_what_it_is_for),
        cmocka_unit_test(rates_fade),
        cmocka_unit_test(what_fits_is_as_desired),
        cmocka_unit_test(shares_are_by_weight),
        cmocka_unit_test(too_little_for_the_bases),
        cmocka_unit_test(no_more_is_divided_than_there_is),
        cmocka_unit_test(half_of_the_time),
        cmocka_unit_test(a_request_gives_up),
        cmocka_unit_test(collections_that_free_little),
        cmocka_unit_test(who_asks_again_and_again),
        cmocka_unit_test(sizes_do_not_share_their_failures),
        cmocka_unit_test(a_large_request_that_is_never_served),
        cmocka_unit_test(a_large_request_that_is_served),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
