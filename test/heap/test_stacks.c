/* SPDX-License-Identifier: MIT */
/*
 * Declared stacks: coroutines by makecontext that build lists and yield in random order, with
 * references in locals or in frames, while collections come from themselves and from other threads.
 */
#define _GNU_SOURCE
#include <terrier/terrier.h>

#include "heap/heap.h"
#include "support.h"

#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

/* Stacks lie side by side in one mapping, which nobody could tell apart. */
enum { COROUTINES = 12, STACK_BYTES = 64 * 1024, LENGTH = 30 };

struct coroutine {
    struct ter_stack *stack;
    ucontext_t context;
    unsigned rounds; /* that it is to do still */
    unsigned done;
};

struct test {
    struct ter_heap *heap;
    struct ter_mutator *mutator; /* of whoever runs coroutines */
    ucontext_t scheduler;
    struct coroutine *running;
    struct coroutine coroutines[COROUTINES];
    char *memory;
    bool in_frames;
    _Atomic bool done;
};

static struct test *now;

static int make_test(void **state, const char *options_text, bool in_frames)
{
    struct test *test = calloc(1, sizeof *test);
    struct ter_options options;

    assert_non_null(test);
    test->in_frames = in_frames;
    ter_options_init(&options);
    assert_int_equal(ter_options_parse(&options, options_text, NULL, 0), TER_OK);
    assert_int_equal(ter_heap_new(&options, &test->heap), TER_OK);
    assert_int_equal(ter_mutator_bind(test->heap, &test->mutator), TER_OK);
    test->memory = mmap(NULL, COROUTINES * STACK_BYTES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(test->memory, MAP_FAILED);
    *state = now = test;
    return 0;
}

#define STATIC_DATA ",scan_program=0,scan_libraries=0"

static int make_signals(void **state)
{
    return make_test(state, "stop=signals" STATIC_DATA, false);
}

static int make_safepoints(void **state)
{
    return make_test(state, "stop=safepoints" STATIC_DATA, false);
}

static int make_exact(void **state)
{
    return make_test(state, "stacks=exact", true);
}

static int free_test(void **state)
{
    struct test *test = *state;

    ter_mutator_unbind(test->mutator);
    ter_heap_free(test->heap);
    munmap(test->memory, COROUTINES * STACK_BYTES);
    free(test);
    return 0;
}

/* ---- Coroutines ---- */

static TER_NOINLINE void yield_to_scheduler(void)
{
    struct coroutine *self = now->running;

    ter_stack_switch(now->mutator, NULL);
    swapcontext(&self->context, &now->scheduler);
}

static TER_NOINLINE void resume(struct coroutine *coroutine)
{
    now->running = coroutine;
    ter_stack_switch(now->mutator, coroutine->stack);
    swapcontext(&now->scheduler, &coroutine->context);
}

struct pair {
    struct pair *next;
    uintptr_t number;
};

static void check_list(const struct pair *pair, unsigned length)
{
    for (unsigned i = length; i-- > 0; pair = pair->next) {
        assert_int_equal(ter_heap_find(now->heap, (uintptr_t)pair).bits, (uintptr_t)pair);
        assert_int_equal(pair->number, i);
    }
    assert_null(pair);
}

static struct pair *make_pair(struct pair *next, uintptr_t number)
{
    struct pair *pair = ter_allocate(now->mutator, TER_KIND_NORMAL, sizeof *pair);

    assert_non_null(pair);
    pair->next = next;
    pair->number = number;
    return pair;
}

static void build_in_locals(void)
{
    struct pair *head = NULL;

    for (unsigned i = 0; i < LENGTH; i++) {
        head = make_pair(head, i);
        if (i % 7 == 3)
            yield_to_scheduler();
        ter_poll(now->mutator);
    }
    yield_to_scheduler();
    check_list(head, LENGTH);
}

static void build_in_frames(void)
{
    TER_ROOTS(now->mutator, roots, struct pair * head; struct pair * made;);
    for (unsigned i = 0; i < LENGTH; i++) {
        roots.made = make_pair(NULL, i);
        roots.made->next = roots.head;
        roots.head = roots.made;
        if (i % 7 == 3)
            yield_to_scheduler();
        ter_poll(now->mutator);
    }
    roots.made = NULL;
    yield_to_scheduler();
    check_list(roots.head, LENGTH);
    TER_FRAME_END(now->mutator, roots);
}

static void run(void)
{
    struct coroutine *self = now->running;

    for (; self->rounds > 0; self->rounds--) {
        if (now->in_frames)
            build_in_frames();
        else
            build_in_locals();
        self->done++;
    }
    for (;;)
        yield_to_scheduler();
}

static void begin(unsigned index, unsigned rounds)
{
    struct coroutine *coroutine = &now->coroutines[index];
    char *low = now->memory + (size_t)index * STACK_BYTES;

    coroutine->rounds = rounds;
    coroutine->done = 0;
    assert_int_equal(ter_stack_new(now->mutator, low, low + STACK_BYTES, &coroutine->stack),
                     TER_OK);
    assert_int_equal(getcontext(&coroutine->context), 0);
    coroutine->context.uc_stack.ss_sp = low;
    coroutine->context.uc_stack.ss_size = STACK_BYTES;
    coroutine->context.uc_link = NULL;
    makecontext(&coroutine->context, run, 0);
}

static void run_all(struct ter_random *random, unsigned rounds)
{
    unsigned left = COROUTINES;

    for (unsigned i = 0; i < COROUTINES; i++)
        begin(i, rounds);
    while (left > 0) {
        struct coroutine *next = &now->coroutines[test_below(random, COROUTINES)];

        resume(next);
        if (test_below(random, 4) == 0)
            ter_collect(now->mutator);
        left = 0;
        for (unsigned i = 0; i < COROUTINES; i++)
            left += now->coroutines[i].rounds != 0;
    }
    for (unsigned i = 0; i < COROUTINES; i++) {
        assert_int_equal(now->coroutines[i].done, rounds);
        ter_stack_free(now->mutator, now->coroutines[i].stack);
    }
}

/* ---- Tests ---- */

static void test_coroutines_keep_what_they_hold(void **state)
{
    struct ter_random random = test_random();

    (void)state;
    for (unsigned round = 0; round < 2; round++)
        run_all(&random, (unsigned)test_count(40, 400));
}

static void *collect_meanwhile(void *context)
{
    struct test *test = context;
    struct ter_mutator *mutator;

    assert_int_equal(ter_mutator_bind(test->heap, &mutator), TER_OK);
    while (!test->done) {
        ter_collect(mutator);
        ter_os_yield();
    }
    ter_mutator_unbind(mutator);
    return NULL;
}

static void test_coroutines_while_another_thread_collects(void **state)
{
    struct ter_random random = test_random();
    struct test *test = *state;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, collect_meanwhile, test), 0);
    run_all(&random, (unsigned)test_count(40, 400));
    test->done = true;
    ter_mutator_leave(test->mutator);
    assert_int_equal(pthread_join(thread, NULL), 0);
    ter_mutator_enter(test->mutator);
}

/* What a stack that is not run any more held goes with it; what it holds while left does not. */
static uintptr_t held;

static void hold_a_pair(void)
{
    TER_FRAME(now->mutator, frame, 1);
    if (now->in_frames)
        frame.slots[0] = make_pair(NULL, 5);
    else
        *(void *volatile *)&frame.slots[0] = make_pair(NULL, 5);
    held = test_hide(frame.slots[0]);
    yield_to_scheduler();
    for (;;)
        yield_to_scheduler();
}

/* Not inline: what it calls with the address would stay in the frame of who asks. */
static TER_NOINLINE bool is_held(void)
{
    return ter_heap_find(now->heap, (uintptr_t)test_show(held)).bits == (uintptr_t)test_show(held);
}

static void test_a_stack_that_is_freed_keeps_nothing(void **state)
{
    struct coroutine *coroutine = &now->coroutines[0];

    (void)state;
    begin(0, 1);
    coroutine->context.uc_stack.ss_sp = now->memory;
    makecontext(&coroutine->context, hold_a_pair, 0);
    resume(coroutine);
    test_clear_stack();
    ter_collect(now->mutator);
    assert_true(is_held());
    ter_stack_free(now->mutator, coroutine->stack);
    memset(&coroutine->context, 0, sizeof coroutine->context);
    memset(now->memory, 0, STACK_BYTES);
    test_clear_stack();
    ter_collect(now->mutator);
    assert_false(is_held());
}

/* A coroutine goes on in another thread, with that one's mutator. */
static void *resume_elsewhere(void *context)
{
    struct test *test = context;

    assert_int_equal(ter_mutator_attach(test->mutator), TER_OK);
    for (unsigned i = 0; i < 5; i++) {
        resume(&test->coroutines[0]);
        ter_collect(test->mutator);
    }
    ter_mutator_detach(test->mutator);
    return NULL;
}

static void test_a_coroutine_goes_from_thread_to_thread(void **state)
{
    struct test *test = *state;
    pthread_t thread;

    begin(0, 4);
    while (test->coroutines[0].rounds != 0) {
        resume(&test->coroutines[0]);
        ter_collect(test->mutator);
        ter_mutator_detach(test->mutator);
        assert_int_equal(pthread_create(&thread, NULL, resume_elsewhere, test), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(ter_mutator_attach(test->mutator), TER_OK);
    }
    assert_int_equal(test->coroutines[0].done, 4);
    ter_stack_free(test->mutator, test->coroutines[0].stack);
}

static void free_the_current_one(void *context)
{
    begin(0, 1);
    ter_stack_switch(now->mutator, now->coroutines[0].stack);
    ter_stack_free(now->mutator, now->coroutines[0].stack);
    (void)context;
}

static void test_misuse_of_stacks_is_told(void **state)
{
    struct ter_stack *stack;

    (void)state;
    assert_int_equal(ter_stack_new(now->mutator, now->memory + 16, now->memory, &stack),
                     TER_ERROR_INVALID);
    test_dies(free_the_current_one, NULL, "ter_stack_free");
}

#define ALL(test)                                                                                  \
    {#test " signals", test, make_signals, free_test, NULL},                                       \
        {#test " safepoints", test, make_safepoints, free_test, NULL},                             \
    {                                                                                              \
#test " exact", test, make_exact, free_test, NULL                                          \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALL(test_coroutines_keep_what_they_hold),
        ALL(test_coroutines_while_another_thread_collects),
        ALL(test_a_stack_that_is_freed_keeps_nothing),
        ALL(test_a_coroutine_goes_from_thread_to_thread),
        ALL(test_misuse_of_stacks_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
