/* SPDX-License-Identifier: MIT */
/*
 * Mutators that allocate and collect on a stack of the program's own: in the main thread and
 * another, with one heap and with two; and how much the heap believes that stacks hold.
 */
#include "alloc/alloc.h"
#include "heap/heap.h"
#include "small_heap.h"

#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { STACK_BYTES = 256 * 1024, LENGTH = 200 };

static char static_stack[STACK_BYTES] __attribute__((aligned(16)));

struct fiber {
    struct small_heap *small;
    struct ter_mutator *mutator;
    char *stack;
    ucontext_t own, other;
    bool outside; /* the second collection comes while the mutator is outside the heap */
};

static _Thread_local struct fiber *running;

static void *make_list(struct fiber *fiber)
{
    struct small_heap view = {fiber->small->heap, fiber->mutator, fiber->small->roots};

    return small_heap_list(&view, TER_KIND_NORMAL, LENGTH, 48);
}

static void *collect_again(void *context)
{
    struct fiber *fiber = context;

    ter_allocator_lock(&fiber->small->heap->collector.allocator);
    assert_true(ter_collector_collect(&fiber->small->heap->collector, TER_REASON_REQUEST));
    ter_allocator_unlock(&fiber->small->heap->collector.allocator);
    return NULL;
}

static void run(void)
{
    struct fiber *fiber = running;
    void *volatile list = make_list(fiber);

    ter_collect(fiber->mutator);
    if (fiber->outside)
        ter_mutator_outside(fiber->mutator, collect_again, fiber);
    small_heap_check_list(fiber->small, list, LENGTH);
    swapcontext(&fiber->other, &fiber->own);
}

static TER_NOINLINE void run_on(struct fiber *fiber)
{
    void *volatile list = make_list(fiber);

    running = fiber;
    assert_int_equal(getcontext(&fiber->other), 0);
    fiber->other.uc_stack.ss_sp = fiber->stack;
    fiber->other.uc_stack.ss_size = STACK_BYTES;
    makecontext(&fiber->other, run, 0);
    swapcontext(&fiber->own, &fiber->other);
    small_heap_check_list(fiber->small, list, LENGTH);
    assert_in_range(ter_world_stack_bytes(&fiber->small->heap->collector.allocator), 1,
                    TER_MIB(256));
}

static void run_on_all(struct fiber *fiber)
{
    char *mapped =
        mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *allocated = malloc(STACK_BYTES);

    assert_ptr_not_equal(mapped, MAP_FAILED);
    assert_non_null(allocated);
    for (unsigned round = 0; round < 2; round++) {
        fiber->outside = round != 0;
        fiber->stack = mapped;
        run_on(fiber);
        fiber->stack = allocated;
        run_on(fiber);
        fiber->stack = static_stack;
        run_on(fiber);
    }
    free(allocated);
    munmap(mapped, STACK_BYTES);
}

static void in_the_main_thread(void **state)
{
    struct small_heap small;
    struct fiber fiber = {.small = &small};

    (void)state;
    small_heap_init(&small, "");
    fiber.mutator = small.mutator;
    run_on_all(&fiber);
    small_heap_fini(&small);
}

static void *bind_and_run(void *context)
{
    struct fiber *fiber = context;

    assert_int_equal(ter_mutator_bind(fiber->small->heap, &fiber->mutator), TER_OK);
    run_on_all(fiber);
    ter_mutator_unbind(fiber->mutator);
    return NULL;
}

static void *join(void *thread)
{
    pthread_join(*(pthread_t *)thread, NULL);
    return NULL;
}

static void in_another_thread(void **state)
{
    struct small_heap small;
    struct fiber fiber = {.small = &small};
    pthread_t thread;

    (void)state;
    small_heap_init(&small, "");
    assert_int_equal(pthread_create(&thread, NULL, bind_and_run, &fiber), 0);
    ter_mutator_outside(small.mutator, join, &thread);
    small_heap_fini(&small);
}

static void bind_here(void)
{
    struct fiber *fiber = running;
    void *volatile list;

    small_heap_init(fiber->small, "");
    fiber->mutator = fiber->small->mutator;
    list = make_list(fiber);
    ter_collect(fiber->mutator);
    small_heap_check_list(fiber->small, list, LENGTH);
    small_heap_fini(fiber->small);
    swapcontext(&fiber->other, &fiber->own);
}

/* The heap is made, and the thread bound, on a coroutine. */
static void bound_on_a_coroutine(void **state)
{
    struct small_heap small;
    struct fiber fiber = {.small = &small, .stack = static_stack};

    (void)state;
    running = &fiber;
    assert_int_equal(getcontext(&fiber.other), 0);
    fiber.other.uc_stack.ss_sp = fiber.stack;
    fiber.other.uc_stack.ss_size = STACK_BYTES;
    makecontext(&fiber.other, bind_here, 0);
    swapcontext(&fiber.own, &fiber.other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_the_main_thread),
        cmocka_unit_test(in_another_thread),
        cmocka_unit_test(bound_on_a_coroutine),
    };

    /* ThreadSanitizer knows no coroutines. */
    if (TER_HAS_TSAN)
        return 0;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
