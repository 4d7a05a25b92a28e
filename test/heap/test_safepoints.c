/* SPDX-License-Identifier: MIT */
/*
 * Threads that stop at safepoints: many that poll and allocate, ones that wait outside, ones that
 * hand their mutators on, end, fork, or come to no safepoint. With exact and with scanned stacks,
 * under every plan that collects.
 */
#define _GNU_SOURCE
#include <terrier/terrier.h>

#include "heap/heap.h"
#include "small_heap.h"
#include "support.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, LENGTH = 40, HOLDERS = 64 };

struct pair {
    struct pair *next;
    uintptr_t number;
};

struct test {
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    unsigned kind; /* of pairs, which may move */
    _Atomic bool done;
    _Atomic unsigned ready;
};

/* A body, and the stacks of heaps that it is run with. */
struct way {
    void (*body)(struct test *test);
    const char *stacks;
};

static struct test now;

static void open_heap(const char *text)
{
    static const struct ter_object_layout layout = {.header_bytes = sizeof(struct pair),
                                                    .header = {.bitmap = 1}};
    const struct ter_kind_description pair = {.name = "pair", .layout = &layout};
    struct ter_options options;

    memset(&now, 0, sizeof now);
    ter_options_init(&options);
    assert_int_equal(ter_options_parse(&options, text, NULL, 0), TER_OK);
    assert_int_equal(ter_heap_new(&options, &now.heap), TER_OK);
    assert_int_equal(ter_mutator_bind(now.heap, &now.mutator), TER_OK);
    assert_int_equal(ter_kind_define(now.heap, &pair, &now.kind), TER_OK);
}

static void close_heap(void)
{
    ter_mutator_unbind(now.mutator);
    ter_heap_free(now.heap);
}

static void (*running)(struct test *test);

static void run_body(void)
{
    running(&now);
}

static void options_of(const struct way *way, char *text, size_t bytes)
{
    snprintf(text, bytes, "stop=safepoints,barriers=1,stacks=%s", way->stacks);
}

static void under_each_plan(void **state)
{
    const struct way *way = *state;
    char text[80];

    options_of(way, text, sizeof text);
    running = way->body;
    small_heap_try_plans(test_plan_collects, text, open_heap, run_body, close_heap);
}

static void under_one_plan(void **state)
{
    const struct way *way = *state;
    char text[80];

    options_of(way, text, sizeof text);
    open_heap(text);
    way->body(&now);
    close_heap();
}

static size_t count_mutators(const struct test *test)
{
    size_t count = 0;

    for (const struct ter_mutator *m = test->heap->collector.allocator.mutators; m != NULL;
         m = m->next)
        count++;
    return count;
}

/* Pushes a pair before the list in `slot`, which is a root. */
static void push(struct ter_mutator *mutator, void **slot, uintptr_t number)
{
    struct pair *pair = TER_NEW(mutator, now.kind, struct pair);

    assert_non_null(pair);
    pair->next = *slot;
    pair->number = number;
    *slot = pair;
}

static void check_list(const void *head, unsigned length)
{
    const struct pair *pair = head;

    for (unsigned i = length; i-- > 0; pair = pair->next) {
        assert_non_null(pair);
        assert_int_equal(pair->number, i);
    }
    assert_null(pair);
}

static void build_and_check(struct ter_mutator *mutator)
{
    TER_FRAME(mutator, frame, 1);
    for (unsigned i = 0; i < LENGTH; i++) {
        push(mutator, &frame.slots[0], i);
        ter_poll(mutator);
    }
    check_list(frame.slots[0], LENGTH);
    TER_FRAME_END(mutator, frame);
}

static pthread_t start(void *(*function)(void *context), void *context)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, function, context), 0);
    return thread;
}

/* Another thread is waited for outside. */
static void join(struct test *test, pthread_t thread)
{
    ter_mutator_leave(test->mutator);
    assert_int_equal(pthread_join(thread, NULL), 0);
    ter_mutator_enter(test->mutator);
}

static struct ter_mutator *bind(struct test *test)
{
    struct ter_mutator *mutator;

    assert_int_equal(ter_mutator_bind(test->heap, &mutator), TER_OK);
    return mutator;
}

/* ---- Many threads ---- */

static void *work(void *context)
{
    struct test *test = context;
    struct ter_mutator *mutator = bind(test);
    uint64_t rounds = 1 + test_count(16, 400);

    for (uint64_t i = 0; i < rounds; i++) {
        build_and_check(mutator);
        if (i % 8 == 0)
            i == 0 ? ter_collect(mutator) : ter_collect_young(mutator);
    }
    ter_mutator_unbind(mutator);
    return NULL;
}

static void test_many_threads_collect(struct test *test)
{
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = start(work, test);
    for (unsigned i = 0; i < 10; i++) {
        build_and_check(test->mutator);
        ter_collect(test->mutator);
    }
    for (unsigned i = 0; i < THREADS; i++)
        join(test, threads[i]);
    assert_int_equal(count_mutators(test), 1);
}

static void count_object(void *context, ter_object object, size_t bytes)
{
    (void)object, (void)bytes;
    ++*(size_t *)context;
}

static void test_a_visit_waits_for_all(struct test *test)
{
    pthread_t threads[THREADS];
    size_t count = 0;

    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = start(work, test);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(ter_heap_for_each_object(test->heap, count_object, &count), TER_OK);
    for (unsigned i = 0; i < THREADS; i++)
        join(test, threads[i]);
}

/* It polls and does nothing else: one load and one branch, until somebody waits. */
static void *only_poll(void *context)
{
    struct test *test = context;
    struct ter_mutator *mutator = bind(test);

    TER_FRAME(mutator, frame, 1);
    push(mutator, &frame.slots[0], 0);
    test->ready++;
    while (!test->done)
        ter_poll(mutator);
    check_list(frame.slots[0], 1);
    TER_FRAME_END(mutator, frame);
    ter_mutator_unbind(mutator);
    return NULL;
}

static void test_polls_let_collections_in(struct test *test)
{
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = start(only_poll, test);
    while (test->ready < THREADS)
        ter_poll(test->mutator);
    for (unsigned i = 0; i < 20; i++)
        ter_collect(test->mutator);
    test->done = true;
    for (unsigned i = 0; i < THREADS; i++)
        join(test, threads[i]);
}

/* ---- Outside ---- */

static void *stay_outside(void *context)
{
    struct test *test = context;
    struct ter_mutator *mutator = bind(test);

    TER_FRAME(mutator, frame, 1);
    for (unsigned i = 0; i < LENGTH; i++)
        push(mutator, &frame.slots[0], i);
    ter_mutator_leave(mutator);
    test->ready++;
    while (!test->done)
        ter_os_yield();
    ter_mutator_enter(mutator);
    check_list(frame.slots[0], LENGTH);
    TER_FRAME_END(mutator, frame);
    ter_mutator_unbind(mutator);
    return NULL;
}

static void test_who_is_outside_is_not_waited_for(struct test *test)
{
    pthread_t thread = start(stay_outside, test);

    while (test->ready == 0)
        ter_poll(test->mutator);
    for (unsigned i = 0; i < 20; i++)
        ter_collect(test->mutator);
    test->done = true;
    join(test, thread);
}

/* Only in the registers and the frame of the caller, where stacks are scanned. */
static TER_NOINLINE void keep_in_locals(struct test *test)
{
    struct pair *a = TER_NEW(test->mutator, test->kind, struct pair);
    struct pair *b = TER_NEW(test->mutator, test->kind, struct pair);

    a->number = 1;
    b->number = 2;
    __asm__ volatile("" : "+r"(a), "+r"(b));
    ter_mutator_leave(test->mutator);
    test->ready = 1;
    while (!test->done)
        ter_os_yield();
    __asm__ volatile("" : "+r"(a), "+r"(b));
    ter_mutator_enter(test->mutator);
    assert_int_equal(ter_heap_find(test->heap, (uintptr_t)a).bits, (uintptr_t)a);
    assert_int_equal(ter_heap_find(test->heap, (uintptr_t)b).bits, (uintptr_t)b);
    assert_int_equal(a->number + b->number, 3);
}

static void *collect_meanwhile(void *context)
{
    struct test *test = context;
    struct ter_mutator *mutator = bind(test);

    while (test->ready == 0)
        ter_poll(mutator);
    for (unsigned i = 0; i < 10; i++)
        ter_collect(mutator);
    for (unsigned i = 0; i < 1000; i++)
        (void)ter_allocate(mutator, test->kind, sizeof(struct pair));
    test->done = true;
    ter_mutator_unbind(mutator);
    return NULL;
}

static void test_registers_are_saved_when_a_thread_leaves(struct test *test)
{
    pthread_t thread = start(collect_meanwhile, test);

    keep_in_locals(test);
    join(test, thread);
}

static void enter_inside(void *context)
{
    ter_mutator_enter(((struct test *)context)->mutator);
}

static void allocate_outside(void *context)
{
    struct test *test = context;

    ter_mutator_leave(test->mutator);
    (void)ter_allocate(test->mutator, TER_KIND_NORMAL, 16);
}

static void leave_twice(void *context)
{
    struct test *test = context;

    ter_mutator_leave(test->mutator);
    ter_mutator_leave(test->mutator);
}

static void test_misuse_of_the_outside_is_told(struct test *test)
{
    test_dies(enter_inside, test, "ter_mutator_enter");
    test_dies(allocate_outside, test, "is outside the heap");
    test_dies(leave_twice, test, "ter_mutator_leave");
}

/* ---- From one thread to another ---- */

/* A frame that lies in no stack. */
struct package {
    struct test *test;
    struct ter_mutator *mutator;
    struct {
        struct ter_frame frame;
        void *slots[1];
    } roots;
    pthread_mutex_t turn;
    unsigned length;
};

static void *take_turns(void *context)
{
    struct package *package = context;
    bool more = true;

    while (more) {
        pthread_mutex_lock(&package->turn);
        assert_int_equal(ter_mutator_attach(package->mutator), TER_OK);
        assert_int_equal(ter_mutator_attach(package->mutator), TER_ERROR_INVALID);
        check_list(package->roots.slots[0], package->length);
        push(package->mutator, &package->roots.slots[0], package->length++);
        if (package->length % 8 == 0)
            ter_collect(package->mutator);
        more = package->length < 100;
        ter_mutator_detach(package->mutator);
        pthread_mutex_unlock(&package->turn);
        ter_os_yield();
    }
    return NULL;
}

static void test_a_mutator_goes_from_thread_to_thread(struct test *test)
{
    struct package package = {
        .test = test, .mutator = test->mutator, .turn = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[THREADS];

    package.roots.slots[0] = NULL;
    ter_frame_push(test->mutator, &package.roots.frame, TER_FRAME_SHAPE(1, TER_ROOT_EXACT));
    ter_mutator_detach(test->mutator);
    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = start(take_turns, &package);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(ter_mutator_attach(test->mutator), TER_OK);
    check_list(package.roots.slots[0], package.length);
    ter_frame_pop(test->mutator, &package.roots.frame);
}

static void test_collections_do_not_wait_for_a_detached_one(struct test *test)
{
    struct ter_mutator *second;

    ter_mutator_detach(test->mutator);
    second = bind(test);
    for (unsigned i = 0; i < 10; i++)
        build_and_check(second), ter_collect(second);
    assert_int_equal(ter_mutator_attach(test->mutator), TER_ERROR_INVALID);
    ter_mutator_unbind(second);
    assert_int_equal(ter_mutator_attach(test->mutator), TER_OK);
}

static void use_detached(void *context)
{
    struct test *test = context;

    ter_mutator_detach(test->mutator);
    (void)ter_allocate(test->mutator, TER_KIND_NORMAL, 16);
}

static void test_a_detached_one_cannot_be_used(struct test *test)
{
    test_dies(use_detached, test, "ter_mutator_detach");
}

/* ---- Ends ---- */

/* Each is told of once, by a line of this. */
#define END_IS_NOTED " ends while it is bound to a heap, and is unbound"

static void *end_bound(void *context)
{
    struct test *test = context;
    struct ter_mutator *mutator = bind(test);

    TER_FRAME(mutator, frame, 1);
    push(mutator, &frame.slots[0], 0);
    test->ready++;
    if (test->ready % 2 == 0)
        pthread_exit(NULL);
    return NULL;
}

static void test_a_thread_may_end_bound(struct test *test)
{
    test_log_begin();
    for (unsigned i = 0; i < 6; i++) {
        pthread_t thread = start(end_bound, test);

        ter_collect(test->mutator);
        join(test, thread);
        ter_collect(test->mutator);
    }
    assert_int_equal(test_log_end(END_IS_NOTED), 6);
    assert_int_equal(count_mutators(test), 1);
}

/* One that the collection is already waiting for. */
static void *end_while_awaited(void *context)
{
    struct test *test = context;
    struct ter_mutator *mutator = bind(test);

    test->ready = 1;
    while (__atomic_load_n(&((struct ter_mutator_head *)(void *)mutator)->poll, __ATOMIC_RELAXED) ==
           0)
        ter_os_yield();
    return NULL;
}

static void test_a_thread_ends_while_it_is_awaited(struct test *test)
{
    pthread_t thread;

    test_log_begin();
    thread = start(end_while_awaited, test);
    while (test->ready == 0)
        ter_poll(test->mutator);
    ter_collect(test->mutator);
    join(test, thread);
    assert_int_equal(test_log_end(END_IS_NOTED), 1);
    assert_int_equal(count_mutators(test), 1);
}

/* ---- No poll ---- */

static void *never_poll(void *context)
{
    struct test *test = context;
    struct ter_mutator *mutator = bind(test);

    pthread_setname_np(pthread_self(), "never-polls");
    test->ready = 1;
    for (unsigned i = 0; i < 25; i++)
        usleep(100 * 1000);
    ter_mutator_unbind(mutator);
    return NULL;
}

static void test_a_missing_poll_is_said(struct test *test)
{
    pthread_t thread;

    test_log_begin();
    thread = start(never_poll, test);
    while (test->ready == 0)
        ter_poll(test->mutator);
    ter_collect(test->mutator);
    join(test, thread);
    assert_int_equal(
        test_log_end("(never-polls) has come to no safepoint for 2 s, and all wait for "
                     "it: it needs a ter_poll, or a ter_mutator_leave before"),
        1);
}

/* ---- Fork ---- */

static void *fork_in_thread(void *context)
{
    struct test *test = context;
    struct ter_mutator *mutator = bind(test);

    for (unsigned i = 0; i < 3; i++) {
        pid_t child;
        int status = 0;

        build_and_check(mutator);
        child = fork();
        if (child == 0) {
            build_and_check(mutator);
            ter_collect(mutator);
            build_and_check(mutator);
            _exit(count_mutators(test) == 1 ? 0 : 3);
        }
        ter_mutator_leave(mutator);
        assert_int_equal(waitpid(child, &status, 0), child);
        ter_mutator_enter(mutator);
        assert_int_equal(status, 0);
    }
    ter_mutator_unbind(mutator);
    return NULL;
}

static void test_any_thread_may_fork(struct test *test)
{
    pthread_t forking = start(fork_in_thread, test), others[2];

    others[0] = start(work, test);
    others[1] = start(work, test);
    join(test, forking);
    join(test, others[0]);
    join(test, others[1]);
}

/* A mutator that no thread has is there in the child too, with its roots. */
static void test_a_detached_mutator_survives_a_fork(struct test *test)
{
    pid_t child;
    int status = 0;
    struct package package = {.test = test, .mutator = test->mutator};

    package.roots.slots[0] = NULL;
    ter_frame_push(test->mutator, &package.roots.frame, TER_FRAME_SHAPE(1, TER_ROOT_EXACT));
    push(test->mutator, &package.roots.slots[0], 0);
    ter_mutator_detach(test->mutator);
    child = fork();
    if (child == 0) {
        if (ter_mutator_attach(test->mutator) != TER_OK)
            _exit(3);
        ter_collect(test->mutator);
        check_list(package.roots.slots[0], 1);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(ter_mutator_attach(test->mutator), TER_OK);
    ter_frame_pop(test->mutator, &package.roots.frame);
}

/* A young pair for each of the old ones: what the next collection must keep. */
static void refill(const struct test *test, struct ter_mutator *mutator, void **holders,
                   uintptr_t round)
{
    for (size_t i = 0; i < HOLDERS; i++) {
        struct pair *pair = ter_allocate(mutator, test->kind, sizeof *pair), *holder = holders[i];

        assert_non_null(pair);
        pair->number = round * HOLDERS + i;
        ter_write(mutator, holder, &holder->next, pair);
        holder->next = pair;
    }
}

static void check_filled(void *const *holders, uintptr_t round)
{
    for (size_t i = 0; i < HOLDERS; i++)
        assert_int_equal(((const struct pair *)holders[i])->next->number, round * HOLDERS + i);
}

/* Both sorts of collections, with stores in between; what the last one stored is logged. */
static void collect_in_turn(const struct test *test, struct ter_mutator *mutator, void **holders,
                            uintptr_t first)
{
    for (uintptr_t round = first; round < first + 6; round++) {
        check_filled(holders, round);
        if (round % 3 == 2)
            ter_collect(mutator);
        else
            ter_collect_young(mutator);
        check_filled(holders, round);
        refill(test, mutator, holders, round + 1);
    }
}

static void fork_and_collect(const struct test *test, struct ter_mutator *mutator, void **holders,
                             uintptr_t round)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        collect_in_turn(test, mutator, holders, round);
        build_and_check(mutator);
        _exit(count_mutators(test) == 1 ? 0 : 3);
    }
    collect_in_turn(test, mutator, holders, round);
    ter_mutator_leave(mutator);
    assert_int_equal(waitpid(child, &status, 0), child);
    ter_mutator_enter(mutator);
    assert_int_equal(status, 0);
}

static void fork_and_go_on(struct test *test)
{
    struct ter_mutator *mutator = test->mutator;
    pthread_t other = start(work, test);

    TER_FRAME(mutator, frame, HOLDERS);
    for (size_t i = 0; i < HOLDERS; i++)
        frame.slots[i] = ter_allocate(mutator, test->kind, sizeof(struct pair));
    ter_collect(mutator);
    refill(test, mutator, frame.slots, 0);
    for (uintptr_t round = 0; round < 18; round += 6)
        fork_and_collect(test, mutator, frame.slots, round);
    join(test, other);
    TER_FRAME_END(mutator, frame);
}

/* Two workers in each collection. */
static void forks_with_helpers(const char *plan, const char *stacks)
{
    char text[140];

    snprintf(text, sizeof text, "stop=safepoints,stacks=%s,plan=%s,markers=2,stress=1000000000",
             stacks, plan);
    open_heap(text);
    fork_and_go_on(&now);
    close_heap();
}

/*
 * ThreadSanitizer takes a mutex that a child makes anew for a race with the parent's threads. An
 * emulator may have what it knows of the parent's threads in the way of the child's.
 */
static void test_both_go_on_under_every_plan(void **state)
{
    (void)state;
    if (TER_HAS_TSAN || test_is_emulated())
        skip();
    for (size_t i = 0; i < TER_PLAN_COUNT; i++) {
        forks_with_helpers(ter_plans[i].name, "exact");
        forks_with_helpers(ter_plans[i].name, "ambiguous");
    }
}

/* ---- A fork while others store ---- */

static void *hold_log(void *context)
{
    struct test *test = context;
    struct ter_stores *stores = &test->heap->collector.allocator.stores;

    ter_stores_hold(stores);
    test->ready = 1;
    usleep(20 * 1000);
    ter_stores_let_go(stores);
    return NULL;
}

static void *be_bound(void *context)
{
    struct test *test = context;
    struct ter_mutator *mutator = bind(test);

    test->ready = 1;
    while (!test->done)
        ter_poll(mutator);
    ter_mutator_unbind(mutator);
    return NULL;
}

static int status_of(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* The list of what is logged is nobody's in the child, whoever was at it. */
static void fork_while_the_log_is_held(struct test *test, void **holders)
{
    pthread_t other = start(hold_log, test);
    pid_t child;

    while (test->ready == 0)
        ter_os_yield();
    child = fork();
    if (child == 0) {
        alarm(60);
        refill(test, test->mutator, holders, 1);
        ter_collect_young(test->mutator);
        check_filled(holders, 1);
        _exit(0);
    }
    assert_int_equal(status_of(child), 0);
    join(test, other);
    test->ready = 0;
}

/* As if the other thread had taken the bits of these slots and logged none of them yet. */
static void take_bits(const struct test *test, void *const *holders)
{
    uintptr_t log = test->heap->collector.arena.side.tables[TER_SIDE_SLOT_LOG].bias;

    for (size_t i = 0; i < HOLDERS; i++)
        assert_true(ter_log_bit_take(log, (uintptr_t) & ((struct pair *)holders[i])->next >>
                                                            TER_LOG_BYTES_IN_SLOT));
}

static void fork_while_another_logs(struct test *test, void **holders)
{
    pthread_t other = start(be_bound, test);
    pid_t child;

    while (test->ready == 0)
        ter_poll(test->mutator);
    ter_collect(test->mutator);
    take_bits(test, holders);
    child = fork();
    if (child == 0) {
        alarm(60);
        for (uintptr_t round = 1; round < 4; round++) {
            refill(test, test->mutator, holders, round);
            ter_collect_young(test->mutator);
            check_filled(holders, round);
        }
        _exit(0);
    }
    assert_int_equal(status_of(child), 0);
    test->done = true;
    join(test, other);
}

static void forks_beside_stores(const char *plan)
{
    struct ter_mutator *mutator;
    char text[120];

    snprintf(text, sizeof text, "stop=safepoints,stacks=exact,plan=%s,heap_initial=16M", plan);
    open_heap(text);
    mutator = now.mutator;
    TER_FRAME(mutator, frame, HOLDERS);
    for (size_t i = 0; i < HOLDERS; i++)
        frame.slots[i] = ter_allocate(mutator, now.kind, sizeof(struct pair));
    ter_collect(mutator);
    fork_while_the_log_is_held(&now, frame.slots);
    fork_while_another_logs(&now, frame.slots);
    TER_FRAME_END(mutator, frame);
    close_heap();
}

static void test_no_store_is_lost_in_a_child(void **state)
{
    (void)state;
    if (TER_HAS_TSAN)
        skip();
    for (size_t i = 0; i < TER_PLAN_COUNT; i++)
        if (test_plan_has_young(ter_plans[i].plan))
            forks_beside_stores(ter_plans[i].name);
}

#define UNDER(runner, test, stacks)                                                                \
    {                                                                                              \
#test " " stacks, runner, NULL, NULL, &(struct way)                                        \
        {                                                                                          \
            test, stacks                                                                           \
        }                                                                                          \
    }
#define BOTH(test) UNDER(under_each_plan, test, "exact"), UNDER(under_each_plan, test, "ambiguous")

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_many_threads_collect),
        BOTH(test_a_visit_waits_for_all),
        BOTH(test_polls_let_collections_in),
        BOTH(test_who_is_outside_is_not_waited_for),
        UNDER(under_each_plan, test_registers_are_saved_when_a_thread_leaves, "ambiguous"),
        UNDER(under_one_plan, test_misuse_of_the_outside_is_told, "exact"),
        UNDER(under_one_plan, test_misuse_of_the_outside_is_told, "ambiguous"),
        BOTH(test_a_mutator_goes_from_thread_to_thread),
        BOTH(test_collections_do_not_wait_for_a_detached_one),
        UNDER(under_one_plan, test_a_detached_one_cannot_be_used, "exact"),
        UNDER(under_one_plan, test_a_detached_one_cannot_be_used, "ambiguous"),
        BOTH(test_a_thread_may_end_bound),
        BOTH(test_a_thread_ends_while_it_is_awaited),
        UNDER(under_one_plan, test_a_missing_poll_is_said, "exact"),
        BOTH(test_any_thread_may_fork),
        BOTH(test_a_detached_mutator_survives_a_fork),
        cmocka_unit_test(test_both_go_on_under_every_plan),
        cmocka_unit_test(test_no_store_is_lost_in_a_child),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
