/* SPDX-License-Identifier: MIT */
/*
 * Objects freed by hand, by threads that did not make them, while others collect, fork, join the
 * heap and leave it. Every object is filled with a number of its own, which is compared when it is
 * freed: two that share memory show, and so does one that a sweep took.
 */
#include "heap/heap.h"

#include <terrier/terrier.h>

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "small_heap.h"
#include "support.h"

#define SLOTS 512u
#define TRADERS 3u

struct market {
    struct ter_heap *heap;
    atomic_uint wrong;
    atomic_bool end;
    uint64_t rounds;
    uint64_t seed;
};

/* Roots, and what the threads exchange. */
static void *_Atomic slots[SLOTS];

static void open_market(struct market *market, const char *text)
{
    struct ter_options options;

    *market = (struct market){.seed = 1};
    memset(slots, 0, sizeof slots);
    ter_options_init(&options);
    test_parse_options(&options, text);
    assert_int_equal(ter_heap_new(&options, &market->heap), TER_OK);
    assert_int_equal(ter_roots_add_range(market->heap, slots, slots + SLOTS), TER_OK);
}

static struct ter_mutator *join(struct market *market)
{
    struct ter_mutator *mutator = NULL;

    market->wrong += ter_mutator_bind(market->heap, &mutator) != TER_OK;
    return mutator;
}

/* ---- Objects ---- */

static bool is_filled(const unsigned char *object, size_t from, size_t bytes, unsigned char fill)
{
    for (size_t i = from; i < bytes; i++)
        if (object[i] != fill)
            return false;
    return true;
}

/* The first two words say how long it is and with what it is filled. */
static bool is_whole(const void *object)
{
    const size_t *words = object;

    return is_filled(object, 2 * sizeof *words, words[0], (unsigned char)words[1]);
}

static TER_NOINLINE void *make_object(struct market *market, struct ter_mutator *mutator,
                                      struct ter_random *random)
{
    unsigned kind = (unsigned)test_below(random, 4);
    size_t bytes = 2 * sizeof(size_t) + test_below(random, 50) * (1 + test_below(random, 6));
    size_t *object = ter_allocate(mutator, kind, bytes);
    bool zeroed = kind == TER_KIND_NORMAL || kind == TER_KIND_UNCOLLECTABLE;

    if (object == NULL || (zeroed && !is_filled((unsigned char *)object, 0, bytes, 0))) {
        market->wrong++;
        return NULL;
    }
    object[0] = bytes;
    object[1] = 1 + test_below(random, 255);
    memset(object + 2, (int)object[1], bytes - 2 * sizeof *object);
    return object;
}

static TER_NOINLINE void trade(struct market *market, struct ter_mutator *mutator,
                               struct ter_random *random, uint64_t rounds)
{
    for (; rounds > 0; rounds--) {
        void *made = make_object(market, mutator, random);
        void *old = atomic_exchange(&slots[test_below(random, SLOTS)], made);

        if (old == NULL)
            continue;
        market->wrong += !is_whole(old);
        ter_free(mutator, old);
    }
}

/* ---- Threads ---- */

static void *run_trader(void *argument)
{
    struct market *market = argument;
    struct ter_mutator *mutator = join(market);
    struct ter_random random = {.state = (uintptr_t)&random + market->seed};

    trade(market, mutator, &random, market->rounds);
    ter_mutator_unbind(mutator);
    return NULL;
}

static void *run_guests(void *argument)
{
    struct market *market = argument;
    struct ter_random random = {.state = market->seed};

    while (!market->end) {
        struct ter_mutator *mutator = join(market);

        trade(market, mutator, &random, test_below(&random, 50));
        ter_mutator_unbind(mutator);
    }
    return NULL;
}

static void *run_collector(void *argument)
{
    struct market *market = argument;
    struct ter_mutator *mutator = join(market);

    while (!market->end) {
        ter_collect(mutator);
        usleep(200);
    }
    ter_mutator_unbind(mutator);
    return NULL;
}

/* Trades on alone; what a lost thread was at may be gone, but what is in a slot is whole. */
static void live_as_child(struct market *market, struct ter_mutator *mutator)
{
    struct ter_random random = {.state = market->seed};

    market->wrong = 0;
    trade(market, mutator, &random, 2000);
    ter_collect(mutator);
    trade(market, mutator, &random, 2000);
    for (size_t i = 0; i < SLOTS; i++)
        market->wrong += slots[i] != NULL && !is_whole(slots[i]);
    _exit(market->wrong == 0 ? 0 : 1);
}

static void fork_once(struct market *market, struct ter_mutator *mutator)
{
    pid_t child = fork();
    int status = -1;

    if (child == 0)
        live_as_child(market, mutator);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* ---- The end ---- */

static void check_slots(const struct market *market)
{
    for (size_t i = 0; i < SLOTS; i++) {
        uintptr_t object = (uintptr_t)slots[i];

        if (object == 0)
            continue;
        assert_int_equal(ter_heap_find(market->heap, object).bits, object);
        assert_true(is_whole(slots[i]));
    }
}

static void close_market(struct market *market, struct ter_mutator *mutator)
{
    assert_int_equal(market->wrong, 0);
    check_slots(market);
    ter_collect(mutator);
    check_slots(market);
    for (size_t i = 0; i < SLOTS; i++) {
        void *object = slots[i];

        if (object == NULL)
            continue;
        ter_free(mutator, object);
        assert_int_equal(ter_heap_find(market->heap, (uintptr_t)object).bits, 0);
    }
    ter_mutator_unbind(mutator);
    ter_heap_free(market->heap);
}

/* ---- Tests ---- */

/*
 * With one thread that marks: a child that starts another asks malloc, and AddressSanitizer's may
 * be locked for ever there by a thread that was lost in it.
 */
static void storm(const char *options)
{
    struct market market;
    struct ter_mutator *mutator;
    pthread_t threads[TRADERS + 2];

    open_market(&market, options);
    market.rounds = test_count(200000, 4000000);
    mutator = join(&market);
    for (unsigned i = 0; i < TRADERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_trader, &market), 0);
    assert_int_equal(pthread_create(&threads[TRADERS], NULL, run_guests, &market), 0);
    assert_int_equal(pthread_create(&threads[TRADERS + 1], NULL, run_collector, &market), 0);
    for (uint64_t i = test_count(40, 400); i > 0; i--)
        fork_once(&market, mutator);
    for (unsigned i = 0; i < TRADERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    market.end = true;
    for (unsigned i = TRADERS; i < TRADERS + 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    close_market(&market, mutator);
}

static void threads_free_objects_of_others(void **state)
{
    (void)state;
    storm("layout=small,markers=1");
    storm("layout=small,markers=1,sft_map=dense,stress=1000");
}

/* A second thread joins while the first, which was alone, frees and allocates. */
static void one_becomes_two(void **state)
{
    struct ter_random random = test_random();

    (void)state;
    for (uint64_t round = test_count(200, 4000); round > 0; round--) {
        struct market market;
        struct ter_mutator *mutator;
        pthread_t thread;

        open_market(&market, "layout=small");
        market.rounds = 3000;
        market.seed = round;
        mutator = join(&market);
        assert_true(mutator->alone);
        trade(&market, mutator, &random, 1000);
        assert_int_equal(pthread_create(&thread, NULL, run_trader, &market), 0);
        while (__atomic_load_n(&mutator->alone, __ATOMIC_RELAXED))
            trade(&market, mutator, &random, 20);
        trade(&market, mutator, &random, 3000);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_false(mutator->alone);
        close_market(&market, mutator);
    }
}

/* A thread that is not bound collects, while the only one that is frees and allocates. */
static void *collect_from_outside(void *argument)
{
    struct market *market = argument;
    struct ter_collector *collector = &market->heap->collector;

    while (!market->end) {
        ter_allocator_lock(&collector->allocator);
        ter_collector_collect(collector, TER_REASON_REQUEST);
        ter_allocator_unlock(&collector->allocator);
        usleep(100);
    }
    return NULL;
}

static void alone_while_others_collect(void **state)
{
    struct ter_random random = test_random();
    struct market market;
    struct ter_mutator *mutator;
    pthread_t thread;

    (void)state;
    open_market(&market, "layout=small");
    mutator = join(&market);
    assert_int_equal(pthread_create(&thread, NULL, collect_from_outside, &market), 0);
    trade(&market, mutator, &random, test_count(1000000, 20000000));
    assert_true(mutator->alone);
    market.end = true;
    assert_int_equal(pthread_join(thread, NULL), 0);
    close_market(&market, mutator);
}

struct victim {
    struct ter_mutator *mutator;
    void *object;
};

static void free_again(void *context)
{
    struct victim *victim = context;

    ter_free(victim->mutator, victim->object);
}

static void freeing_twice_dies(void **state)
{
    struct market market;
    struct victim victim;
    pthread_t thread;

    (void)state;
    open_market(&market, "layout=small");
    victim.mutator = join(&market);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned kind = 0; kind < 4; kind++) {
            victim.object = ter_allocate(victim.mutator, kind, 40);
            ter_free(victim.mutator, victim.object);
            test_dies(free_again, &victim, "is no object");
            victim.object = (char *)ter_allocate(victim.mutator, kind, 40) + 16;
            test_dies(free_again, &victim, "is no object");
        }
        assert_int_equal(victim.mutator->alone, round == 0);
        assert_int_equal(pthread_create(&thread, NULL, run_trader, &market), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    ter_mutator_unbind(victim.mutator);
    ter_heap_free(market.heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_free_objects_of_others),
        cmocka_unit_test(one_becomes_two),
        cmocka_unit_test(alone_while_others_collect),
        cmocka_unit_test(freeing_twice_dies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
