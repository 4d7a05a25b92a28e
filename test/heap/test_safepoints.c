/* SPDX-License-Identifier: MIT */
/*
 * Threads that stop at safepoints: many that poll and allocate, ones that wait outside, ones that
 * hand their mutators on, end, fork, or come to no safepoint. With exact and with scanned stacks.
 */
#define _GNU_SOURCE
#include <terrier/terrier.h>

#include "heap/heap.h"
#include "support.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, LENGTH = 40 };

struct pair {
    struct pair *next;
    uintptr_t number;
};

struct test {
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    _Atomic bool done;
    _Atomic unsigned ready;
};

static struct test *make_test(const char *stacks)
{
    struct test *test = calloc(1, sizeof *test);
    struct ter_options options;
    char text[64];

    assert_non_null(test);
    ter_options_init(&options);
    snprintf(text, sizeof text, "stop=safepoints,stacks=%s", stacks);
    assert_int_equal(ter_options_parse(&options, text, NULL, 0), TER_OK);
    assert_int_equal(ter_heap_new(&options, &test->heap), TER_OK);
    assert_int_equal(ter_mutator_bind(test->heap, &test->mutator), TER_OK);
    return test;
}

static int make_exact(void **state)
{
    *state = make_test("exact");
    return 0;
}

static int make_ambiguous(void **state)
{
    *state = make_test("ambiguous");
    return 0;
}

static int free_test(void **state)
{
    struct test *test = *state;

    ter_mutator_unbind(test->mutator);
    ter_heap_free(test->heap);
    free(test);
    return 0;
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
    struct pair *pair = ter_allocate(mutator, TER_KIND_NORMAL, sizeof *pair);

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
    uint64_t rounds = test_count(400, 4000);

    for (uint64_t i = 0; i < rounds; i++) {
        build_and_check(mutator);
        if (i % 16 == 0)
            ter_collect(mutator);
    }
    ter_mutator_unbind(mutator);
    return NULL;
}

static void test_many_threads_collect(void **state)
{
    struct test *test = *state;
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = start(work, test);
    for (unsigned i = 0; i < 50; i++) {
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

static void test_a_visit_waits_for_all(void **state)
{
    struct test *test = *state;
    pthread_t threads[THREADS];
    size_t count = 0;

    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = start(work, test);
    for (unsigned i = 0; i < 20; i++)
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

static void test_polls_let_collections_in(void **state)
{
    struct test *test = *state;
    pthread_t threads[THREADS];

    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = start(only_poll, test);
    while (test->ready < THREADS)
        ter_poll(test->mutator);
    for (unsigned i = 0; i < 100; i++)
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

static void test_who_is_outside_is_not_waited_for(void **state)
{
    struct test *test = *state;
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
    struct pair *a = ter_allocate(test->mutator, TER_KIND_NORMAL, sizeof *a);
    struct pair *b = ter_allocate(test->mutator, TER_KIND_NORMAL, sizeof *b);

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
        (void)ter_allocate(mutator, TER_KIND_NORMAL, sizeof(struct pair));
    test->done = true;
    ter_mutator_unbind(mutator);
    return NULL;
}

static void test_registers_are_saved_when_a_thread_leaves(void **state)
{
    struct test *test = *state;
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

static void test_misuse_of_the_outside_is_told(void **state)
{
    test_dies(enter_inside, *state, "ter_mutator_enter");
    test_dies(allocate_outside, *state, "is outside the heap");
    test_dies(leave_twice, *state, "ter_mutator_leave");
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
        more = package->length < 400;
        ter_mutator_detach(package->mutator);
        pthread_mutex_unlock(&package->turn);
        ter_os_yield();
    }
    return NULL;
}

static void test_a_mutator_goes_from_thread_to_thread(void **state)
{
    struct test *test = *state;
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

static void test_collections_do_not_wait_for_a_detached_one(void **state)
{
    struct test *test = *state;
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

static void test_a_detached_one_cannot_be_used(void **state)
{
    test_dies(use_detached, *state, "ter_mutator_detach");
}

/* ---- Ends ---- */

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

static void test_a_thread_may_end_bound(void **state)
{
    struct test *test = *state;

    for (unsigned i = 0; i < 6; i++) {
        pthread_t thread = start(end_bound, test);

        ter_collect(test->mutator);
        join(test, thread);
        ter_collect(test->mutator);
    }
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

static void test_a_thread_ends_while_it_is_awaited(void **state)
{
    struct test *test = *state;
    pthread_t thread = start(end_while_awaited, test);

    while (test->ready == 0)
        ter_poll(test->mutator);
    ter_collect(test->mutator);
    join(test, thread);
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

/* What is written to standard error from now on goes to the file; returns what it was before. */
static int catch_errors(FILE *file)
{
    int before = dup(STDERR_FILENO);

    assert_true(before >= 0);
    assert_int_equal(dup2(fileno(file), STDERR_FILENO), STDERR_FILENO);
    return before;
}

static void release_errors(int before)
{
    assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
    close(before);
}

static void test_a_missing_poll_is_said(void **state)
{
    struct test *test = *state;
    FILE *file = tmpfile();
    pthread_t thread;
    char text[512];
    int before;

    assert_non_null(file);
    before = catch_errors(file);
    thread = start(never_poll, test);
    while (test->ready == 0)
        ter_poll(test->mutator);
    ter_collect(test->mutator);
    join(test, thread);
    release_errors(before);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    assert_non_null(strstr(text, "never-polls"));
    assert_non_null(strstr(text, "ter_poll"));
}

/* ---- Fork ---- */

static void *fork_in_thread(void *context)
{
    struct test *test = context;
    struct ter_mutator *mutator = bind(test);

    for (unsigned i = 0; i < 10; i++) {
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

static void test_any_thread_may_fork(void **state)
{
    struct test *test = *state;
    pthread_t forking = start(fork_in_thread, test), others[2];

    others[0] = start(work, test);
    others[1] = start(work, test);
    join(test, forking);
    join(test, others[0]);
    join(test, others[1]);
}

/* A mutator that no thread has is there in the child too, with its roots. */
static void test_a_detached_mutator_survives_a_fork(void **state)
{
    struct test *test = *state;
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

#define BOTH(test)                                                                                 \
    {#test " exact", test, make_exact, free_test, NULL},                                           \
    {                                                                                              \
#test " ambiguous", test, make_ambiguous, free_test, NULL                                  \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_many_threads_collect),
        BOTH(test_a_visit_waits_for_all),
        BOTH(test_polls_let_collections_in),
        BOTH(test_who_is_outside_is_not_waited_for),
        cmocka_unit_test_setup_teardown(test_registers_are_saved_when_a_thread_leaves,
                                        make_ambiguous, free_test),
        BOTH(test_misuse_of_the_outside_is_told),
        BOTH(test_a_mutator_goes_from_thread_to_thread),
        BOTH(test_collections_do_not_wait_for_a_detached_one),
        BOTH(test_a_detached_one_cannot_be_used),
        BOTH(test_a_thread_may_end_bound),
        BOTH(test_a_thread_ends_while_it_is_awaited),
        cmocka_unit_test_setup_teardown(test_a_missing_poll_is_said, make_exact, free_test),
        BOTH(test_any_thread_may_fork),
        BOTH(test_a_detached_mutator_survives_a_fork),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
