/* SPDX-License-Identifier: MIT */
/*
 * Libraries that go at every point of a collection: in the program's callbacks, in a thread that
 * nobody stops, and in one that is stopped in the middle of it. Constructors allocate meanwhile.
 *
 * The stock library makes its list of data before the world stops and reads what is gone.
 */
#define GC_THREADS
#define GC_NO_THREAD_REDIRECTS
#define _GNU_SOURCE
#include "check.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static char path[4096];

static void find_library(const char *program)
{
    const char *slash = strrchr(program, '/');
    int length = slash == NULL ? 1 : (int)(slash - program);

    snprintf(path, sizeof path, "%.*s/libgc_come_and_go.so", length, slash == NULL ? "." : program);
}

static void *load(void)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return library;
}

/* ---- At a point of a collection ---- */

enum who { COLLECTOR, FREE_THREAD };

static void *_Atomic to_close;
static enum who who;
static GC_EventType when;
static atomic_uint closed;
static atomic_bool over;

static void *close_when_told(void *argument)
{
    while (!atomic_load(&over)) {
        void *library = atomic_exchange(&to_close, NULL);

        if (library != NULL) {
            dlclose(library);
            atomic_fetch_add(&closed, 1);
        }
        sched_yield();
    }
    return argument;
}

static void *_Atomic opened;

static void GC_CALLBACK on_event(GC_EventType event)
{
    void *library;

    if (event != when || (library = atomic_exchange(&opened, NULL)) == NULL)
        return;
    if (who == COLLECTOR) {
        dlclose(library);
        atomic_fetch_add(&closed, 1);
        return;
    }
    /* The other does it now, or as soon as it can; it need not be done. */
    atomic_store(&to_close, library);
    for (unsigned i = 0; i < 20 && atomic_load(&closed) == 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000 * 1000}, NULL);
}

static void test_event(GC_EventType event, enum who closer)
{
    void **made;
    void *(*get)(void), *library = load();

    *(void **)&get = dlsym(library, "library_made");
    made = get();
    collect();
    EXPECT(made != NULL && GC_base(made) == made && get() == made, "%p", (void *)made);
    atomic_store(&closed, 0);
    who = closer;
    when = event;
    atomic_store(&opened, library);
    collect();
    while (atomic_load(&closed) == 0)
        sched_yield();
    collect();
}

static void test_events(void)
{
    static const GC_EventType events[] = {GC_EVENT_START,           GC_EVENT_PRE_STOP_WORLD,
                                          GC_EVENT_POST_STOP_WORLD, GC_EVENT_MARK_START,
                                          GC_EVENT_MARK_END,        GC_EVENT_POST_START_WORLD};

    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        test_event(events[i], COLLECTOR);
        test_event(events[i], FREE_THREAD);
    }
}

/* ---- At any time ---- */

static void *come_and_go(void *argument)
{
    size_t rounds = check_scale(200);

    for (size_t i = 0; i < rounds; i++)
        dlclose(load());
    return argument;
}

static void *come_and_go_registered(void *argument)
{
    struct GC_stack_base base;

    GC_get_stack_base(&base);
    GC_register_my_thread(&base);
    come_and_go(argument);
    GC_unregister_my_thread();
    return argument;
}

static void *count_rounds(void *done)
{
    come_and_go(NULL);
    atomic_store((atomic_bool *)done, true);
    return NULL;
}

static void test_storm(void)
{
    atomic_bool done = false;
    pthread_t threads[3];

    if (pthread_create(&threads[0], NULL, come_and_go_registered, NULL) != 0 ||
        pthread_create(&threads[1], NULL, come_and_go_registered, NULL) != 0 ||
        pthread_create(&threads[2], NULL, count_rounds, &done) != 0)
        abort();
    while (!atomic_load(&done)) {
        for (unsigned i = 0; i < 100; i++)
            GC_malloc(64);
        GC_gcollect();
    }
    for (unsigned i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}

int main(int count, char **arguments)
{
    pthread_t thread;

    (void)count;
    if (!is_drop_in()) {
        puts("SKIP: the stock library reads data of libraries that are gone");
        return 77;
    }
    find_library(arguments[0]);
    GC_INIT();
    GC_allow_register_threads();
    GC_set_on_collection_event(on_event);
    if (pthread_create(&thread, NULL, close_when_told, NULL) != 0)
        abort();
    test_events();
    atomic_store(&over, true);
    pthread_join(thread, NULL);
    GC_set_on_collection_event(0);
    test_storm();
    return check_end();
}
