/* SPDX-License-Identifier: MIT */
/* What a timeline holds under every plan, with threads that are stopped and with helpers. */
#include "heap/heap.h"
#include "own_folder.h"
#include "small_heap.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[64];
static char options[256];
static struct small_heap small;
static _Atomic unsigned ready, done;

static int set_up(void **state)
{
    int status = test_folder_make(state);

    test_folder_file("timeline", path, sizeof path);
    return status;
}

static int tear_down(void **state)
{
    unlink(path);
    return test_folder_remove(state);
}

/* These options of a heap, and the timeline, which is begun anew. */
static const char *with_timeline(const char *others)
{
    unlink(path);
    snprintf(options, sizeof options, "%s,timeline=%s", others, path);
    return options;
}

static const char *read_timeline(void)
{
    return test_read_json(path);
}

static size_t count_of(const char *text, const char *name)
{
    char member[64];
    size_t count = 0;

    snprintf(member, sizeof member, "\"name\":\"%s\"", name);
    while ((text = strstr(text, member)) != NULL) {
        count++;
        text++;
    }
    return count;
}

/* ---- Every plan ---- */

static bool collects;

static void fill_and_collect(void)
{
    collects = !small_heap_never_collects(&small);
    for (unsigned i = 0; i < 3; i++) {
        small_heap_list_at(&small, 0, 500, 48);
        small_heap_collect(&small);
    }
    small_heap_list_at(&small, 1, 2, 100000);
}

static void check_plan(void)
{
    const char *text = read_timeline();
    size_t wanted = collects ? 3 : 0;

    assert_int_equal(count_of(text, "process_name"), 1);
    assert_true(count_of(text, "collection") >= wanted);
    assert_true(count_of(text, "mark") >= wanted);
    assert_true(count_of(text, "after the pause") >= wanted);
    assert_true(count_of(text, "live") >= wanted);
    assert_true(count_of(text, "used") >= 1);
    assert_true(count_of(text, "heap limit") >= 1);
    unlink(path);
}

static void test_plans(void **state)
{
    (void)state;
    small_heap_with_plans(&small, with_timeline(""), fill_and_collect, check_plan);
}

/* ---- Threads ---- */

static void *poll_until_done(void *context)
{
    struct ter_mutator *mutator;

    (void)context;
    assert_int_equal(ter_mutator_bind(small.heap, &mutator), TER_OK);
    ready = 1;
    while (!done)
        ter_poll(mutator);
    ter_mutator_unbind(mutator);
    return NULL;
}

static void collect_beside_a_thread(const char *others)
{
    pthread_t thread;

    ready = done = 0;
    small_heap_init(&small, with_timeline(others));
    assert_int_equal(pthread_create(&thread, NULL, poll_until_done, NULL), 0);
    while (!ready)
        usleep(100);
    for (unsigned i = 0; i < 5; i++) {
        struct ter_kind_statistics counts[1];

        ter_collect(small.mutator);
        /* Threads stand for this as well, which is no part of a collection. */
        assert_int_equal(ter_heap_count_kinds(small.heap, TER_OBJECTS_ALL, counts, 1), TER_OK);
    }
    done = 1;
    assert_int_equal(pthread_join(thread, NULL), 0);
    small_heap_fini(&small);
}

static void test_stopped(void **state)
{
    (void)state;
    collect_beside_a_thread("stop=signals");
    assert_int_equal(count_of(read_timeline(), "is stopped"), 5);
    collect_beside_a_thread("stop=safepoints");
    assert_true(count_of(read_timeline(), "stands at a safepoint") >= 1);
}

static void test_young(void **state)
{
    (void)state;
    small_heap_init(&small, with_timeline("stop=safepoints,barriers=1,plan=sticky-mark-sweep"));
    small_heap_list_at(&small, 0, 100, 48);
    ter_collect(small.mutator);
    ter_collect_young(small.mutator);
    small_heap_fini(&small);
    assert_int_equal(count_of(read_timeline(), "young collection"), 1);
}

static void test_helpers(void **state)
{
    (void)state;
    small_heap_init(&small, with_timeline("markers=3,stress=1000000"));
    small_heap_list_at(&small, 0, 1000, 48);
    small_heap_collect(&small);
    small_heap_fini(&small);
    assert_int_equal(count_of(read_timeline(), "mark (helper)"), 2);
}

/* ---- Processes ---- */

static void collect_in_child(void)
{
    for (unsigned i = 0; i < 4; i++)
        ter_collect(small.mutator);
}

/* What the parent had not written is written by it, once, and by its child not at all. */
static void test_fork(void **state)
{
    const char *text;
    int status;

    (void)state;
    small_heap_init(&small, with_timeline("give_back=1"));
    for (unsigned i = 0; i < 10; i++)
        ter_collect(small.mutator);
    if (fork() == 0) {
        collect_in_child();
        ter_heap_write_last_report(small.heap);
        _exit(0);
    }
    assert_true(wait(&status) > 0 && status == 0);
    small_heap_fini(&small);
    text = read_timeline();
    assert_int_equal(count_of(text, "collection"), 14);
    assert_int_equal(count_of(text, "process_name"), 2);
}

/* ---- What cannot be written ---- */

static void test_no_file(void **state)
{
    (void)state;
    ter_log_set_level(TER_LOG_SILENT);
    small_heap_init(&small, "log=0,timeline=/no/such/folder/file");
    assert_null(small.heap->collector.allocator.watch);
    small_heap_list_at(&small, 0, 100, 48);
    small_heap_collect(&small);
    small_heap_fini(&small);
    ter_log_set_level(TER_LOG_WARNING);
}

/* Nobody watches a heap that was not asked to be seen. */
static void test_off(void **state)
{
    (void)state;
    small_heap_init(&small, "log=1");
    assert_null(small.heap->collector.allocator.watch);
    assert_false(small.heap->collector.workers.timed);
    small_heap_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans), cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_young), cmocka_unit_test(test_helpers),
        cmocka_unit_test(test_fork),  cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_off),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
