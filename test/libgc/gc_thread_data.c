/* SPDX-License-Identifier: MIT */
/*
 * What only a thread's own data refer to: variables of libraries that were loaded late, values of
 * pthread_setspecific with many keys; in the main thread and in others, when it collects itself,
 * stands, or blocks. The stock library looks at what happens to lie in the thread's stack.
 */
#define GC_THREADS
#define _GNU_SOURCE
#include "check.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { KEYS = 300, MOST = 200, THREADS = 3 };

static pthread_key_t keys[KEYS];
static void **(*get_late)(void), **(*get_large)(void), **(*get_early)(void);
static char folder[4096];

struct watched {
    void **links; /* to the objects, hidden from the collector */
    size_t count;
};

static NOINLINE void *watch(struct watched *watched)
{
    void *object = GC_malloc(40);
    size_t number = watched->count++;

    watched->links[number] = object;
    GC_general_register_disappearing_link(&watched->links[number], object);
    return object;
}

static void check_all(const struct watched *watched, const char *where)
{
    size_t alive = 0;

    for (size_t i = 0; i < watched->count; i++)
        alive += watched->links[i] != NULL;
    EXPECT(alive == watched->count, "%zu of %zu: %s", alive, watched->count, where);
}

static NOINLINE void fill(struct watched *watched, void **places, size_t count)
{
    for (size_t i = 0; i < count; i++)
        places[i] = watch(watched);
}

static NOINLINE void fill_keys(struct watched *watched)
{
    for (size_t i = 0; i < KEYS; i++)
        if (pthread_setspecific(keys[i], watch(watched)) != 0)
            abort();
}

static NOINLINE void fill_all(struct watched *watched)
{
    watched->links = GC_malloc_atomic_uncollectable((3 * MOST + KEYS) * sizeof(void *));
    watched->count = 0;
    fill_keys(watched);
    fill(watched, get_late(), MOST);
    fill(watched, get_large(), MOST);
    fill(watched, get_early(), 8);
}

/* The links stay: they are still known to the collector. */
static NOINLINE void clear_all(void)
{
    memset(get_late(), 0, MOST * sizeof(void *));
    memset(get_large(), 0, MOST * sizeof(void *));
    memset(get_early(), 0, 8 * sizeof(void *));
    for (size_t i = 0; i < KEYS; i++)
        pthread_setspecific(keys[i], NULL);
}

/* ---- Libraries ---- */

static void *load(const char *name)
{
    char path[sizeof folder + 100];
    void *library;

    snprintf(path, sizeof path, "%s/libgc_%s.so", folder, name);
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(1);
    }
    return library;
}

static void *get(void *library, const char *name)
{
    void *symbol = dlsym(library, name);

    if (symbol == NULL)
        abort();
    return symbol;
}

static void find_folder(const char *program)
{
    const char *slash = strrchr(program, '/');
    int length = slash == NULL ? 1 : (int)(slash - program);

    snprintf(folder, sizeof folder, "%.*s", length, slash == NULL ? "." : program);
}

/* ---- Threads ---- */

static atomic_uint ready;
static atomic_bool go_on;

static void *wait_to_go_on(void *argument)
{
    atomic_fetch_add(&ready, 1);
    while (!atomic_load(&go_on))
        sched_yield();
    return argument;
}

static void *run(void *blocks)
{
    struct watched watched;

    fill_all(&watched);
    clear_stack();
    if (blocks != NULL)
        GC_do_blocking(wait_to_go_on, NULL);
    else
        wait_to_go_on(NULL);
    check_all(&watched, blocks != NULL ? "in a thread that blocks" : "in a thread that stands");
    collect();
    check_all(&watched, "in a thread that collects");
    clear_all();
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[2 * THREADS];

    atomic_store(&ready, 0);
    atomic_store(&go_on, false);
    for (size_t i = 0; i < 2 * THREADS; i++)
        if (pthread_create(&threads[i], NULL, run, i % 2 == 0 ? NULL : &go_on) != 0)
            abort();
    while (atomic_load(&ready) != 2 * THREADS)
        sched_yield();
    for (unsigned i = 0; i < 3; i++)
        collect();
    atomic_store(&go_on, true);
    for (size_t i = 0; i < 2 * THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void test_main_collects(void)
{
    struct watched watched;

    fill_all(&watched);
    for (unsigned i = 0; i < 3; i++)
        collect();
    check_all(&watched, "in the main thread");
    clear_all();
}

static void *collect_for_main(void *argument)
{
    while (atomic_load(&ready) == 0)
        sched_yield();
    collect();
    collect();
    atomic_store(&go_on, true);
    return argument;
}

static void test_main_stands(bool blocks)
{
    struct watched watched;
    pthread_t thread;

    atomic_store(&ready, 0);
    atomic_store(&go_on, false);
    if (pthread_create(&thread, NULL, collect_for_main, NULL) != 0)
        abort();
    fill_all(&watched);
    clear_stack();
    if (blocks)
        GC_do_blocking(wait_to_go_on, NULL);
    else
        wait_to_go_on(NULL);
    pthread_join(thread, NULL);
    check_all(&watched, "in the main thread, which does not collect");
    clear_all();
}

int main(int count, char **arguments)
{
    void *early, *late;

    (void)count;
    if (!is_drop_in()) {
        puts("SKIP: the stock library looks at a thread's stack only");
        return 77;
    }
#ifndef __GLIBC__
    puts("SKIP: of other threads, only glibc tells where their data are");
    return 77;
#endif
    find_folder(arguments[0]);
    GC_INIT();
    for (size_t i = 0; i < KEYS; i++)
        if (pthread_key_create(&keys[i], NULL) != 0)
            abort();
    for (unsigned round = 0; round < 3; round++) {
        early = load("early_data");
        late = load("late_data");
        *(void **)&get_early = get(early, "library_early");
        *(void **)&get_late = get(late, "library_late");
        *(void **)&get_large = get(late, "library_large");
        test_main_collects();
        test_threads();
        test_main_stands(false);
        test_main_stands(true);
        /* In the next round another library may have the number that this one had. */
        dlclose(late);
        dlclose(early);
        collect();
    }
    return check_end();
}
