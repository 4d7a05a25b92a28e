/* SPDX-License-Identifier: MIT */
/*
 * Declared stacks: coroutines that build lists and yield in random order, with references in locals
 * or in frames of such a stack and nowhere else, while collections come from themselves and from
 * other threads. Stacks are changed by each way that there is, under every plan that collects, with
 * threads that are stopped by signals, at safepoints with scanned stacks, and with exact roots.
 */
#define _GNU_SOURCE
#include <terrier/terrier.h>

#include "coroutine.h"
#include "heap/heap.h"
#include "small_heap.h"
#include "support.h"

#include <pthread.h>
#include <sys/mman.h>

/* Stacks lie side by side in one mapping, which nobody could tell apart. */
enum { COROUTINES = 12, STACK_BYTES = 64 * 1024, LENGTH = 30 };

struct pair {
    struct pair *next;
    uintptr_t number;
};

struct coroutine {
    struct ter_stack *stack;
    struct test_coroutine own;
    unsigned rounds; /* that it is to do still */
    unsigned done;
};

struct test {
    struct ter_heap *heap;
    struct ter_mutator *mutator; /* of whoever runs coroutines */
    struct coroutine *running;
    struct coroutine coroutines[COROUTINES];
    char *memory;
    unsigned kind; /* of pairs, which may move */
    enum test_way way;
    bool in_frames;
    bool is_slow; /* an object takes pages of its own */
    _Atomic bool done;
};

static struct test *now, the_test;
static struct ter_random random_source;

/* The state of a test: what it is run with, under each plan and by each way. */
#define STATIC_DATA "scan_program=0,scan_libraries=0"

static char by_signals[] = "stop=signals,barriers=1," STATIC_DATA;
static char by_safepoints[] = "stop=safepoints,barriers=1," STATIC_DATA;
static char exact[] = "stacks=exact";

static void open_heap(const char *text)
{
    static const struct ter_object_layout layout = {.header_bytes = sizeof(struct pair),
                                                    .header = {.bitmap = 1}};
    const struct ter_kind_description pair = {.name = "pair", .layout = &layout};
    struct ter_options options;
    enum test_way way = the_test.way;

    the_test = (struct test){.way = way, .in_frames = strstr(text, exact) != NULL};
    now = &the_test;
    ter_options_init(&options);
    test_parse_options(&options, text);
    assert_int_equal(ter_heap_new(&options, &now->heap), TER_OK);
    assert_int_equal(ter_mutator_bind(now->heap, &now->mutator), TER_OK);
    assert_int_equal(ter_kind_define(now->heap, &pair, &now->kind), TER_OK);
    now->is_slow = now->heap->collector.spaces[0].space->policy->own_pages;
    now->memory = mmap(NULL, COROUTINES * STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(now->memory, MAP_FAILED);
}

/* AddressSanitizer keeps the marks of frames that were left. */
static void forget_frames(void)
{
    ter_asan_access((uintptr_t)now->memory, COROUTINES * STACK_BYTES);
}

static void close_heap(void)
{
    forget_frames();
    ter_mutator_unbind(now->mutator);
    ter_heap_free(now->heap);
    munmap(now->memory, COROUTINES * STACK_BYTES);
}

static void for_all(const char *options, void (*test)(void))
{
    random_source = test_random();
    for (the_test.way = 0; the_test.way < TEST_WAYS; the_test.way++)
        if (test_way_is_there(the_test.way))
            small_heap_try_plans(test_plan_collects, options, open_heap, test, close_heap);
}

static unsigned rounds(void)
{
    return now->is_slow ? 1 : (unsigned)test_count(4, 80);
}

static void collect(void)
{
    if (test_below(&random_source, 3) == 0)
        ter_collect(now->mutator);
    else
        ter_collect_young(now->mutator);
}

/* ---- Coroutines ---- */

static TER_NOINLINE void yield_to_scheduler(void)
{
    struct coroutine *self = now->running;

    ter_stack_switch(now->mutator, NULL);
    test_coroutine_yield(&self->own);
}

static TER_NOINLINE void resume(struct coroutine *coroutine)
{
    now->running = coroutine;
    ter_stack_switch(now->mutator, coroutine->stack);
    test_coroutine_resume(&coroutine->own);
}

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
    struct pair *pair = TER_NEW(now->mutator, now->kind, struct pair);

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

static void begin(unsigned index, void (*function)(void), unsigned count)
{
    struct coroutine *coroutine = &now->coroutines[index];
    char *low = now->memory + (size_t)index * STACK_BYTES;

    coroutine->rounds = count;
    coroutine->done = 0;
    assert_int_equal(ter_stack_new(now->mutator, low, low + STACK_BYTES, &coroutine->stack),
                     TER_OK);
    test_coroutine_begin(&coroutine->own, now->way, low, STACK_BYTES, function);
}

static void run_all(unsigned count)
{
    unsigned left = COROUTINES;

    for (unsigned i = 0; i < COROUTINES; i++)
        begin(i, run, count);
    while (left > 0) {
        struct coroutine *next = &now->coroutines[test_below(&random_source, COROUTINES)];

        resume(next);
        if (test_below(&random_source, 4) == 0)
            collect();
        left = 0;
        for (unsigned i = 0; i < COROUTINES; i++)
            left += now->coroutines[i].rounds != 0;
    }
    for (unsigned i = 0; i < COROUTINES; i++) {
        assert_int_equal(now->coroutines[i].done, count);
        ter_stack_free(now->mutator, now->coroutines[i].stack);
    }
}

/* ---- Tests ---- */

static void keep_what_they_hold(void)
{
    run_all(rounds());
    run_all(1);
}

static void test_coroutines_keep_what_they_hold(void **state)
{
    for_all(*state, keep_what_they_hold);
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

static void while_another_thread_collects(void)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, collect_meanwhile, now), 0);
    run_all(rounds());
    now->done = true;
    ter_mutator_leave(now->mutator);
    assert_int_equal(pthread_join(thread, NULL), 0);
    ter_mutator_enter(now->mutator);
}

static void test_coroutines_while_another_thread_collects(void **state)
{
    for_all(*state, while_another_thread_collects);
}

/* What a stack that is not run any more held goes with it; what it holds while left does not. */
static void *held; /* a weak word, which no scan looks at */

static TER_NOINLINE void note_held(void *object)
{
    held = object;
    assert_int_equal(ter_weak_add(now->heap, &held, object), TER_OK);
}

static void hold_a_pair(void)
{
    TER_FRAME(now->mutator, frame, 1);
    if (now->in_frames)
        frame.slots[0] = make_pair(NULL, 5);
    else
        *(void *volatile *)&frame.slots[0] = make_pair(NULL, 5);
    note_held(frame.slots[0]);
    yield_to_scheduler();
    for (;;)
        yield_to_scheduler();
}

/* Not inline: what it calls with the address would stay in the frame of who asks. */
static TER_NOINLINE bool is_held(void)
{
    return held != NULL && ((struct pair *)held)->number == 5;
}

static void a_freed_stack_keeps_nothing(void)
{
    struct coroutine *coroutine = &now->coroutines[0];

    begin(0, hold_a_pair, 1);
    resume(coroutine);
    for (unsigned i = 0; i < 2; i++) {
        test_clear_stack();
        ter_collect(now->mutator);
        assert_true(is_held());
    }
    ter_stack_free(now->mutator, coroutine->stack);
    memset(&coroutine->own, 0, sizeof coroutine->own);
    forget_frames();
    memset(now->memory, 0, STACK_BYTES);
    test_clear_stack();
    ter_collect(now->mutator);
    assert_false(is_held());
}

static void test_a_stack_that_is_freed_keeps_nothing(void **state)
{
    for_all(*state, a_freed_stack_keeps_nothing);
}

/* A coroutine goes on in another thread, with that one's mutator. */
static void *resume_elsewhere(void *context)
{
    struct test *test = context;

    assert_int_equal(ter_mutator_attach(test->mutator), TER_OK);
    for (unsigned i = 0; i < 5; i++) {
        resume(&test->coroutines[0]);
        collect();
    }
    ter_mutator_detach(test->mutator);
    return NULL;
}

static void from_thread_to_thread(void)
{
    pthread_t thread;

    begin(0, run, 4);
    while (now->coroutines[0].rounds != 0) {
        resume(&now->coroutines[0]);
        collect();
        ter_mutator_detach(now->mutator);
        assert_int_equal(pthread_create(&thread, NULL, resume_elsewhere, now), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(ter_mutator_attach(now->mutator), TER_OK);
    }
    assert_int_equal(now->coroutines[0].done, 4);
    ter_stack_free(now->mutator, now->coroutines[0].stack);
}

static void test_a_coroutine_goes_from_thread_to_thread(void **state)
{
    for_all(*state, from_thread_to_thread);
}

static void free_the_current_one(void *context)
{
    begin(0, run, 1);
    ter_stack_switch(now->mutator, now->coroutines[0].stack);
    ter_stack_free(now->mutator, now->coroutines[0].stack);
    (void)context;
}

static void test_misuse_of_stacks_is_told(void **state)
{
    struct ter_stack *stack;

    open_heap(*state);
    assert_int_equal(ter_stack_new(now->mutator, now->memory + 16, now->memory, &stack),
                     TER_ERROR_INVALID);
    test_dies(free_the_current_one, NULL, "ter_stack_free");
    close_heap();
}

#define ALL(test)                                                                                  \
    {#test " signals", test, NULL, NULL, by_signals},                                              \
        {#test " safepoints", test, NULL, NULL, by_safepoints},                                    \
    {                                                                                              \
#test " exact", test, NULL, NULL, exact                                                    \
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
