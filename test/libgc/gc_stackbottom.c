/* SPDX-License-Identifier: MIT */
/*
 * Coroutines on stacks of their own, as language runtimes have them: the program says where the
 * stack of a thread begins now, by the variable or by the functions, and pushes the parked stacks
 * itself.
 */
#define GC_THREADS
#include "check.h"

#include <gc/gc_mark.h>

#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { COROUTINES = 6, STEPS = 30, STACK_BYTES = 256 * 1024 };

struct cell {
    struct cell *next;
    uintptr_t number;
};

struct coroutine {
    ucontext_t context;
    char *stack;
    uintptr_t number;
    bool done;
};

struct scheduler {
    struct coroutine coroutines[COROUTINES];
    struct coroutine *running; /* NULL: the thread's own stack */
    ucontext_t context;
    char *own_low, *own_bottom;
    void *handle;
};

/* In memory that is no root: what keeps the cells is on the stacks. */
static struct scheduler *main_scheduler, *thread_scheduler;
static _Thread_local struct scheduler *own_scheduler;
static bool by_variable;

static void *map_memory(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        abort();
    return memory;
}

/*
 * Held while a thread goes from one stack to another, and from the start of a collection until the
 * stacks are pushed: no thread is stopped half on one and half on the other.
 */
static pthread_mutex_t switching = PTHREAD_MUTEX_INITIALIZER;

/* ---- The collector's view ---- */

static void GC_CALLBACK start(void)
{
    pthread_mutex_lock(&switching);
}

static GC_push_other_roots_proc push_before;
static unsigned pushes;

static void push_stacks(struct scheduler *scheduler)
{
    if (scheduler == NULL)
        return;
    for (unsigned i = 0; i < COROUTINES; i++) {
        struct coroutine *coroutine = &scheduler->coroutines[i];

        GC_push_all_eager(coroutine->stack, coroutine->stack + STACK_BYTES);
        GC_push_all_eager(&coroutine->context, &coroutine->context + 1);
    }
    GC_push_all_eager(&scheduler->context, &scheduler->context + 1);
    if (scheduler->running != NULL)
        GC_push_all_eager(scheduler->own_low, scheduler->own_bottom);
}

static char *bottom_of(const struct scheduler *scheduler)
{
    return scheduler->running == NULL ? scheduler->own_bottom
                                      : scheduler->running->stack + STACK_BYTES;
}

static void say_bottom(struct scheduler *scheduler)
{
    struct GC_stack_base base = {bottom_of(scheduler)};

    GC_set_stackbottom(scheduler->handle, &base);
}

/* With the world stopped, before the stacks of threads are scanned. */
static void GC_CALLBACK push(void)
{
    pushes++;
    push_stacks(main_scheduler);
    push_stacks(thread_scheduler);
    if (!by_variable) {
        if (main_scheduler != NULL)
            say_bottom(main_scheduler);
        if (thread_scheduler != NULL)
            say_bottom(thread_scheduler);
    }
    pthread_mutex_unlock(&switching);
    push_before();
}

/* ---- Coroutines ---- */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
static void switched(void)
{
    if (by_variable)
        GC_stackbottom = bottom_of(own_scheduler);
}
#pragma GCC diagnostic pop

static NOINLINE void yield(void)
{
    struct coroutine *self = own_scheduler->running;

    pthread_mutex_lock(&switching);
    own_scheduler->running = NULL;
    switched();
    swapcontext(&self->context, &own_scheduler->context);
    pthread_mutex_unlock(&switching);
}

static NOINLINE void resume(struct scheduler *scheduler, struct coroutine *coroutine)
{
    scheduler->own_low = __builtin_frame_address(0);
    scheduler->own_low -= 4096;
    pthread_mutex_lock(&switching);
    scheduler->running = coroutine;
    switched();
    swapcontext(&scheduler->context, &coroutine->context);
    pthread_mutex_unlock(&switching);
}

static NOINLINE struct cell *extend(struct cell *list, uintptr_t number)
{
    struct cell *cell = GC_malloc(sizeof *cell);

    cell->next = list;
    cell->number = number;
    return cell;
}

static size_t count_cells(const struct cell *list, uintptr_t number)
{
    size_t count = 0;

    for (; list != NULL && list->number == number; list = list->next)
        count++;
    return count;
}

static void run_coroutine(void)
{
    struct coroutine *self = own_scheduler->running;
    struct cell *list = NULL;

    pthread_mutex_unlock(&switching);
    for (size_t step = 1; step <= STEPS; step++) {
        for (unsigned i = 0; i < 10; i++)
            list = extend(list, self->number);
        if (step % 7 == self->number % 7)
            GC_gcollect();
        yield();
        EXPECT(count_cells(list, self->number) == step * 10, "coroutine %zu, step %zu: %zu cells",
               (size_t)self->number, step, count_cells(list, self->number));
    }
    self->done = true;
    yield();
}

static struct scheduler *make_scheduler(uintptr_t first)
{
    struct scheduler *scheduler = map_memory(sizeof *scheduler);
    struct GC_stack_base base;

    scheduler->handle = GC_get_my_stackbottom(&base);
    EXPECT(scheduler->handle != NULL, "no handle");
    EXPECT((char *)base.mem_base > (char *)&base, "%p is not above %p", base.mem_base,
           (void *)&base);
    scheduler->own_bottom = base.mem_base;
    for (unsigned i = 0; i < COROUTINES; i++) {
        struct coroutine *coroutine = &scheduler->coroutines[i];

        coroutine->stack = map_memory(STACK_BYTES);
        coroutine->number = first + i;
        getcontext(&coroutine->context);
        coroutine->context.uc_stack.ss_sp = coroutine->stack;
        coroutine->context.uc_stack.ss_size = STACK_BYTES;
        makecontext(&coroutine->context, run_coroutine, 0);
    }
    return scheduler;
}

static void schedule(struct scheduler *scheduler)
{
    struct cell *list = NULL;

    own_scheduler = scheduler;
    for (size_t round = 1; round <= STEPS + 1; round++) {
        list = extend(list, 1000);
        for (unsigned i = 0; i < COROUTINES; i++)
            resume(scheduler, &scheduler->coroutines[i]);
        if (round % 5 == 0)
            GC_gcollect();
        EXPECT(count_cells(list, 1000) == round, "round %zu: %zu cells", round,
               count_cells(list, 1000));
    }
    for (unsigned i = 0; i < COROUTINES; i++)
        EXPECT(scheduler->coroutines[i].done, "coroutine %u", i);
}

static void *run_thread(void *argument)
{
    thread_scheduler = make_scheduler(500);
    schedule(thread_scheduler);
    /* The handle ends with the thread. */
    GC_alloc_lock();
    thread_scheduler = NULL;
    GC_alloc_unlock();
    return argument;
}

int main(void)
{
    struct GC_stack_base base, before;
    pthread_t thread;

    GC_INIT();
    /* What is said comes back; NULL is the calling thread. */
    GC_get_my_stackbottom(&before);
    base.mem_base = (char *)before.mem_base - 16;
    GC_alloc_lock();
    GC_set_stackbottom(NULL, &base);
    GC_alloc_unlock();
    GC_get_my_stackbottom(&base);
    EXPECT((char *)base.mem_base == (char *)before.mem_base - 16, "%p", base.mem_base);
    GC_alloc_lock();
    GC_set_stackbottom(NULL, &before);
    GC_alloc_unlock();

    push_before = GC_get_push_other_roots();
    GC_set_push_other_roots(push);
    GC_set_start_callback(start);
    by_variable = true;
    main_scheduler = make_scheduler(100);
    schedule(main_scheduler);
    by_variable = false;
    main_scheduler = make_scheduler(200);
    if (pthread_create(&thread, NULL, run_thread, NULL) != 0)
        abort();
    schedule(main_scheduler);
    pthread_join(thread, NULL);
    EXPECT(pushes > 20, "%u", pushes);
    return check_end();
}
