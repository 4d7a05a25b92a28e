/* SPDX-License-Identifier: MIT */
/*
 * Public functions that succeed leave errno as it was, also when the system refuses something on
 * the way that they can do without.
 */
#include "small_heap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define MARK 12345

/* KEEPS(call): errno is MARK before, and after. */
#define KEEPS(call)                                                                                \
    do {                                                                                           \
        errno = MARK;                                                                              \
        call;                                                                                      \
        assert_int_equal(errno, MARK);                                                             \
    } while (0)

/* What may fail without anybody noticing. */
#define IGNORED (TEST_CALL(DECOMMIT) | TEST_CALL(THREAD) | TEST_CALL(RELEASE) | TEST_CALL(PROTECT))

static void set_errno(void *object, void *data)
{
    (void)object, (void)data;
    errno = EDOM;
}

static void visit_nothing(void *context, ter_object object, size_t bytes)
{
    (void)context, (void)object, (void)bytes;
}

static void trace_nothing(void *context, struct ter_trace *trace, uintptr_t object, size_t bytes)
{
    (void)context, (void)trace, (void)object, (void)bytes;
    errno = EDOM;
}

static void *set_range(void *data)
{
    errno = ERANGE;
    return data;
}

static void allocate(struct ter_mutator *mutator, unsigned kind)
{
    void *object;

    for (size_t bytes = 1; bytes < 200000; bytes = bytes * 5 / 4 + 1) {
        KEEPS(object = ter_allocate(mutator, kind, bytes));
        assert_non_null(object);
        KEEPS(object = ter_reallocate(mutator, object, bytes * 2));
        KEEPS(object = ter_reallocate(mutator, object, bytes));
        KEEPS(ter_free(mutator, object));
    }
}

static void use(const struct small_heap *small, int file)
{
    struct ter_statistics statistics;
    struct ter_mutator *mutator = small->mutator;
    static const struct ter_object_layout layout = {.element_bytes = sizeof(void *),
                                                    .element = {.bitmap = 1}};
    unsigned kind;
    void *object;

    KEEPS(ter_kind_add_layout(small->heap, &layout, &kind));
    KEEPS(ter_kind_add(small->heap, trace_nothing, NULL, &kind));
    for (unsigned each = 0; each <= kind; each++)
        allocate(mutator, each);
    for (size_t i = 0; i < 100; i++) {
        KEEPS(object = ter_allocate(mutator, kind, 100));
        KEEPS(ter_finalizer_set(small->heap, object, set_errno, NULL));
    }
    KEEPS(ter_collect(mutator));
    KEEPS(ter_finalizers_run(small->heap));
    KEEPS(ter_heap_for_each_object(small->heap, visit_nothing, NULL));
    KEEPS(ter_heap_statistics(small->heap, &statistics, sizeof statistics));
    KEEPS(ter_heap_report(small->heap, file, TER_REPORT_TEXT));
    KEEPS(ter_heap_report(small->heap, file, TER_REPORT_JSON));
    KEEPS(ter_roots_add_range(small->heap, &kind, &kind + 1));
    KEEPS(ter_roots_remove_range(small->heap, &kind, &kind + 1));
    KEEPS(ter_heap_release_memory(small->heap));
    KEEPS(ter_heap_of_word((uintptr_t)object));
    errno = MARK;
    ter_mutator_outside(mutator, set_range, NULL);
    assert_int_equal(errno, ERANGE);
}

static void one_heap(const char *options, unsigned failing)
{
    enum ter_log_level level = ter_log_get_level();
    struct small_heap small;
    int file = open("/dev/null", O_WRONLY | O_CLOEXEC);

    KEEPS(small_heap_init(&small, options));
    ter_log_set_level(TER_LOG_SILENT);
    if (failing != 0)
        test_fail_calls(failing, 0, TEST_FOR_EVER);
    use(&small, file);
    if (failing != 0)
        test_stop_failing(NULL);
    KEEPS(small_heap_fini(&small));
    ter_log_set_level(level);
    close(file);
}

static void whatever_happens(void **state)
{
    (void)state;
    one_heap("", 0);
    one_heap("objects=malloc", 0);
    one_heap("huge_pages=1,markers=2,stress=50", 0);
    one_heap("vm_space=1,sft_trace=1,log=0", 0);
}

static void whatever_is_refused(void **state)
{
    (void)state;
    one_heap("log=0,layout=small", IGNORED);
    one_heap("log=0,layout=small,markers=2,stress=50", IGNORED);
    /* Who maps by need looks whether a chunk's place is free by taking it, and must get rid of it
     * again. */
    one_heap("log=0", IGNORED & ~TEST_CALL(RELEASE));
    one_heap("log=0,markers=2,stress=50", IGNORED & ~TEST_CALL(RELEASE));
}

static void *bind_and_allocate(void *context)
{
    struct ter_mutator *mutator;

    KEEPS(ter_mutator_bind(context, &mutator));
    for (size_t i = 0; i < 2000; i++)
        KEEPS(ter_allocate(mutator, TER_KIND_NORMAL, 300));
    KEEPS(ter_mutator_unbind(mutator));
    return NULL;
}

/* Who waits for threads is woken by a wrong number, too late, or by a signal. */
static void beside_threads(void **state)
{
    struct small_heap small;
    pthread_t threads[3];

    (void)state;
    small_heap_init(&small, "");
    for (size_t round = 0; round < test_count(20, 200); round++) {
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, bind_and_allocate, small.heap), 0);
        for (size_t i = 0; i < 10; i++)
            KEEPS(ter_collect(small.mutator));
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    small_heap_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens),
        cmocka_unit_test(whatever_is_refused),
        cmocka_unit_test(beside_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
