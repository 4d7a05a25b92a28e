/* SPDX-License-Identifier: MIT */
/*
 * What a program may ask in its callbacks, in any thread: the figures that gc.h calls
 * unsynchronised wait for nothing; what is made to be called with the lock held works with it held.
 * What must not be called there is said in one line, where the stock library waits for itself for
 * ever.
 */
#define GC_THREADS
#define GC_NO_THREAD_REDIRECTS
#include "check.h"

#include <pthread.h>

#include <gc/gc_disclaim.h>
#include <gc/gc_mark.h>

#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Figures ---- */

enum place {
    COLLECTION_EVENT,
    THREAD_EVENT,
    HEAP_RESIZE,
    START_CALLBACK,
    PUSH_ROOTS,
    MARK_PROCEDURE,
    NOTIFIER,
    AWAIT_FINALIZE,
    TOGGLE,
    DISCLAIM,
    WARNING,
    OUT_OF_MEMORY,
    ALLOC_LOCK,
    BESIDE, /* in a thread that is not registered */
    PLACES
};

static atomic_uint asked[PLACES];
static _Atomic size_t total_seen;

static void ask(enum place place)
{
    struct GC_prof_stats_s stats;
    /* In this order, as others ask at the same time. */
    size_t seen = atomic_load(&total_seen), total = GC_get_total_bytes();
    size_t heap = GC_get_heap_size(), free = GC_get_free_bytes(), since;

    EXPECT(heap > 0, "%d: the heap has no size", place);
    EXPECT(free <= heap || place == BESIDE, "%d: %zu of %zu free", place, free, heap);
    since = GC_get_bytes_since_gc();
    /*
     * Who asks beside a collection, without the lock, may not hear yet what threads have
     * just taken.
     */
    EXPECT(since <= GC_get_total_bytes() || place == BESIDE, "%d: %zu since, less in all", place,
           since);
    /* Where other threads allocate meanwhile, the stock library's does so. */
    EXPECT(total >= seen || !is_drop_in(), "%d: the total went from %zu to %zu", place, seen,
           total);
    while (seen < total && !atomic_compare_exchange_weak(&total_seen, &seen, total))
        ;
    GC_get_expl_freed_bytes_since_gc();
    /* The stock library leaves these out of the size. */
    EXPECT(GC_get_unmapped_bytes() <= heap || !is_drop_in(), "%d: unmapped", place);
    EXPECT(GC_get_obtained_from_os_bytes() > 0, "%d: obtained", place);
    EXPECT(GC_get_prof_stats_unsafe(&stats, sizeof stats) == sizeof stats, "%d", place);
    EXPECT(stats.heapsize_full > 0, "%d: no size", place);
    EXPECT(GC_is_disabled() == 0, "%d: disabled", place);
    (void)GC_get_gc_no();
    (void)GC_get_parallel();
    (void)GC_get_size_map_at(16);
    atomic_fetch_add(&asked[place], 1);
}

static void GC_CALLBACK on_event(GC_EventType event)
{
    (void)event;
    ask(COLLECTION_EVENT);
}

static void GC_CALLBACK on_thread(GC_EventType event, void *thread)
{
    (void)event, (void)thread;
    ask(THREAD_EVENT);
}

static void GC_CALLBACK on_resize(GC_word bytes)
{
    (void)bytes;
    ask(HEAP_RESIZE);
}

static void GC_CALLBACK on_start(void)
{
    ask(START_CALLBACK);
}

static GC_push_other_roots_proc usual_push;

static void GC_CALLBACK push_roots(void)
{
    ask(PUSH_ROOTS);
    if (usual_push != 0)
        usual_push();
}

static struct GC_ms_entry *mark_nothing(GC_word *object, struct GC_ms_entry *stack,
                                        struct GC_ms_entry *limit, GC_word environment)
{
    (void)object, (void)limit, (void)environment;
    ask(MARK_PROCEDURE);
    return stack;
}

static void GC_CALLBACK notify(void)
{
    ask(NOTIFIER);
}

static void GC_CALLBACK await_finalize(void *object)
{
    (void)object;
    ask(AWAIT_FINALIZE);
}

static GC_ToggleRefStatus GC_CALLBACK toggle(void *object)
{
    (void)object;
    ask(TOGGLE);
    return GC_TOGGLE_REF_DROP;
}

static int GC_CALLBACK disclaim(void *object)
{
    (void)object;
    ask(DISCLAIM);
    return 0;
}

static void GC_CALLBACK warn(char *message, GC_word argument)
{
    (void)message, (void)argument;
    ask(WARNING);
}

static void *GC_CALLBACK out_of_memory(size_t bytes)
{
    (void)bytes;
    ask(OUT_OF_MEMORY);
    return NULL;
}

static void GC_CALLBACK finalize(void *object, void *data)
{
    (void)object, (void)data;
}

static void *GC_CALLBACK ask_locked(void *data)
{
    ask(ALLOC_LOCK);
    return data;
}

static atomic_int over, is_beside;

static void *ask_beside(void *unused)
{
    while (!atomic_load(&over))
        ask(BESIDE);
    return unused;
}

static void *allocate_beside(void *unused)
{
    struct GC_stack_base base;

    GC_get_stack_base(&base);
    EXPECT(GC_register_my_thread(&base) == GC_SUCCESS, "a thread");
    atomic_store(&is_beside, 1);
    while (!atomic_load(&over)) {
        memset(GC_malloc(100), 1, 100);
        usleep(50);
    }
    GC_unregister_my_thread();
    return unused;
}

static unsigned marked_kind, disclaimed_kind;

static NOINLINE void make_garbage(void)
{
    void **kept = NULL;

    for (size_t i = 0; i < 20000; i++) {
        if (i % 1000 == 0)
            GC_toggleref_add(GC_malloc(32), 1);
        if (i % 200 == 0)
            GC_register_finalizer(GC_malloc(32), finalize, NULL, NULL, NULL);
        if (i % 10 == 0) {
            void **object = GC_generic_malloc(64, (int)marked_kind);

            object[1] = kept;
            kept = object;
            GC_generic_malloc(64, (int)disclaimed_kind);
        }
        memset(GC_malloc(64 + i % 100), 1, 64);
    }
}

static void set_callbacks(void)
{
    GC_set_on_collection_event(on_event);
    GC_set_on_thread_event(on_thread);
    GC_set_on_heap_resize(on_resize);
    GC_set_start_callback(on_start);
    usual_push = GC_get_push_other_roots();
    GC_set_push_other_roots(push_roots);
    GC_set_finalize_on_demand(1);
    GC_set_finalizer_notifier(notify);
    GC_set_await_finalize_proc(await_finalize);
    GC_set_toggleref_func(toggle);
    GC_set_warn_proc(warn);
    GC_set_oom_fn(out_of_memory);
    GC_register_disclaim_proc((int)disclaimed_kind, disclaim, 0);
}

static void test_figures(void)
{
    pthread_t asking, allocating;

    set_callbacks();
    pthread_create(&asking, NULL, ask_beside, NULL);
    pthread_create(&allocating, NULL, allocate_beside, NULL);
    while (!atomic_load(&is_beside) || atomic_load(&asked[BESIDE]) == 0)
        usleep(100);
    for (size_t i = 0; i < check_scale(20); i++) {
        void *volatile kept = GC_generic_malloc(64, (int)marked_kind);

        make_garbage();
        GC_gcollect();
        GC_invoke_finalizers();
        EXPECT(kept != NULL, "memory");
    }
    EXPECT(GC_malloc(SIZE_MAX / 2) == NULL, "no such memory");
    GC_call_with_alloc_lock(ask_locked, NULL);
    atomic_store(&over, 1);
    pthread_join(asking, NULL);
    pthread_join(allocating, NULL);
    for (int place = 0; place < PLACES; place++)
        /* Whether the heap grows, and which threads stand, is the library's business. */
        EXPECT(atomic_load(&asked[place]) > 0 || place == HEAP_RESIZE || place == WARNING,
               "nobody asked in place %d", place);
}

/* ---- In a thread that a callback waits for ---- */

static atomic_uint wanted, answered;

static void *answer(void *unused)
{
    while (!atomic_load(&over))
        if (atomic_load(&wanted) != atomic_load(&answered)) {
            (void)(GC_get_heap_size() + GC_get_free_bytes() + GC_get_total_bytes());
            GC_set_max_heap_size(0);
            GC_set_free_space_divisor(GC_get_free_space_divisor());
            atomic_store(&answered, atomic_load(&wanted));
        }
    return unused;
}

static void GC_CALLBACK wait_for_answer(void)
{
    unsigned number = atomic_fetch_add(&wanted, 1) + 1;

    for (unsigned i = 0; i < 20000 && atomic_load(&answered) != number; i++)
        usleep(1000);
    EXPECT(atomic_load(&answered) == number, "the other thread waits for the collection");
}

static void test_waiting(void)
{
    pthread_t thread;

    EXPECT(pthread_create(&thread, NULL, answer, NULL) == 0, "no thread");
    GC_set_start_callback(wait_for_answer);
    for (size_t i = 0; i < 10; i++)
        GC_gcollect();
    GC_set_start_callback(0);
    atomic_store(&over, 1);
    pthread_join(thread, NULL);
    atomic_store(&over, 0);
}

/* ---- With the lock held ---- */

static void GC_CALLBACK visit(void *object, size_t bytes, void *data)
{
    EXPECT(GC_base(object) == object && GC_size(object) >= bytes, "%p", object);
    ++*(size_t *)data;
}

static void *GC_CALLBACK use_locked(void *data)
{
    void **list = GC_new_free_list_inner();
    unsigned kind;
    size_t count = 0;

    EXPECT(list != NULL, "no list");
    kind = GC_new_kind_inner(list, GC_DS_LENGTH, 1, 1);
    EXPECT(kind > 3, "kind %u", kind);
    EXPECT(GC_new_proc_inner(mark_nothing) > 0, "no procedure");
    GC_register_disclaim_proc((int)kind, disclaim, 0);
    GC_enumerate_reachable_objects_inner(visit, &count);
    EXPECT(count > 0, "no objects");
    EXPECT(GC_is_marked(data) || !is_drop_in(), "not marked");
    EXPECT(GC_is_heap_ptr(data) && GC_base((char *)data + 3) == data, "%p", data);
    EXPECT(!GC_should_invoke_finalizers() || true, "finalizers");
    return list;
}

static void test_with_lock(void)
{
    void *object = GC_malloc(100);

    EXPECT(GC_call_with_alloc_lock(use_locked, object) != NULL, "no result");
    EXPECT(*(char *)object == 0, "%p", object);
}

/* ---- What must not be called ---- */

static void *GC_CALLBACK collect_locked(void *data)
{
    GC_gcollect();
    return data;
}

static void *GC_CALLBACK allocate_locked(void *data)
{
    for (size_t i = 0; i < 10000; i++)
        GC_malloc(200);
    return data;
}

static void *GC_CALLBACK register_locked(void *data)
{
    GC_register_finalizer(data, finalize, NULL, NULL, NULL);
    return data;
}

static void *GC_CALLBACK lock_locked(void *data)
{
    return GC_call_with_alloc_lock(collect_locked, data);
}

/* In a child, whose last words are read: they begin as those of the library do. */
static void expect_line(void *(GC_CALLBACK *function)(void *), const char *part)
{
    const struct rlimit no_core = {0, 0};
    char text[512] = "";
    int ends[2], status;
    pid_t child;

    fflush(NULL);
    EXPECT(pipe(ends) == 0, "a pipe");
    child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(ends[1], STDERR_FILENO);
        alarm(30);
        GC_call_with_alloc_lock(function, GC_malloc(16));
        _exit(0);
    }
    close(ends[1]);
    EXPECT(waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
               WTERMSIG(status) == SIGABRT,
           "%s: status %#x", part, (unsigned)status);
    EXPECT(read(ends[0], text, sizeof text - 1) > 0, "%s: no text", part);
    close(ends[0]);
    EXPECT(strncmp(text, "terrier: ", 9) == 0 && strstr(text, part) != NULL, "%s", text);
}

static void test_lines(void)
{
    expect_line(collect_locked, "");
    expect_line(allocate_locked, "");
    expect_line(register_locked, "");
    expect_line(lock_locked, "GC_call_with_alloc_lock");
}

int main(void)
{
    void **list;

    GC_set_handle_fork(1);
    GC_INIT();
    GC_allow_register_threads();
    list = GC_new_free_list();
    marked_kind = GC_new_kind(list, GC_MAKE_PROC(GC_new_proc(mark_nothing), 0), 0, 1);
    disclaimed_kind = GC_new_kind(GC_new_free_list(), GC_DS_LENGTH, 1, 1);
    test_waiting();
    test_figures();
    GC_set_finalize_on_demand(0);
    test_with_lock();
    if (is_drop_in())
        test_lines();
    return check_end();
}
