/* SPDX-License-Identifier: MIT */
/*
 * Functions called where they must not be: in callbacks, with what is gone, by another thread. Each
 * ends with a status or with one line that names the function; none hangs.
 */
#include "small_heap.h"

#include "heap/heap.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static struct small_heap small;
static void *object;
static char memory[64];

static void start(const char *options)
{
    small_heap_init(&small, options);
    object = small_heap_list(&small, TER_KIND_NORMAL, 20, 64);
    /* Who waits for himself or for a thread that stands is not waited for. */
    alarm(60);
}

/* ---- The functions ---- */

static void visit_nothing(void *context, ter_object visited, size_t bytes)
{
    (void)context, (void)visited, (void)bytes;
}

static void trace_nothing(void *context, struct ter_trace *trace, uintptr_t traced, size_t bytes)
{
    (void)context, (void)trace, (void)traced, (void)bytes;
}

static void *do_nothing(void *data)
{
    return data;
}

static void call_ter_heap_free(void)
{
    ter_heap_free(small.heap);
}

static void call_ter_mutator_bind(void)
{
    struct ter_mutator *mutator;

    ter_mutator_bind(small.heap, &mutator);
}

static void call_ter_heap_for_each_object(void)
{
    ter_heap_for_each_object(small.heap, visit_nothing, NULL);
}

static void call_ter_kind_add(void)
{
    unsigned kind;

    ter_kind_add(small.heap, trace_nothing, NULL, &kind);
}

static void call_ter_kind_add_layout(void)
{
    static const struct ter_object_layout layout;
    unsigned kind;

    ter_kind_add_layout(small.heap, &layout, &kind);
}

static void call_ter_heap_release_memory(void)
{
    ter_heap_release_memory(small.heap);
}

static void call_ter_roots_add_range(void)
{
    ter_roots_add_range(small.heap, memory, memory + sizeof memory);
}

static void call_ter_roots_remove_range(void)
{
    ter_roots_remove_range(small.heap, memory, memory + sizeof memory);
}

static void call_ter_vm_space_add(void)
{
    ter_vm_space_add(small.heap, memory, sizeof memory, TER_VM_ROOTS, NULL, 0);
}

static void call_ter_vm_space_remove(void)
{
    ter_vm_space_remove(small.heap, memory, sizeof memory);
}

static void call_ter_vm_object(void)
{
    ter_vm_object(small.heap, memory, sizeof memory, TER_KIND_NORMAL);
}

static void call_ter_finalizer_set(void)
{
    ter_finalizer_set(small.heap, object, NULL, NULL);
}

static void call_ter_finalizers_run(void)
{
    ter_finalizers_run(small.heap);
}

static void call_ter_finalizer_set_order(void)
{
    ter_finalizer_set_order(small.heap, object, NULL, NULL, TER_FINALIZER_NO_ORDER);
}

static void call_ter_finalizers_make_ready(void)
{
    ter_finalizers_make_ready(small.heap);
}

static void call_ter_heap_statistics(void)
{
    struct ter_statistics statistics;

    ter_heap_statistics(small.heap, &statistics, sizeof statistics);
}

static void call_ter_heap_report(void)
{
    ter_heap_report(small.heap, STDOUT_FILENO, TER_REPORT_TEXT);
}

static void call_ter_collections_hold(void)
{
    ter_collections_hold(small.heap);
}

static void call_ter_collections_allow(void)
{
    ter_collections_allow(small.heap);
}

static void call_ter_heap_on_collection(void)
{
    ter_heap_on_collection(small.heap, NULL, NULL);
}

static void call_ter_mutator_unbind(void)
{
    ter_mutator_unbind(small.mutator);
}

static void call_ter_mutator_outside(void)
{
    ter_mutator_outside(small.mutator, do_nothing, NULL);
}

static void call_ter_allocate(void)
{
    ter_allocate(small.mutator, TER_KIND_NORMAL, 64);
}

static void call_ter_reallocate(void)
{
    ter_reallocate(small.mutator, object, 1000);
}

static void call_ter_free(void)
{
    ter_free(small.mutator, object);
}

static void call_ter_collect(void)
{
    ter_collect(small.mutator);
}

struct function {
    const char *name;
    void (*call)(void);
};

#define FUNCTION(name)                                                                             \
    {                                                                                              \
#name, call_##name                                                                         \
    }

static const struct function of_heaps[] = {
    FUNCTION(ter_heap_free),
    FUNCTION(ter_mutator_bind),
    FUNCTION(ter_heap_for_each_object),
    FUNCTION(ter_kind_add),
    FUNCTION(ter_kind_add_layout),
    FUNCTION(ter_heap_release_memory),
    FUNCTION(ter_roots_add_range),
    FUNCTION(ter_roots_remove_range),
    FUNCTION(ter_vm_space_add),
    FUNCTION(ter_vm_space_remove),
    FUNCTION(ter_vm_object),
    FUNCTION(ter_finalizer_set),
    FUNCTION(ter_finalizers_run),
    FUNCTION(ter_finalizer_set_order),
    FUNCTION(ter_finalizers_make_ready),
    FUNCTION(ter_heap_statistics),
    FUNCTION(ter_heap_report),
    FUNCTION(ter_collections_hold),
    FUNCTION(ter_collections_allow),
    FUNCTION(ter_heap_on_collection),
};

static const struct function of_mutators[] = {
    FUNCTION(ter_mutator_unbind), FUNCTION(ter_mutator_outside),
    FUNCTION(ter_allocate),       FUNCTION(ter_reallocate),
    FUNCTION(ter_free),           FUNCTION(ter_collect),
};

/* What `body` does with each of them is one line that names the function, and `part`. */
static void each_dies(const struct function *functions, size_t count, test_body *body,
                      const char *part)
{
    for (size_t i = 0; i < count; i++) {
        char line[128];

        snprintf(line, sizeof line, "terrier: %s: ", functions[i].name);
        test_dies(body, (void *)&functions[i], line);
        test_dies(body, (void *)&functions[i], part);
    }
}

#define ALL_OF_HEAPS of_heaps, TER_ARRAY_LENGTH(of_heaps)
#define ALL_OF_MUTATORS of_mutators, TER_ARRAY_LENGTH(of_mutators)

/* ---- In visitors ---- */

static void visit_and_call(void *context, ter_object visited, size_t bytes)
{
    const struct function *function = context;

    (void)visited, (void)bytes;
    function->call();
}

static void call_in_visitor(void *function)
{
    start("vm_space=1");
    ter_heap_for_each_object(small.heap, visit_and_call, function);
}

static void in_visitors(void **state)
{
    (void)state;
    each_dies(ALL_OF_HEAPS, call_in_visitor, "callback");
    each_dies(ALL_OF_MUTATORS, call_in_visitor, "callback");
}

/* Another heap is no better: a thread that stands may have its lock. */
static void call_on_another_heap(void *function)
{
    struct small_heap other;

    start("vm_space=1");
    other = small;
    start("vm_space=1");
    ter_heap_for_each_object(other.heap, visit_and_call, function);
}

static void on_another_heap(void **state)
{
    (void)state;
    each_dies(ALL_OF_HEAPS, call_on_another_heap, "callback");
    each_dies(of_mutators, 2, call_on_another_heap, "callback");
}

static void visit_and_look(void *context, ter_object visited, size_t bytes)
{
    size_t *count = context;

    assert_true(ter_heap_find(small.heap, visited.bits + 3).bits == visited.bits);
    assert_int_equal(ter_object_bytes(small.heap, visited), bytes);
    assert_true(ter_heap_of_word(visited.bits) == small.heap);
    assert_string_equal(ter_heap_owner(small.heap, visited.bits)->name, "mark-sweep");
    ++*count;
}

static void visitors_may_look(void **state)
{
    size_t count = 0;

    (void)state;
    start("");
    assert_int_equal(ter_heap_for_each_object(small.heap, visit_and_look, &count), TER_OK);
    assert_true(count >= 20);
    small_heap_collect(&small);
    small_heap_fini(&small);
}

/* ---- In tracers ---- */

static const struct function *traced_function;
static pthread_t collector;
static _Atomic bool in_helper;

static void trace_and_call(void *context, struct ter_trace *trace, uintptr_t traced, size_t bytes)
{
    (void)context, (void)trace, (void)traced, (void)bytes;
    traced_function->call();
}

/* Leaves it to a helper, should one come. */
static void trace_in_helper(void *context, struct ter_trace *trace, uintptr_t traced, size_t bytes)
{
    if (pthread_equal(pthread_self(), collector)) {
        usleep(1000);
        return;
    }
    atomic_store(&in_helper, true);
    trace_and_call(context, trace, traced, bytes);
}

static void collect_traced(const struct function *function,
                           void (*tracer)(void *, struct ter_trace *, uintptr_t, size_t))
{
    unsigned kind;

    traced_function = function;
    collector = pthread_self();
    assert_int_equal(ter_kind_add(small.heap, tracer, NULL, &kind), TER_OK);
    for (size_t i = 0; i < SMALL_ROOTS; i++)
        small.roots[i] = ter_allocate(small.mutator, kind, 64);
    ter_collect(small.mutator);
}

static void call_in_tracer(void *function)
{
    start("vm_space=1,markers=1");
    collect_traced(function, trace_and_call);
}

static void in_tracers(void **state)
{
    (void)state;
    each_dies(ALL_OF_HEAPS, call_in_tracer, "callback");
    each_dies(ALL_OF_MUTATORS, call_in_tracer, "callback");
}

static void call_in_helper(void *function)
{
    /* Under stress helpers always help. */
    start("vm_space=1,markers=4,stress=1000000");
    collect_traced(function, trace_in_helper);
    if (!atomic_load(&in_helper))
        _exit(77);
}

static void in_helpers(void **state)
{
    static const struct function *const lists[] = {of_heaps, of_mutators};
    static const size_t counts[] = {TER_ARRAY_LENGTH(of_heaps), TER_ARRAY_LENGTH(of_mutators)};

    (void)state;
    /* A sanitizer's malloc may be locked where a forked child starts a thread. */
    if (TER_HAS_SANITIZER)
        skip();
    for (size_t list = 0; list < 2; list++)
        for (size_t i = 0; i < counts[list]; i++) {
            struct test_end end;

            test_in_child(call_in_helper, (void *)&lists[list][i], &end);
            if (end.code == 77)
                continue;
            assert_int_equal(end.signal, SIGABRT);
            assert_non_null(strstr(end.text, lists[list][i].name));
        }
}

/* ---- What is gone, or is nothing ---- */

static void call_after_free(void *context)
{
    const struct function *function = context;

    start("vm_space=1");
    small_heap_fini(&small);
    function->call();
}

static void call_with_null(void *context)
{
    const struct function *function = context;

    start("vm_space=1");
    small.heap = NULL;
    small.mutator = NULL;
    function->call();
}

static void call_after_unbind(void *context)
{
    const struct function *function = context;

    start("");
    ter_mutator_unbind(small.mutator);
    function->call();
}

static void what_is_gone(void **state)
{
    (void)state;
    each_dies(ALL_OF_HEAPS, call_after_free, "no heap");
    each_dies(ALL_OF_HEAPS, call_with_null, "no heap");
    each_dies(ALL_OF_MUTATORS, call_after_unbind, "unbound before");
    each_dies(ALL_OF_MUTATORS, call_with_null, "NULL");
}

static void free_in_finalizer(void *finalized, void *data)
{
    (void)finalized, (void)data;
    ter_mutator_unbind(small.mutator);
    ter_heap_free(small.heap);
}

static void free_heap_in_finalizer(void *context)
{
    (void)context;
    start("");
    small.roots[0] = NULL;
    for (size_t i = 0; i < 100; i++)
        ter_finalizer_set(small.heap, ter_allocate(small.mutator, TER_KIND_NORMAL, 48),
                          free_in_finalizer, NULL);
    small_heap_collect_now(&small);
    ter_finalizers_run(small.heap);
}

static void heaps_outlive_their_finalizers(void **state)
{
    (void)state;
    test_dies(free_heap_in_finalizer, NULL, "ter_finalizers_run");
}

/* ---- Where the mutator is not ---- */

static void *call_function(void *context)
{
    const struct function *function = context;

    for (size_t i = 0; i < 1000; i++)
        function->call();
    return NULL;
}

static void call_outside(void *function)
{
    start("");
    ter_mutator_outside(small.mutator, call_function, function);
}

static void outside_the_heap(void **state)
{
    (void)state;
    /* Unbinding is allowed: a thread may be cancelled there. */
    each_dies(of_mutators + 1, TER_ARRAY_LENGTH(of_mutators) - 1, call_outside, "outside the heap");
}

static void call_in_thread(void *function)
{
    pthread_t thread;

    start("");
    assert_int_equal(pthread_create(&thread, NULL, call_function, function), 0);
    pthread_join(thread, NULL);
}

static void by_another_thread(void **state)
{
    static const struct function own[] = {FUNCTION(ter_mutator_unbind),
                                          FUNCTION(ter_mutator_outside), FUNCTION(ter_collect),
                                          FUNCTION(ter_allocate)};

    (void)state;
    if (TER_HAS_SANITIZER)
        skip();
    each_dies(own, TER_ARRAY_LENGTH(own), call_in_thread, "another thread");
}

/* ---- Statuses ---- */

static void statuses(void **state)
{
    struct ter_mutator *second = NULL;
    unsigned kind = 99;

    (void)state;
    start("");
    assert_int_equal(ter_mutator_bind(small.heap, &second), TER_ERROR_INVALID);
    assert_null(second);
    assert_int_equal(ter_heap_for_each_object(small.heap, NULL, NULL), TER_ERROR_INVALID);
    assert_int_equal(ter_kind_add(small.heap, NULL, NULL, &kind), TER_ERROR_INVALID);
    assert_int_equal(kind, 99);
    assert_int_equal(ter_heap_report(small.heap, STDOUT_FILENO, (enum ter_report_format)7),
                     TER_ERROR_INVALID);
    assert_int_equal(ter_roots_add_range(small.heap, memory + 8, memory), TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_roots_remove_range(small.heap, memory + 8, memory),
                     TER_ERROR_OUT_OF_RANGE);
    small_heap_collect(&small);
    small_heap_fini(&small);
    /* A thread that was bound once may be again. */
    start("");
    small_heap_fini(&small);
}

static void options_by_hand(void **state)
{
    enum ter_log_level level = ter_log_get_level();
    struct ter_options options;
    struct ter_heap *heap = NULL;

    (void)state;
    ter_log_set_level(TER_LOG_SILENT);
    memset(&options, 0, sizeof options);
    assert_int_equal(ter_heap_new(&options, &heap), TER_ERROR_INVALID);
    ter_options_init(&options);
    options.free_space_divisor = 0;
    assert_int_equal(ter_heap_new(&options, &heap), TER_ERROR_INVALID);
    ter_options_init(&options);
    memset(options.report, 'x', sizeof options.report);
    assert_int_equal(ter_heap_new(&options, &heap), TER_ERROR_INVALID);
    assert_null(heap);
    ter_log_set_level(level);
}

static void visit_no_options(void *context)
{
    (void)context;
    ter_options_for_each(NULL, NULL);
}

static void no_function_outside(void *context)
{
    (void)context;
    start("");
    ter_mutator_outside(small.mutator, NULL, NULL);
}

static void nowhere_to_put(void *context)
{
    (void)context;
    ter_heap_new(NULL, NULL);
}

static void nowhere_to_put_mutator(void *context)
{
    (void)context;
    start("");
    ter_mutator_bind(small.heap, NULL);
}

static void nowhere_to_put_statistics(void *context)
{
    (void)context;
    start("");
    ter_heap_statistics(small.heap, NULL, sizeof(struct ter_statistics));
}

static void nothing_given(void **state)
{
    (void)state;
    test_dies(visit_no_options, NULL, "ter_options_for_each");
    test_dies(no_function_outside, NULL, "ter_mutator_outside");
    test_dies(nowhere_to_put, NULL, "ter_heap_new");
    test_dies(nowhere_to_put_mutator, NULL, "ter_mutator_bind");
    test_dies(nowhere_to_put_statistics, NULL, "ter_heap_statistics");
}

/* ---- A fork in a callback ---- */

static pid_t forked;

static void visit_and_fork(void *context, ter_object visited, size_t bytes)
{
    (void)context, (void)visited, (void)bytes;
    if (forked == 0)
        forked = fork();
    if (forked == 0)
        forked = -1;
}

static void fork_in_visitor(void *context)
{
    int status = 1;

    (void)context;
    start("");
    ter_heap_for_each_object(small.heap, visit_and_fork, NULL);
    for (size_t i = 0; i < 1000; i++)
        ter_allocate(small.mutator, TER_KIND_NORMAL, 100);
    small_heap_collect(&small);
    small_heap_fini(&small);
    if (forked < 0)
        _exit(0);
    waitpid(forked, &status, 0);
    _exit(status == 0 ? 0 : 1);
}

static void forks_in_callbacks(void **state)
{
    struct test_end end;

    (void)state;
    test_in_child(fork_in_visitor, NULL, &end);
    assert_string_equal(end.text, "");
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_visitors),
        cmocka_unit_test(on_another_heap),
        cmocka_unit_test(visitors_may_look),
        cmocka_unit_test(in_tracers),
        cmocka_unit_test(in_helpers),
        cmocka_unit_test(what_is_gone),
        cmocka_unit_test(heaps_outlive_their_finalizers),
        cmocka_unit_test(outside_the_heap),
        cmocka_unit_test(by_another_thread),
        cmocka_unit_test(statuses),
        cmocka_unit_test(options_by_hand),
        cmocka_unit_test(nothing_given),
        cmocka_unit_test(forks_in_callbacks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
