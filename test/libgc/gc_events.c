/* SPDX-License-Identifier: MIT */
/* Events of collections and threads, figures of time, the function that may put collections off. */
#define GC_THREADS
#include "check.h"

#include <pthread.h>
#include <stdatomic.h>

enum { MOST = 10000, THREADS = 3 };

static int events[MOST];
static size_t count;
static void *suspended[MOST];
static size_t suspended_count, resumed_count;

static void GC_CALLBACK note(GC_EventType event)
{
    if (count < MOST)
        events[count++] = (int)event;
}

static void GC_CALLBACK note_thread(GC_EventType event, void *thread)
{
    if (event == GC_EVENT_THREAD_SUSPENDED && suspended_count < MOST)
        suspended[suspended_count++] = thread;
    else if (event == GC_EVENT_THREAD_UNSUSPENDED)
        resumed_count++;
}

static size_t position(GC_EventType event)
{
    size_t found = MOST, times = 0;

    for (size_t i = 0; i < count; i++)
        if (events[i] == (int)event) {
            found = i;
            times++;
        }
    EXPECT(times == 1, "event %d came %zu times", (int)event, times);
    return found;
}

static void test_collection_events(void)
{
    EXPECT(GC_get_on_collection_event() == 0, "there is a function");
    GC_set_on_collection_event(note);
    EXPECT(GC_get_on_collection_event() == note, "the function is another");
    GC_gcollect();
    GC_set_on_collection_event(0);
    EXPECT(count == 10, "%zu events", count);
    EXPECT(position(GC_EVENT_START) == 0, "first");
    EXPECT(position(GC_EVENT_PRE_STOP_WORLD) == 1, "second");
    EXPECT(position(GC_EVENT_POST_STOP_WORLD) == 2, "third");
    EXPECT(position(GC_EVENT_MARK_START) == 3, "fourth");
    EXPECT(position(GC_EVENT_MARK_END) == 4, "fifth");
    EXPECT(position(GC_EVENT_RECLAIM_START) < position(GC_EVENT_RECLAIM_END), "reclaiming");
    EXPECT(position(GC_EVENT_PRE_START_WORLD) < position(GC_EVENT_POST_START_WORLD), "starting");
    EXPECT(position(GC_EVENT_END) == 9, "last");
}

/* ---- Threads ---- */

static pthread_barrier_t barrier;

/* Not in a call of the library while the others are stopped. */
static void *turn_around(void *argument)
{
    while (!atomic_load((atomic_bool *)argument))
        ;
    return NULL;
}

static void *wait_around(void *argument)
{
    pthread_barrier_wait(&barrier);
    return turn_around(argument);
}

static void test_thread_events(void)
{
    static atomic_bool done;
    pthread_t threads[THREADS];

    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (unsigned i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, wait_around, &done) != 0)
            abort();
    pthread_barrier_wait(&barrier);
    EXPECT(GC_get_on_thread_event() == 0, "there is a function");
    GC_set_on_thread_event(note_thread);
    EXPECT(GC_get_on_thread_event() == note_thread, "the function is another");
    GC_gcollect();
    GC_set_on_thread_event(0);
    EXPECT(suspended_count == THREADS && resumed_count == THREADS, "%zu, %zu", suspended_count,
           resumed_count);
    for (unsigned i = 0; i < THREADS; i++) {
        bool found = false;

        for (size_t j = 0; j < suspended_count; j++)
            found = found || suspended[j] == (void *)threads[i];
        EXPECT(found, "thread %u", i);
    }
    atomic_store(&done, true);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&barrier);
}

/* A thread is registered when GC_pthread_create returns: the next collection stops it. */
static void test_registered_at_once(void)
{
    static atomic_bool done;

    for (unsigned i = 0; i < 50; i++) {
        pthread_t thread;

        atomic_store(&done, false);
        suspended_count = 0;
        GC_set_on_thread_event(note_thread);
        if (pthread_create(&thread, NULL, turn_around, &done) != 0)
            abort();
        GC_gcollect();
        GC_set_on_thread_event(0);
        EXPECT(suspended_count > 0, "thread %u is not known yet", i);
        atomic_store(&done, true);
        pthread_join(thread, NULL);
    }
}

/* ---- Not now ---- */

static unsigned questions;

static int GC_CALLBACK not_now(void)
{
    questions++;
    return 1;
}

static int GC_CALLBACK go_on(void)
{
    questions++;
    return 0;
}

static void test_stop_function(void)
{
    GC_stop_func usual = GC_get_stop_func();
    GC_word collections;

    EXPECT(usual != 0 && usual() == 0, "the usual function");
    GC_set_stop_func(not_now);
    EXPECT(GC_get_stop_func() == not_now, "the function is another");
    collections = GC_get_gc_no();
    GC_gcollect();
    for (size_t i = 0; i < 20000; i++)
        (void)GC_malloc(100);
    EXPECT(GC_get_gc_no() == collections, "%zu collections",
           (size_t)(GC_get_gc_no() - collections));
    EXPECT(questions > 0, "nobody asked");
    GC_gcollect_and_unmap();
    EXPECT(GC_get_gc_no() == collections + 1, "unmapping does not ask");
    EXPECT(GC_try_to_collect(not_now) == 0, "not now");
    questions = 0;
    EXPECT(GC_try_to_collect(go_on) == 1, "go on");
    EXPECT(questions > 0, "nobody asked");
    GC_set_stop_func(usual);
    GC_gcollect();
    EXPECT(GC_get_gc_no() >= collections + 3, "%zu", (size_t)GC_get_gc_no());
}

static void test_automatic(void)
{
    GC_word collections;

    EXPECT(GC_get_disable_automatic_collection() == 0, "off");
    GC_set_disable_automatic_collection(1);
    EXPECT(GC_get_disable_automatic_collection() == 1, "on");
    collections = GC_get_gc_no();
    for (size_t i = 0; i < 50000; i++)
        (void)GC_malloc(200);
    /* Stress is not automatic. */
    if (getenv("TERRIER_OPTIONS") == NULL)
        EXPECT(GC_get_gc_no() == collections, "%zu collections",
               (size_t)(GC_get_gc_no() - collections));
    GC_gcollect();
    EXPECT(GC_get_gc_no() > collections, "by name it goes");
    GC_set_disable_automatic_collection(0);
}

static void test_time(void)
{
    unsigned long before;

    EXPECT(GC_get_full_gc_total_time() == 0, "%lu", GC_get_full_gc_total_time());
    GC_start_performance_measurement();
    before = GC_get_full_gc_total_time();
    for (size_t i = 0; i < 200 && GC_get_full_gc_total_time() <= before; i++)
        GC_gcollect();
    EXPECT(GC_get_full_gc_total_time() < 100000, "%lu", GC_get_full_gc_total_time());
}

int main(void)
{
    GC_INIT();
    test_collection_events();
    test_thread_events();
    test_registered_at_once();
    test_stop_function();
    test_automatic();
    test_time();
    return check_end();
}
