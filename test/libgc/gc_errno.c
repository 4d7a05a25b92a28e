/* SPDX-License-Identifier: MIT */
/*
 * A call that succeeds leaves errno as it was: while threads are stopped, the heap grows and
 * shrinks, finalizers and callbacks of the program change errno, threads come and go.
 */
#define GC_THREADS
#include "check.h"

#include <gc/gc_disclaim.h>
#include <gc/gc_gcj.h>
#include <gc/gc_mark.h>
#include <gc/gc_typed.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define MARK 12345

/* The stock library lets show that it had to wait for threads; not so before there are any. */
static bool is_strict = true;

/* KEEPS(call): errno is MARK before, and after. */
#define KEEPS(call)                                                                                \
    do {                                                                                           \
        errno = MARK;                                                                              \
        call;                                                                                      \
        EXPECT(errno == MARK || !is_strict, "errno %d after %s", errno, #call);                    \
    } while (0)

static void *volatile kept[64];

/* ---- The program's functions, which change it ---- */

/* With the stock library, what they set is seen after the call. */
static void set_wrong(void)
{
    if (is_drop_in())
        errno = EDOM;
}

static void GC_CALLBACK finalize(void *object, void *data)
{
    (void)object, (void)data;
    set_wrong();
}

static void GC_CALLBACK on_event(GC_EventType event)
{
    (void)event;
    set_wrong();
}

static void GC_CALLBACK on_resize(GC_word bytes)
{
    (void)bytes;
    set_wrong();
}

static void GC_CALLBACK notify(void)
{
    set_wrong();
}

static int GC_CALLBACK go_on(void)
{
    set_wrong();
    return 0;
}

/* What these leave is the caller's. */
static void *GC_CALLBACK set_errno(void *data)
{
    errno = ERANGE;
    return data;
}

static void *GC_CALLBACK set_errno_with_base(struct GC_stack_base *base, void *data)
{
    (void)base;
    errno = ERANGE;
    return data;
}

static void GC_CALLBACK visit(void *object, size_t bytes, void *data)
{
    (void)object, (void)bytes, (void)data;
}

/* ---- All that there is ---- */

static void allocate(size_t bytes)
{
    void *object = NULL, *link = NULL;
    GC_word bits = 1, descriptor = 0;

    KEEPS(object = GC_malloc(bytes));
    KEEPS(object = GC_realloc(object, bytes * 2));
    KEEPS(object = GC_realloc(object, bytes * 40));
    KEEPS(GC_free(object));
    KEEPS(object = GC_malloc_atomic(bytes));
    KEEPS(GC_free(object));
    KEEPS(object = GC_malloc_uncollectable(bytes));
    KEEPS(GC_free(object));
    KEEPS(object = GC_malloc_atomic_uncollectable(bytes));
    KEEPS(GC_free(object));
    KEEPS(object = GC_malloc_ignore_off_page(bytes));
    KEEPS(object = GC_malloc_atomic_ignore_off_page(bytes));
    KEEPS(object = GC_generic_malloc(bytes, 1));
    KEEPS(object = GC_malloc_many(bytes));
    KEEPS(object = GC_memalign(256, bytes));
    KEEPS(GC_posix_memalign(&object, 256, bytes));
    KEEPS(object = GC_strdup("text"));
    KEEPS(descriptor = GC_make_descriptor(&bits, 1));
    KEEPS(object = GC_malloc_explicitly_typed(bytes, descriptor));
    KEEPS(object = GC_calloc_explicitly_typed(bytes / 16 + 1, 16, descriptor));
    KEEPS(object = GC_debug_malloc(bytes, GC_EXTRAS));
    KEEPS(object = GC_debug_realloc(object, bytes * 2, GC_EXTRAS));
    KEEPS(GC_debug_free(object));
    KEEPS(object = GC_malloc(bytes));
    KEEPS(GC_register_finalizer(object, finalize, NULL, NULL, NULL));
    KEEPS(GC_register_finalizer_no_order(GC_malloc(16), finalize, NULL, NULL, NULL));
    link = object;
    KEEPS(GC_general_register_disappearing_link(&link, object));
    KEEPS(GC_unregister_disappearing_link(&link));
    KEEPS(GC_register_long_link(&link, object));
    KEEPS(GC_unregister_long_link(&link));
    kept[bytes % 64] = object;
}

static void ask(void)
{
    struct GC_prof_stats_s stats;
    GC_word figures[5];
    void *object = GC_malloc(100);

    KEEPS(GC_get_heap_size());
    KEEPS(GC_get_free_bytes());
    KEEPS(GC_get_total_bytes());
    KEEPS(GC_get_obtained_from_os_bytes());
    KEEPS(GC_get_memory_use());
    KEEPS(GC_get_heap_usage_safe(&figures[0], &figures[1], &figures[2], &figures[3], &figures[4]));
    KEEPS(GC_get_prof_stats(&stats, sizeof stats));
    KEEPS(GC_base(object));
    KEEPS(GC_size(object));
    KEEPS(GC_is_heap_ptr(object));
    KEEPS(GC_enumerate_reachable_objects_inner(visit, NULL));
    KEEPS(GC_should_invoke_finalizers());
    KEEPS(GC_invoke_finalizers());
}

static void collect_all(void)
{
    static char root[64];

    KEEPS(GC_gcollect());
    KEEPS(GC_try_to_collect(go_on));
    KEEPS(GC_collect_a_little());
    KEEPS(GC_add_roots(root, root + sizeof root));
    KEEPS(GC_gcollect());
    KEEPS(GC_remove_roots(root, root + sizeof root));
    KEEPS(GC_expand_hp(MIB));
    KEEPS(GC_disable());
    KEEPS(GC_enable());
    KEEPS(kept[0] = GC_malloc(32 * MIB));
    kept[0] = NULL;
    KEEPS(GC_gcollect_and_unmap());
}

static void *do_nothing(void *data)
{
    return data;
}

static void change_threads(void)
{
    pthread_t thread;

    KEEPS(EXPECT(GC_pthread_create(&thread, NULL, do_nothing, NULL) == 0, "a thread"));
    KEEPS(GC_pthread_join(thread, NULL));
    KEEPS(EXPECT(GC_pthread_create(&thread, NULL, do_nothing, NULL) == 0, "a thread"));
    KEEPS(GC_pthread_detach(thread));
    errno = MARK;
    GC_do_blocking(set_errno, NULL);
    EXPECT(errno == ERANGE, "GC_do_blocking hides errno: %d", errno);
    errno = MARK;
    GC_call_with_gc_active(set_errno, NULL);
    EXPECT(errno == ERANGE, "GC_call_with_gc_active hides errno: %d", errno);
    errno = MARK;
    GC_call_with_alloc_lock(set_errno, NULL);
    EXPECT(errno == ERANGE, "GC_call_with_alloc_lock hides errno: %d", errno);
    errno = MARK;
    GC_call_with_stack_base(set_errno_with_base, NULL);
    EXPECT(errno == ERANGE, "GC_call_with_stack_base hides errno: %d", errno);
}

static void exercise(void)
{
    for (size_t i = 0; i < check_scale(300); i++)
        allocate(1 + i * 7 % 3000 + (i % 50 == 0 ? 100000 : 0));
    ask();
    collect_all();
    change_threads();
}

static void *register_by_hand(void *unused)
{
    struct GC_stack_base base;

    KEEPS(GC_get_stack_base(&base));
    KEEPS(EXPECT(GC_register_my_thread(&base) != GC_NO_THREADS, "a thread"));
    KEEPS(GC_malloc(1000));
    KEEPS(GC_thread_is_registered());
    return unused;
}

static atomic_int over;

static void *run_beside(void *unused)
{
    while (!atomic_load(&over)) {
        KEEPS(GC_malloc(64));
        usleep(200);
    }
    return unused;
}

int main(void)
{
    pthread_t threads[3], thread;

    KEEPS(GC_INIT());
    exercise();
    is_strict = is_drop_in();
    KEEPS(GC_allow_register_threads());
    GC_set_on_collection_event(on_event);
    GC_set_on_heap_resize(on_resize);
    GC_set_stop_func(go_on);
    for (size_t i = 0; i < 3; i++)
        EXPECT(GC_pthread_create(&threads[i], NULL, run_beside, NULL) == 0, "a thread");
    EXPECT(GC_pthread_create(&thread, NULL, register_by_hand, NULL) == 0, "a thread");
    GC_pthread_join(thread, NULL);
    for (size_t i = 0; i < check_scale(20); i++)
        exercise();
    GC_set_finalize_on_demand(1);
    GC_set_finalizer_notifier(notify);
    exercise();
    atomic_store(&over, 1);
    for (size_t i = 0; i < 3; i++)
        GC_pthread_join(threads[i], NULL);
    return check_end();
}
