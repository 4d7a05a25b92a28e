/* SPDX-License-Identifier: MIT */
/*
 * A request to cancel is pending while a thread calls the collector: none of these calls is a place
 * where threads end. The thread goes on to its own pthread_testcancel, and the others collect on.
 */
#define GC_THREADS
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { LIVE = 40000, WAITERS = 3 };

struct cell {
    struct cell *next;
    char bytes[48];
};

static struct cell *live; /* enough for helpers to take part in marking */
static atomic_int is_pending, reached;
static void *uncollectable;

static void wait_for_request(void)
{
    while (!atomic_load(&is_pending))
        sched_yield();
}

static void make_garbage(size_t count)
{
    for (size_t i = 0; i < count; i++)
        memset(GC_malloc(100), 1, 100);
}

/* ---- What the thread calls ---- */

static void finalize(void *object, void *data)
{
    (void)object, (void)data;
}

static void *nothing(void *data)
{
    return data;
}

static void allocate(void)
{
    make_garbage(check_scale(30000));
}

static void collect_all(void)
{
    for (int i = 0; i < 3; i++)
        GC_gcollect();
}

static void free_and_grow(void)
{
    char *object = GC_malloc(40);

    for (size_t bytes = 40; bytes < 100000; bytes *= 3)
        object = GC_realloc(object, bytes);
    GC_free(object);
    GC_free(GC_malloc_uncollectable(100000));
}

static void register_things(void)
{
    void **object = GC_malloc(sizeof *object);

    GC_register_finalizer(object, finalize, NULL, NULL, NULL);
    GC_general_register_disappearing_link(object, object);
    GC_unregister_disappearing_link(object);
    EXPECT(GC_get_heap_size() > 0 && GC_base(object) == object, "%p", (void *)object);
    GC_do_blocking(nothing, NULL);
    GC_call_with_alloc_lock(nothing, NULL);
}

static void start_another(void)
{
    pthread_t other;

    EXPECT(pthread_create(&other, NULL, nothing, NULL) == 0, "no thread");
    pthread_detach(other);
}

static void warn(void)
{
    GC_set_warn_proc(GC_ignore_warn_proc);
    GC_set_no_dls(GC_get_no_dls());
    GC_expand_hp(100000);
}

static void (*const acts[])(void) = {allocate,        collect_all,   free_and_grow,
                                     register_things, start_another, warn};

enum { ACTS = sizeof acts / sizeof acts[0] };

static void *act_cancelled(void *argument)
{
    void (*const *act)(void) = argument;

    wait_for_request();
    (*act)();
    GC_malloc(10);
    atomic_fetch_add(&reached, 1);
    pthread_testcancel();
    return argument;
}

static void cancel_and_join(pthread_t thread, const char *what, size_t number)
{
    void *result = NULL;

    EXPECT(pthread_join(thread, &result) == 0, "%s %zu", what, number);
    EXPECT(result == PTHREAD_CANCELED, "%s %zu was not cancelled", what, number);
}

static void check_acts(void)
{
    for (size_t i = 0; i < ACTS; i++) {
        pthread_t thread;

        atomic_store(&is_pending, 0);
        atomic_store(&reached, 0);
        EXPECT(pthread_create(&thread, NULL, act_cancelled, (void *)(uintptr_t)&acts[i]) == 0,
               "%zu", i);
        pthread_cancel(thread);
        atomic_store(&is_pending, 1);
        cancel_and_join(thread, "act", i);
        EXPECT(atomic_load(&reached) == 1, "act %zu ended in a call of the collector", i);
        GC_gcollect();
    }
}

/* The stock library's takes its lock. */
#undef pthread_cancel

/* Threads that wait for the collector's lock are asked to end meanwhile. */
static void check_waiters(void)
{
    static void (*const way)(void) = collect_all;
    pthread_t threads[WAITERS];

    atomic_store(&is_pending, 0);
    atomic_store(&reached, 0);
    for (size_t i = 0; i < WAITERS; i++)
        EXPECT(pthread_create(&threads[i], NULL, act_cancelled, (void *)(uintptr_t)&way) == 0,
               "%zu", i);
    GC_alloc_lock();
    atomic_store(&is_pending, 1);
    for (int i = 0; i < 1000; i++)
        sched_yield();
    for (size_t i = 0; i < WAITERS; i++)
        pthread_cancel(threads[i]);
    GC_alloc_unlock();
    for (size_t i = 0; i < WAITERS; i++)
        cancel_and_join(threads[i], "waiter", i);
    EXPECT(atomic_load(&reached) == WAITERS, "%d", atomic_load(&reached));
}

/*
 * A thread that may be cancelled at any instruction must not call the collector, and some do. With
 * ours the others go on.
 */
static void *allocate_asynchronously(void *argument)
{
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    atomic_store(&is_pending, 1);
    for (;;) {
        GC_free(GC_malloc(100));
        GC_malloc(10000);
        GC_malloc_atomic(20);
    }
    return argument;
}

static void check_asynchronous(void)
{
    const char *options = getenv("TERRIER_OPTIONS");

    /* The C library's malloc cannot be left at any place either. */
    if (!is_drop_in() || (options != NULL && strstr(options, "objects=malloc") != NULL))
        return;
    for (size_t i = 0; i < check_scale(100); i++) {
        pthread_t thread;

        atomic_store(&is_pending, 0);
        EXPECT(pthread_create(&thread, NULL, allocate_asynchronously, NULL) == 0, "%zu", i);
        wait_for_request();
        for (size_t k = 0; k < i * 37 % 1000; k++)
            GC_malloc(16);
        pthread_cancel(thread);
        cancel_and_join(thread, "asynchronous", i);
        make_garbage(100);
        GC_gcollect();
    }
}

extern void __tsan_init(void) __attribute__((weak));

int main(void)
{
    GC_INIT();
    for (int i = 0; i < LIVE; i++) {
        struct cell *cell = GC_malloc(sizeof *cell);

        cell->next = live;
        live = cell;
    }
    uncollectable = GC_malloc_uncollectable(100);
    check_acts();
    check_waiters();
    if (__tsan_init == NULL)
        check_asynchronous();
    GC_free(uncollectable);
    GC_gcollect();
    return check_end();
}
