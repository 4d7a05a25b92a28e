/* SPDX-License-Identifier: MIT */
/*
 * A thread that stands on a stack which nobody told the collector of: that of a coroutine, or one
 * for signal handlers. What lies on it is kept, and so is all that lies on the thread's own stack.
 *
 * Each case: in the main thread or another; a place for the stack; by swapcontext or by a signal;
 * collected by the thread itself, by another that stops it, or by another while it blocks. The
 * stock library reads what lies between the two stacks, or not the own one.
 */
#define GC_THREADS
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { OBJECTS = 16, STACK_BYTES = 256 * 1024, GUARD_BYTES = 64 * 1024 };

enum place { MAPPED, ALLOCATED, STATIC, ADVISED, ON_OWN_STACK, PLACES };
enum way { COROUTINE, HANDLER, WAYS };
enum collector { ITSELF, ANOTHER, ANOTHER_WHILE_BLOCKED, COLLECTORS };

static const char *const place_names[] = {"mapped", "from malloc", "static", "in two mappings",
                                          "on the own stack"};
static const char *const way_names[] = {"a coroutine", "a handler"};
static const char *const collector_names[] = {"itself", "another", "another while it blocks"};

struct test {
    enum place place;
    enum way way;
    enum collector collector;
    char *stack;
    ucontext_t own, coroutine;
    char name[100];
};

static struct test *running;
static void **links;
static unsigned checked;
static void *volatile parked[OBJECTS];
static char static_stack[STACK_BYTES] __attribute__((aligned(16)));

/* ---- Objects ---- */

static NOINLINE void make(void *volatile *held, size_t first)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        held[i] = GC_malloc(40);
        links[first + i] = held[i];
        GC_general_register_disappearing_link(&links[first + i], held[i]);
    }
}

static void check_held(void *volatile *held, size_t first, const char *where)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        EXPECT(held[i] != NULL && links[first + i] == held[i], "%s: object %zu %s", running->name,
               i, where);
        checked++;
    }
}

/* ---- Another thread that collects ---- */

static atomic_uint wanted, done;
static atomic_bool over;

static void *collect_for_others(void *argument)
{
    while (!atomic_load(&over)) {
        if (atomic_load(&done) == atomic_load(&wanted)) {
            sched_yield();
            continue;
        }
        GC_gcollect();
        atomic_fetch_add(&done, 1);
    }
    return argument;
}

static void *wait_for_other(void *argument)
{
    unsigned number = atomic_fetch_add(&wanted, 1) + 1;

    while (atomic_load(&done) != number)
        sched_yield();
    return argument;
}

static NOINLINE void collect_by(enum collector collector)
{
    switch (collector) {
    case ITSELF: GC_gcollect(); break;
    case ANOTHER: wait_for_other(NULL); break;
    default: GC_do_blocking(wait_for_other, NULL); break;
    }
}

/* ---- On the stack ---- */

static NOINLINE void work(const struct test *test)
{
    void *volatile held[OBJECTS];

    make(held, 0);
    for (unsigned i = 0; i < 2; i++) {
        collect_by(test->collector);
        for (unsigned k = 0; k < 100; k++)
            GC_malloc(40);
    }
    check_held(held, 0, "on the stack where the thread stood");
}

static void handle(int number)
{
    (void)number;
    work(running);
}

static void run_coroutine(void)
{
    struct test *test = running;

    work(test);
    swapcontext(&test->coroutine, &test->own);
}

static void be_signalled(struct test *test)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK}, before;
    stack_t stack = {.ss_sp = test->stack, .ss_size = STACK_BYTES}, stack_before;

    if (sigaltstack(&stack, &stack_before) != 0)
        abort();
    sigaction(SIGUSR1, &action, &before);
    pthread_kill(pthread_self(), SIGUSR1);
    sigaction(SIGUSR1, &before, NULL);
    if (sigaltstack(&stack_before, NULL) != 0)
        abort();
}

static void switch_to_coroutine(struct test *test)
{
    getcontext(&test->coroutine);
    test->coroutine.uc_stack.ss_sp = test->stack;
    test->coroutine.uc_stack.ss_size = STACK_BYTES;
    makecontext(&test->coroutine, run_coroutine, 0);
    swapcontext(&test->own, &test->coroutine);
}

/* ---- Stacks ---- */

/* Between pages that cannot be read. */
static char *map_stack(void)
{
    char *memory =
        mmap(NULL, STACK_BYTES + 2 * GUARD_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED ||
        mprotect(memory + GUARD_BYTES, STACK_BYTES, PROT_READ | PROT_WRITE) != 0)
        abort();
    return memory + GUARD_BYTES;
}

static void give_stack(struct test *test, char *own)
{
    switch (test->place) {
    case ALLOCATED: test->stack = malloc(STACK_BYTES); break;
    case STATIC: test->stack = static_stack; break;
    case ON_OWN_STACK: test->stack = own; break;
    default: test->stack = map_stack(); break;
    }
    if (test->stack == NULL)
        abort();
    /* Advice for a part makes two mappings of one stack. */
    if (test->place == ADVISED)
        madvise(test->stack + STACK_BYTES - GUARD_BYTES / 16, GUARD_BYTES / 16, MADV_DONTDUMP);
}

static void take_stack(struct test *test)
{
    if (test->place == ALLOCATED)
        free(test->stack);
    else if (test->place == MAPPED || test->place == ADVISED)
        munmap(test->stack - GUARD_BYTES, STACK_BYTES + 2 * GUARD_BYTES);
}

/* Frames below a stack that lies in a frame, and above. */
static NOINLINE void leave_own_stack(struct test *test)
{
    void *volatile held[OBJECTS];

    make(held, OBJECTS);
    if (test->way == HANDLER)
        be_signalled(test);
    else
        switch_to_coroutine(test);
    check_held(held, OBJECTS, "on the thread's own stack");
}

static NOINLINE void run_test(struct test *test)
{
    char own[STACK_BYTES];
    void *volatile held[OBJECTS];

    snprintf(test->name, sizeof test->name, "%s on a stack %s, collected by %s",
             way_names[test->way], place_names[test->place], collector_names[test->collector]);
    running = test;
    make(held, 2 * OBJECTS);
    give_stack(test, own);
    leave_own_stack(test);
    take_stack(test);
    check_held(held, 2 * OBJECTS, "in an outer frame of the thread's own stack");
}

static void *run_tests(void *argument)
{
    for (unsigned place = 0; place < PLACES; place++)
        for (unsigned way = 0; way < WAYS; way++)
            for (unsigned collector = 0; collector < COLLECTORS; collector++) {
                struct test test = {.place = place, .way = way, .collector = collector};

                /* A coroutine in a frame of the thread looks like any other frame. */
                if (place != ON_OWN_STACK || way == HANDLER)
                    run_test(&test);
            }
    return argument;
}

/* ---- The program says where the stack begins, and collections come between that and the switch
 * ---- */

static struct GC_stack_base own_base, told_base;
static void *own_handle;

static void *GC_CALLBACK say_base(void *base)
{
    GC_set_stackbottom(own_handle, base);
    return NULL;
}

static void run_told(void)
{
    struct test *test = running;
    void *volatile held[OBJECTS];

    make(held, 0);
    collect_by(test->collector);
    check_held(held, 0, "on a stack that was told of");
    GC_call_with_alloc_lock(say_base, &own_base);
    collect_by(test->collector);
    check_held(held, 0, "on a stack that is not told of any more");
    swapcontext(&test->coroutine, &test->own);
}

static NOINLINE void test_told(enum collector collector)
{
    struct test test = {.collector = collector, .stack = map_stack(), .name = "told"};
    void *volatile held[OBJECTS];

    running = &test;
    own_handle = GC_get_my_stackbottom(&own_base);
    told_base = own_base;
    told_base.mem_base = test.stack + STACK_BYTES;
    make(held, OBJECTS);
    GC_call_with_alloc_lock(say_base, &told_base);
    collect_by(collector);
    check_held(held, OBJECTS, "on the own stack, with another told of");
    getcontext(&test.coroutine);
    test.coroutine.uc_stack.ss_sp = test.stack;
    test.coroutine.uc_stack.ss_size = STACK_BYTES;
    makecontext(&test.coroutine, run_told, 0);
    /* The program's own stack is the program's to push, once it told of another. */
    for (size_t i = 0; i < OBJECTS; i++)
        parked[i] = held[i];
    swapcontext(&test.own, &test.coroutine);
    check_held(held, OBJECTS, "on the own stack, told of again");
    munmap(test.stack - GUARD_BYTES, STACK_BYTES + 2 * GUARD_BYTES);
}

int main(void)
{
    pthread_t thread, other;

    if (!is_drop_in()) {
        puts("SKIP: the stock library reads what lies between two stacks");
        return 77;
    }
    GC_INIT();
    links = GC_malloc_atomic_uncollectable(3 * OBJECTS * sizeof *links);
    if (pthread_create(&thread, NULL, collect_for_others, NULL) != 0)
        abort();
    run_tests(NULL);
    for (unsigned collector = 0; collector < COLLECTORS; collector++)
        test_told(collector);
    if (pthread_create(&other, NULL, run_tests, NULL) != 0)
        abort();
    pthread_join(other, NULL);
    atomic_store(&over, true);
    pthread_join(thread, NULL);
    EXPECT(checked == (2 * 3 * (4 * WAYS + 1) + 4) * COLLECTORS * OBJECTS, "%u", checked);
    return check_end();
}
