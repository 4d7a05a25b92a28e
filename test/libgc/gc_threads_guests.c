/* SPDX-License-Identifier: MIT */
/*
 * Threads that nobody registered call the collector's functions: all of them are served, and no
 * collection waits for one that blocks signals or takes them by sigwait. What such a thread holds
 * on its stack lives with our library, while signals reach it.
 */
#define GC_THREADS
#include "check.h"

#include <gc/gc_mark.h>
#include <gc/gc_typed.h>

#undef pthread_create
#undef pthread_join
#undef pthread_sigmask
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_bool over;

static void *nothing(void *data)
{
    return data;
}

static void finalize(void *object, void *data)
{
    (void)object, (void)data;
}

/* ---- Every sort of function ---- */

static void call_allocators(void)
{
    void *list = GC_malloc_many(32);
    void *object = NULL;

    EXPECT(list != NULL, "no list");
    EXPECT(GC_malloc(10) && GC_malloc_atomic(10) && GC_malloc_uncollectable(10), "none");
    EXPECT(GC_malloc_ignore_off_page(100000) && GC_malloc_atomic_ignore_off_page(10), "none");
    EXPECT(GC_strdup("text") && GC_memalign(64, 100) && GC_realloc(NULL, 10), "none");
    EXPECT(GC_posix_memalign(&object, 64, 10) == 0, "none");
    EXPECT(GC_realloc(GC_malloc(10), 10000) != NULL, "none");
    EXPECT(GC_realloc(GC_malloc(10), 0) == NULL, "some");
    EXPECT(GC_debug_malloc(10, "file", 1) != NULL, "none");
    GC_debug_free(GC_debug_malloc(10, "file", 1));
    GC_free(GC_malloc_uncollectable(100));
    GC_free(GC_malloc(100000));
    GC_free(NULL);
    EXPECT(GC_malloc_explicitly_typed(32, GC_make_descriptor((GC_word[]){1}, 2)) != NULL, "none");
    EXPECT(GC_calloc_explicitly_typed(4, 32, GC_make_descriptor((GC_word[]){1}, 2)) != NULL,
           "none");
}

static void call_the_rest(void)
{
    void **object = GC_malloc(sizeof *object);
    struct GC_stack_base base;

    EXPECT(GC_base(object) == object && GC_size(object) >= sizeof *object, "%p", (void *)object);
    EXPECT(GC_is_heap_ptr(object) && GC_get_heap_size() > 0, "%p", (void *)object);
    GC_register_finalizer(object, finalize, NULL, NULL, NULL);
    GC_general_register_disappearing_link(object, object);
    GC_unregister_disappearing_link(object);
    GC_add_roots(&base, &base + 1);
    GC_remove_roots(&base, &base + 1);
    EXPECT(GC_call_with_alloc_lock(nothing, object) == object, "%p", (void *)object);
    EXPECT(GC_get_stack_base(&base) == GC_SUCCESS && (char *)base.mem_base > (char *)&base, "%p",
           base.mem_base);
    GC_invoke_finalizers();
    GC_disable();
    GC_enable();
    GC_expand_hp(10000);
    EXPECT(!GC_thread_is_registered(), "it is registered");
    /* The stock library stops a program that collects in such a thread. */
    if (!is_drop_in())
        return;
    GC_gcollect();
    GC_collect_a_little();
    GC_try_to_collect(GC_get_stop_func());
    EXPECT(GC_do_blocking(nothing, object) == object, "%p", (void *)object);
    EXPECT(GC_call_with_gc_active(nothing, object) == object, "%p", (void *)object);
    EXPECT(GC_get_my_stackbottom(&base) != NULL && (char *)base.mem_base > (char *)&base, "%p",
           base.mem_base);
    EXPECT(GC_unregister_my_thread() != GC_SUCCESS, "it was registered");
}

static void *call_all(void *argument)
{
    call_allocators();
    call_the_rest();
    return argument;
}

/* A guest may register itself after all, and be a guest again. */
static void *register_late(void *argument)
{
    struct GC_stack_base base;
    char *volatile kept = GC_malloc_atomic(100);

    memset(kept, 5, 100);
    GC_get_stack_base(&base);
    EXPECT(GC_register_my_thread(&base) == GC_SUCCESS, "not registered");
    EXPECT(GC_register_my_thread(&base) == GC_DUPLICATE, "twice");
    GC_gcollect();
    if (is_drop_in())
        EXPECT(is_filled(kept, 5, 100), "lost");
    EXPECT(GC_unregister_my_thread() == GC_SUCCESS, "not unregistered");
    GC_free(GC_malloc(10));
    return argument;
}

/* ---- Beside collections ---- */

static void *keep_on_stack(void *argument)
{
    for (size_t i = 0; is_drop_in() && i < check_scale(300); i++) {
        char *volatile kept = GC_malloc_atomic(100);

        memset(kept, 3, 100);
        for (int k = 0; k < 20; k++)
            memset(GC_malloc_atomic(100), 255, 100);
        sched_yield();
        EXPECT(is_filled(kept, 3, 100), "an object on the stack was lost");
    }
    return argument;
}

/* As libraries do that want none of the program's signals. */
static void *block_signals(void *argument)
{
    sigset_t all, now;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    while (!atomic_load(&over)) {
        GC_free(GC_malloc_uncollectable(100));
        usleep(200);
    }
    pthread_sigmask(SIG_SETMASK, NULL, &now);
    EXPECT(sigismember(&now, SIGPWR) == 1 && sigismember(&now, SIGXCPU) == 1, "the mask changed");
    return argument;
}

/* It blocked them only after its first call. */
static void *take_signals(void *argument)
{
    sigset_t all;
    int number = 0;

    GC_free(GC_malloc_uncollectable(100));
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    while (number != SIGUSR1)
        sigwait(&all, &number);
    GC_free(GC_malloc_uncollectable(100));
    return argument;
}

static void check_beside_collections(void)
{
    void *(*const ways[])(void *) = {keep_on_stack, keep_on_stack, block_signals, take_signals};
    pthread_t threads[4];
    sigset_t last;

    /* It may come before the thread waits. */
    sigemptyset(&last);
    sigaddset(&last, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &last, NULL);
    for (int i = 0; i < 4; i++)
        EXPECT(pthread_create(&threads[i], NULL, ways[i], NULL) == 0, "%d", i);
    for (size_t i = 0; i < check_scale(40); i++) {
        GC_gcollect();
        usleep(500);
    }
    for (int i = 0; i < 2; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0, "%d", i);
    atomic_store(&over, true);
    pthread_kill(threads[3], SIGUSR1);
    for (int i = 2; i < 4; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0, "%d", i);
}

static void in_new_thread(void *(*function)(void *))
{
    pthread_t thread;

    EXPECT(pthread_create(&thread, NULL, function, NULL) == 0, "no thread");
    EXPECT(pthread_join(thread, NULL) == 0, "not joined");
    GC_gcollect();
}

int main(void)
{
    GC_INIT();
    /* The very first call of another thread, before anything was said of threads. */
    in_new_thread(call_all);
    GC_allow_register_threads();
    in_new_thread(call_all);
    in_new_thread(register_late);
    in_new_thread(keep_on_stack);
    check_beside_collections();
    return check_end();
}
