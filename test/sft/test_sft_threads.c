/* SPDX-License-Identifier: MIT */
/*
 * Maps with readers at work: while one thread claims and releases and another adds spaces, whoever
 * looks up gets EMPTY or a space that may own the region, its record and its metadata filled in.
 *
 * A block of four regions has a stripe, and only the spaces whose number has the same stripe claim
 * there. A record is written before its space's first claim and never again, a word of metadata
 * before the first claim of its region; so ThreadSanitizer sees a read that nothing orders.
 */
#include "maps.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#define READERS 8u
#define STRIPES 8u
#define BLOCK 4u
#define REGIONS 64u
#define UPDATED 16u /* spaces of the updater; the creator adds the others */

struct watch {
    struct ter_sft sft;
    uintptr_t number;
    uintptr_t complement;
    uintptr_t *metadata; /* of REGIONS words */
};

struct guarded {
    struct ter_sft_map map;
    uint64_t seed;
    uint64_t operations;
    struct watch *watches[TER_SFT_MAX_SPACES + 1];
    unsigned changes; /* counted by the tracer, under the map's lock only */
    _Atomic bool stop, stopped;
    _Atomic unsigned wrong;
    _Atomic uint64_t empty, owned; /* answers */
};

static unsigned stripe_of(uintptr_t region)
{
    return (unsigned)(region / BLOCK % STRIPES);
}

static uintptr_t address_of(const struct guarded *guarded, uintptr_t region)
{
    return MAP_BASE + (region << guarded->map.log_region_bytes);
}

static uintptr_t metadata_for(uintptr_t number, uintptr_t region)
{
    return number * 7919 + region + 1;
}

/* No assertion here: only the main thread may end a test. */
static void expect(struct guarded *guarded, bool condition, const char *what)
{
    if (!condition && atomic_fetch_add(&guarded->wrong, 1) < 5)
        fprintf(stderr, "not so: %s\n", what);
}

#define EXPECT(guarded, condition) expect(guarded, condition, #condition)

/* A function of the space's own, which reads its record. */
static bool watch_is_in_space(const struct ter_sft *space, uintptr_t word)
{
    const struct watch *watch = (const struct watch *)(const void *)space;

    return word != 0 && watch->number == ~watch->complement;
}

static void make_guarded(struct guarded *guarded, enum ter_sft_map_kind kind)
{
    struct ter_sft_map_options options = map_forms[kind];

    memset(guarded, 0, sizeof *guarded);
    options.record_bytes = sizeof(struct watch);
    if (kind != TER_SFT_DENSE_MAP)
        options.bytes *= REGIONS / MAP_REGIONS;
    guarded->seed = test_random().state;
    assert_int_equal(ter_sft_map_create(&guarded->map, &options), TER_OK);
}

static void free_guarded(struct guarded *guarded)
{
    for (unsigned i = 1; i <= TER_SFT_MAX_SPACES && guarded->watches[i] != NULL; i++)
        free(guarded->watches[i]->metadata);
    ter_sft_map_destroy(&guarded->map);
}

/* Adds space `number`, whose record is complete when this returns. */
static struct watch *add_watch(struct guarded *guarded, unsigned number)
{
    const struct ter_sft functions = {.kind = (enum ter_space_kind)(TER_SPACE_OTHER + number),
                                      .name = map_space_name(number),
                                      .is_in_space = watch_is_in_space};
    struct watch *watch;
    struct ter_sft *space = NULL;

    EXPECT(guarded, ter_sft_map_add_space(&guarded->map, &functions, &space) == TER_OK);
    watch = (struct watch *)(void *)space;
    watch->number = number;
    watch->complement = ~(uintptr_t)number;
    watch->metadata = calloc(REGIONS, sizeof *watch->metadata);
    EXPECT(guarded, watch->metadata != NULL);
    guarded->watches[number] = watch;
    return watch;
}

/* ---- Readers ---- */

/* Looks a word of the region up and asks whoever answers. May run in a signal handler. */
static void check_region(struct guarded *guarded, uintptr_t region, uintptr_t offset)
{
    uintptr_t word = address_of(guarded, region) + offset;
    const struct ter_sft *space = ter_sft_map_get(&guarded->map, word);
    const struct watch *watch = (const struct watch *)(const void *)space;

    if (space == ter_sft_map_empty(&guarded->map)) {
        atomic_fetch_add_explicit(&guarded->empty, 1, memory_order_relaxed);
        return;
    }
    EXPECT(guarded, watch->number >= 1 && watch->number <= TER_SFT_MAX_SPACES);
    EXPECT(guarded, watch->number % STRIPES == stripe_of(region));
    EXPECT(guarded, space->kind == TER_SPACE_OTHER + watch->number);
    EXPECT(guarded, space->name != NULL && space->name[0] == 's');
    EXPECT(guarded, space->is_in_space(space, word));
    EXPECT(guarded, !space->is_live(space, ter_object_at(word)));
    EXPECT(guarded, watch->metadata[region] == metadata_for(watch->number, region));
    atomic_fetch_add_explicit(&guarded->owned, 1, memory_order_relaxed);
}

static void *read_constantly(void *context)
{
    struct guarded *guarded = context;
    struct ter_random random = {guarded->seed ^ (uintptr_t)&random};
    const struct ter_sft *empty = ter_sft_map_empty(&guarded->map);
    uintptr_t region_bytes = (uintptr_t)1 << guarded->map.log_region_bytes;

    while (!atomic_load_explicit(&guarded->stop, memory_order_relaxed)) {
        check_region(guarded, test_below(&random, REGIONS), test_below(&random, region_bytes));
        EXPECT(guarded, ter_sft_map_get(&guarded->map, MAP_BASE - 1) == empty);
        EXPECT(guarded, ter_sft_map_get(&guarded->map, address_of(guarded, REGIONS)) == empty);
        EXPECT(guarded, ter_sft_map_get(&guarded->map, UINTPTR_MAX) == empty);
    }
    return NULL;
}

/* ---- Changes ---- */

static void write_metadata(struct watch *watch, uintptr_t first, uintptr_t count)
{
    for (uintptr_t region = first; region < first + count; region++)
        if (watch->metadata[region] == 0)
            watch->metadata[region] = metadata_for(watch->number, region);
}

/* Claims some regions of a block of the watch's stripe; what it then has, nobody takes away. */
static void change_watch(struct guarded *guarded, struct watch *watch, struct ter_random *random)
{
    uintptr_t blocks = REGIONS / BLOCK / STRIPES;
    uintptr_t block = test_below(random, blocks) * STRIPES + watch->number % STRIPES;
    uintptr_t first = block * BLOCK + test_below(random, BLOCK);
    uintptr_t count = 1 + test_below(random, (block + 1) * BLOCK - first);
    uintptr_t start = address_of(guarded, first);
    uintptr_t bytes = count << guarded->map.log_region_bytes;
    struct ter_sft_conflict conflict = {NULL, NULL, 0};
    ter_status status;

    write_metadata(watch, first, count);
    status = ter_sft_map_claim(&guarded->map, &watch->sft, start, bytes, &conflict);
    if (status != TER_OK) {
        EXPECT(guarded, status == TER_ERROR_OWNED);
        EXPECT(guarded, conflict.claimant == &watch->sft && conflict.owner != &watch->sft);
        EXPECT(guarded, !ter_sft_is_empty(conflict.owner));
        EXPECT(guarded, conflict.start >= start && conflict.start < start + bytes);
        return;
    }
    for (uintptr_t region = first; region < first + count; region++)
        EXPECT(guarded, ter_sft_map_get(&guarded->map, address_of(guarded, region)) == &watch->sft);
    if (test_below(random, 4) != 0)
        EXPECT(guarded,
               ter_sft_map_release(&guarded->map, &watch->sft, start, bytes, NULL) == TER_OK);
}

static void *update(void *context)
{
    struct guarded *guarded = context;
    struct ter_random random = {guarded->seed + 1};

    for (uint64_t i = 0; i < guarded->operations; i++)
        change_watch(guarded, guarded->watches[1 + test_below(&random, UPDATED)], &random);
    return NULL;
}

/* What a space has at last goes back, so that those that come later find room. */
static void *create(void *context)
{
    struct guarded *guarded = context;
    struct ter_random random = {guarded->seed + 2};

    for (unsigned number = UPDATED + 1; number <= TER_SFT_MAX_SPACES; number++) {
        struct watch *watch = add_watch(guarded, number);

        for (uint64_t i = 0; i <= guarded->operations / TER_SFT_MAX_SPACES; i++)
            change_watch(guarded, watch, &random);
        for (uintptr_t region = 0; number % 16 != 0 && region < REGIONS; region += BLOCK)
            if (stripe_of(region) == number % STRIPES)
                for (uintptr_t k = 0; k < BLOCK; k++)
                    ter_sft_map_release(&guarded->map, &watch->sft, address_of(guarded, region + k),
                                        1, NULL);
    }
    return NULL;
}

static void count_change(void *context, const struct ter_sft_change *change)
{
    struct guarded *guarded = context;

    EXPECT(guarded, !ter_sft_is_empty(change->space));
    guarded->changes++;
}

/* ---- Readers, an updater and a creator ---- */

static void start(pthread_t *thread, void *(*body)(void *), void *context)
{
    assert_int_equal(pthread_create(thread, NULL, body, context), 0);
}

static void check_visit(void *context, const struct ter_sft *space, uintptr_t first, uintptr_t last)
{
    struct guarded *guarded = context;
    uintptr_t region_bytes = (uintptr_t)1 << guarded->map.log_region_bytes;

    EXPECT(guarded, first < last && (first - MAP_BASE) % region_bytes == 0);
    for (; first < last; first += region_bytes)
        EXPECT(guarded, ter_sft_map_get(&guarded->map, first) == space);
}

static void run_readers(enum ter_sft_map_kind kind)
{
    static struct guarded guarded;
    const struct ter_sft functions = {.kind = TER_SPACE_OTHER, .name = "too many"};
    struct ter_sft *none = NULL;
    pthread_t readers[READERS], updater, creator;

    make_guarded(&guarded, kind);
    guarded.operations = test_count(1000000, 5000000);
    /* Not too few where this test matters most. */
    if (guarded.operations < 40000)
        guarded.operations = 40000;
    for (unsigned i = 1; i <= UPDATED; i++)
        add_watch(&guarded, i);
    ter_sft_map_trace(&guarded.map, count_change, &guarded);
    for (unsigned i = 0; i < READERS; i++)
        start(&readers[i], read_constantly, &guarded);
    start(&updater, update, &guarded);
    start(&creator, create, &guarded);
    for (unsigned i = 0; i < 100; i++)
        ter_sft_map_for_each_run(&guarded.map, check_visit, &guarded);
    pthread_join(updater, NULL);
    pthread_join(creator, NULL);
    while (atomic_load(&guarded.empty) == 0 || atomic_load(&guarded.owned) == 0)
        sched_yield();
    atomic_store(&guarded.stop, true);
    for (unsigned i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    assert_int_equal(guarded.wrong, 0);
    assert_int_equal(ter_sft_map_add_space(&guarded.map, &functions, &none), TER_ERROR_FULL);
    assert_true(guarded.changes >= guarded.operations + TER_SFT_MAX_SPACES - UPDATED);
    free_guarded(&guarded);
}

static void readers_of_a_space_map(void **state)
{
    (void)state;
    run_readers(TER_SFT_SPACE_MAP);
}

/* The seed loads the index relaxed: its reader may see a number before the record of that number.
 */
static void regression_seed_index_loaded_relaxed_in_a_dense_map(void **state)
{
    (void)state;
    run_readers(TER_SFT_DENSE_MAP);
}

static void readers_of_a_sparse_map(void **state)
{
    (void)state;
    run_readers(TER_SFT_SPARSE_MAP);
}

/* ---- Claimers of the same regions ---- */

#define FIGHTERS 8u
#define PRIZES 3u

struct fight {
    struct guarded guarded;
    pthread_barrier_t barrier;
    uint64_t rounds;
    _Atomic unsigned next;
    /* Of this round, by fighter; written between barriers. */
    uintptr_t first[FIGHTERS];
    ter_status status[FIGHTERS];
    struct ter_sft_conflict conflict[FIGHTERS];
    unsigned winners;
};

static void judge_winner(struct fight *fight, unsigned i)
{
    for (uintptr_t k = 0; k < PRIZES; k++)
        EXPECT(&fight->guarded, ter_sft_map_get(&fight->guarded.map,
                                                address_of(&fight->guarded, fight->first[i] + k)) ==
                                    &fight->guarded.watches[i + 1]->sft);
    fight->winners++;
}

/* A loser was told of one who won, and owns nothing of what it wanted. */
static void judge_loser(struct fight *fight, unsigned i)
{
    const struct ter_sft *self = &fight->guarded.watches[i + 1]->sft;
    const struct ter_sft_conflict *conflict = &fight->conflict[i];
    bool told = false;

    EXPECT(&fight->guarded, fight->status[i] == TER_ERROR_OWNED && conflict->claimant == self);
    for (unsigned k = 0; k < FIGHTERS; k++)
        told |= fight->status[k] == TER_OK &&
                conflict->owner == &fight->guarded.watches[k + 1]->sft &&
                ter_sft_map_get(&fight->guarded.map, conflict->start) == conflict->owner;
    EXPECT(&fight->guarded, told);
    for (uintptr_t k = 0; k < 2 * PRIZES; k++)
        EXPECT(&fight->guarded,
               ter_sft_map_get(&fight->guarded.map, address_of(&fight->guarded, k)) != self);
}

static void judge(struct fight *fight, bool same)
{
    fight->winners = 0;
    for (unsigned i = 0; i < FIGHTERS; i++)
        if (fight->status[i] == TER_OK)
            judge_winner(fight, i);
        else
            judge_loser(fight, i);
    EXPECT(&fight->guarded, fight->winners >= 1);
    EXPECT(&fight->guarded, !same || fight->winners == 1);
}

/* In even rounds all want the same regions, in odd ones regions that overlap. */
static void *fight_for_regions(void *context)
{
    struct fight *fight = context;
    unsigned self = atomic_fetch_add(&fight->next, 1);
    const struct ter_sft *space = &fight->guarded.watches[self + 1]->sft;
    const uintptr_t bytes = (uintptr_t)PRIZES << fight->guarded.map.log_region_bytes;

    for (uint64_t round = 0; round < fight->rounds; round++) {
        uintptr_t first = round % 2 == 0 ? 1 : (self + round / 2) % (PRIZES + 1);
        uintptr_t at = address_of(&fight->guarded, first);

        fight->first[self] = first;
        pthread_barrier_wait(&fight->barrier);
        fight->status[self] =
            ter_sft_map_claim(&fight->guarded.map, space, at, bytes, &fight->conflict[self]);
        pthread_barrier_wait(&fight->barrier);
        if (self == round % FIGHTERS)
            judge(fight, round % 2 == 0);
        pthread_barrier_wait(&fight->barrier);
        if (fight->status[self] == TER_OK)
            ter_sft_map_release(&fight->guarded.map, space, at, bytes, NULL);
        pthread_barrier_wait(&fight->barrier);
    }
    return NULL;
}

static void exactly_one_claimer_wins(void **state)
{
    static struct fight fight;

    (void)state;
    for (unsigned kind = 0; kind < MAP_FORMS; kind++) {
        pthread_t threads[FIGHTERS];

        memset(&fight, 0, sizeof fight);
        make_guarded(&fight.guarded, (enum ter_sft_map_kind)kind);
        fight.rounds = test_count(3000, 30000);
        assert_int_equal(pthread_barrier_init(&fight.barrier, NULL, FIGHTERS), 0);
        for (unsigned i = 1; i <= FIGHTERS; i++)
            add_watch(&fight.guarded, i);
        for (unsigned i = 0; i < FIGHTERS; i++)
            start(&threads[i], fight_for_regions, &fight);
        for (unsigned i = 0; i < FIGHTERS; i++)
            pthread_join(threads[i], NULL);
        pthread_barrier_destroy(&fight.barrier);
        assert_int_equal(fight.guarded.wrong, 0);
        free_guarded(&fight.guarded);
    }
}

/* ---- Signal handlers, and the lock held ---- */

static struct guarded *signalled;
static _Atomic unsigned signals;

static void look_up_in_handler(int number)
{
    (void)number;
    for (uintptr_t region = 0; region < REGIONS; region++)
        check_region(signalled, region, 5 * region);
    atomic_fetch_add(&signals, 1);
}

struct pinger {
    pthread_t target;
    _Atomic bool stop;
};

static void *ping(void *context)
{
    struct pinger *pinger = context;

    while (!atomic_load(&pinger->stop)) {
        pthread_kill(pinger->target, SIGUSR1);
        usleep(100);
    }
    return NULL;
}

static void handle_signals(struct guarded *guarded, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    signalled = guarded;
    atomic_store(&signals, 0);
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
}

/* The thread that changes the map is interrupted anywhere, its lock held or not. */
static void lookups_in_a_signal_handler(void **state)
{
    static struct guarded guarded;

    (void)state;
    for (unsigned kind = 0; kind < MAP_FORMS; kind++) {
        struct pinger pinger = {pthread_self(), false};
        pthread_t thread;

        make_guarded(&guarded, (enum ter_sft_map_kind)kind);
        guarded.operations = test_count(200000, 1000000);
        for (unsigned i = 1; i <= UPDATED; i++)
            add_watch(&guarded, i);
        handle_signals(&guarded, look_up_in_handler);
        start(&thread, ping, &pinger);
        do
            update(&guarded);
        while (atomic_load(&signals) < 20);
        atomic_store(&pinger.stop, true);
        pthread_join(thread, NULL);
        handle_signals(NULL, SIG_IGN);
        assert_int_equal(guarded.wrong, 0);
        free_guarded(&guarded);
    }
}

static void *look_up_once(void *context)
{
    check_region(context, 3, 0);
    return NULL;
}

/* Called with the map's lock held: neither this thread's handler nor another thread waits for it.
 */
static void look_up_under_the_lock(void *context, const struct ter_sft_change *change)
{
    struct guarded *guarded = context;
    pthread_t thread;

    (void)change;
    raise(SIGUSR1);
    EXPECT(guarded, pthread_create(&thread, NULL, look_up_once, guarded) == 0);
    EXPECT(guarded, pthread_join(thread, NULL) == 0);
    guarded->changes++;
}

static void lookups_take_no_lock(void **state)
{
    static struct guarded guarded;

    (void)state;
    for (unsigned kind = 0; kind < MAP_FORMS; kind++) {
        struct ter_random random = {kind};

        make_guarded(&guarded, (enum ter_sft_map_kind)kind);
        add_watch(&guarded, 1);
        handle_signals(&guarded, look_up_in_handler);
        ter_sft_map_trace(&guarded.map, look_up_under_the_lock, &guarded);
        for (unsigned i = 0; i < 20; i++)
            change_watch(&guarded, guarded.watches[1], &random);
        assert_true(guarded.changes >= 20);
        assert_int_equal(atomic_load(&signals), guarded.changes);
        handle_signals(NULL, SIG_IGN);
        assert_int_equal(guarded.wrong, 0);
        free_guarded(&guarded);
    }
}

/* ---- Changes wait for who looks at the map ---- */

struct waiter {
    struct guarded guarded;
    pthread_t thread;
    _Atomic bool begun, done;
    unsigned visits;
};

static void *claim_one(void *context)
{
    struct waiter *waiter = context;

    atomic_store(&waiter->begun, true);
    ter_sft_map_claim(&waiter->guarded.map, &waiter->guarded.watches[2]->sft,
                      address_of(&waiter->guarded, 40), 1, NULL);
    atomic_store(&waiter->done, true);
    return NULL;
}

static void visit_slowly(void *context, const struct ter_sft *space, uintptr_t first,
                         uintptr_t last)
{
    struct waiter *waiter = context;

    (void)first, (void)last;
    EXPECT(&waiter->guarded, space == &waiter->guarded.watches[1]->sft);
    if (waiter->visits++ == 0) {
        EXPECT(&waiter->guarded, pthread_create(&waiter->thread, NULL, claim_one, waiter) == 0);
        while (!atomic_load(&waiter->begun))
            sched_yield();
        usleep(5000);
    }
    EXPECT(&waiter->guarded, !atomic_load(&waiter->done));
}

static void changes_wait_for_a_visitor(void **state)
{
    static struct waiter waiter;

    (void)state;
    for (unsigned kind = 0; kind < MAP_FORMS; kind++) {
        memset(&waiter, 0, sizeof waiter);
        make_guarded(&waiter.guarded, (enum ter_sft_map_kind)kind);
        add_watch(&waiter.guarded, 1);
        add_watch(&waiter.guarded, 2);
        for (uintptr_t region = 0; region < 4; region += 2)
            assert_int_equal(ter_sft_map_claim(&waiter.guarded.map, &waiter.guarded.watches[1]->sft,
                                               address_of(&waiter.guarded, region), 1, NULL),
                             TER_OK);
        ter_sft_map_for_each_run(&waiter.guarded.map, visit_slowly, &waiter);
        pthread_join(waiter.thread, NULL);
        assert_int_equal(waiter.visits, 2);
        assert_true(waiter.done);
        assert_int_equal(map_ask(&waiter.guarded.map, address_of(&waiter.guarded, 40)), 2);
        assert_int_equal(waiter.guarded.wrong, 0);
        free_guarded(&waiter.guarded);
    }
}

/* ---- Forks ---- */

static void look_up_in_child(void *context)
{
    struct guarded *guarded = context;

    for (unsigned i = 0; i < 100; i++)
        for (uintptr_t region = 0; region < REGIONS; region++)
            check_region(guarded, region, i);
    _exit(atomic_load(&guarded->wrong) == 0 ? 0 : 1);
}

static void change_in_child(void *context)
{
    struct guarded *guarded = context;
    struct ter_random random = {1};

    for (unsigned i = 0; i < 1000; i++)
        change_watch(guarded, guarded->watches[1 + i % UPDATED], &random);
    add_watch(guarded, UPDATED + 1);
    look_up_in_child(context);
}

static void expect_good_child(test_body *body, struct guarded *guarded)
{
    struct test_end end;

    test_in_child(body, guarded, &end);
    if (end.signal != 0 || end.code != 0)
        print_error("%s\n", end.text);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
}

static void *update_until_stopped(void *context)
{
    struct guarded *guarded = context;

    do
        update(guarded);
    while (!atomic_load(&guarded->stop));
    atomic_store(&guarded->stopped, true);
    return NULL;
}

/*
 * Lookups go on in every child, changes in those that were made between changes. The thread is
 * detached: in a child nobody could join it, and ThreadSanitizer would say so.
 */
static void children_of_forks(void **state)
{
    static struct guarded guarded;

    (void)state;
    for (unsigned kind = 0; kind < MAP_FORMS; kind++) {
        pthread_t updater;

        make_guarded(&guarded, (enum ter_sft_map_kind)kind);
        guarded.operations = 1000;
        for (unsigned i = 1; i <= UPDATED; i++)
            add_watch(&guarded, i);
        start(&updater, update_until_stopped, &guarded);
        pthread_detach(updater);
        for (unsigned i = 0; i < 5; i++)
            expect_good_child(look_up_in_child, &guarded);
        atomic_store(&guarded.stop, true);
        while (!atomic_load(&guarded.stopped))
            sched_yield();
        expect_good_child(change_in_child, &guarded);
        assert_int_equal(guarded.wrong, 0);
        free_guarded(&guarded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readers_of_a_space_map),
        cmocka_unit_test(regression_seed_index_loaded_relaxed_in_a_dense_map),
        cmocka_unit_test(readers_of_a_sparse_map),
        cmocka_unit_test(exactly_one_claimer_wins),
        cmocka_unit_test(lookups_in_a_signal_handler),
        cmocka_unit_test(lookups_take_no_lock),
        cmocka_unit_test(changes_wait_for_a_visitor),
        cmocka_unit_test(children_of_forks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
