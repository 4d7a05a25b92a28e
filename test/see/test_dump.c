/* SPDX-License-Identifier: MIT */
/* Dumps in themselves; that their graphs are right is looked at by test/e2e/terrier_dump.sh. */
#include "heap/heap.h"
#include "own_folder.h"
#include "small_heap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static char path[64];
static char options[256];
static struct small_heap small;

static int set_up(void **state)
{
    int status = test_folder_make(state);

    test_folder_file("a.heapsnapshot", path, sizeof path);
    return status;
}

static const char *name_of(const char *end)
{
    static char name[64];

    return test_folder_file(end, name, sizeof name);
}

static const char *read_dump(const char *end)
{
    return test_read_json(name_of(end));
}

static bool is_there(const char *end)
{
    return access(name_of(end), F_OK) == 0;
}

static void remove_dump(const char *end)
{
    assert_int_equal(unlink(name_of(end)), 0);
}

static int open_dump(void)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(file >= 0);
    return file;
}

static void fill_heap(void)
{
    small_heap_list_at(&small, 0, 3000, 48);
    small_heap_list_at(&small, 1, 10, 20000);
    small.roots[2] = small_heap_list(&small, TER_KIND_UNCOLLECTABLE, 20, 100);
}

/* ---- By a call ---- */

/* errno is as it was, the heap goes on, and what was written is JSON. */
static void dump_twice(void)
{
    for (unsigned i = 0; i < 2; i++) {
        int file = open_dump();

        fill_heap();
        errno = 77;
        assert_int_equal(ter_heap_dump(small.heap, file), TER_OK);
        assert_int_equal(errno, 77);
        close(file);
        assert_non_null(strstr(read_dump("a.heapsnapshot"), "\"uncollectable object\""));
        small_heap_collect(&small);
        small_heap_check_list(&small, small.roots[0], 3000);
    }
    remove_dump("a.heapsnapshot");
}

static void test_plans(void **state)
{
    (void)state;
    small_heap_with_plans(&small, "", dump_twice, NULL);
}

static void test_empty(void **state)
{
    int file = open_dump();

    (void)state;
    small_heap_init(&small, "stacks=exact");
    assert_int_equal(ter_heap_dump(small.heap, file), TER_OK);
    close(file);
    assert_non_null(strstr(read_dump("a.heapsnapshot"), "\"node_count\":3,\"edge_count\":3,"));
    small_heap_fini(&small);
    remove_dump("a.heapsnapshot");
}

static void test_unwritable(void **state)
{
    struct rlimit before, limit;
    int file;

    (void)state;
    small_heap_init(&small, "log=1");
    fill_heap();
    assert_int_equal(ter_heap_dump(small.heap, -1), TER_ERROR_SYSTEM);
    assert_int_equal(errno, EBADF);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 10000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    file = open_dump();
    assert_int_equal(ter_heap_dump(small.heap, file), TER_ERROR_SYSTEM);
    assert_int_equal(errno, EFBIG);
    close(file);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    small_heap_collect(&small);
    small_heap_check_list(&small, small.roots[0], 3000);
    small_heap_fini(&small);
    remove_dump("a.heapsnapshot");
}

/* Each call of the system refused once: the dump is none, or a whole one, and the heap goes on. */
static void test_no_memory(void **state)
{
    uint64_t failed = 1;

    (void)state;
    small_heap_init(&small, "log=0");
    fill_heap();
    for (uint64_t k = 0; failed != 0; k++) {
        int file = open_dump();
        ter_status status;

        test_fail_calls(TEST_ALL_CALLS, k, 1);
        status = ter_heap_dump(small.heap, file);
        test_stop_failing(&failed);
        close(file);
        if (status == TER_OK)
            (void)read_dump("a.heapsnapshot");
        else
            assert_int_equal(status, TER_ERROR_NO_MEMORY);
    }
    small_heap_collect(&small);
    small_heap_check_list(&small, small.roots[0], 3000);
    assert_int_equal(test_count_mappings("terrier:dump"), 0);
    small_heap_fini(&small);
    remove_dump("a.heapsnapshot");
}

/* ---- By the options ---- */

static const char *with_dump(const char *others)
{
    snprintf(options, sizeof options, "%s,dump=%s", others, path);
    return options;
}

static void test_at_end(void **state)
{
    (void)state;
    small_heap_init(&small, with_dump("log=1"));
    fill_heap();
    assert_false(is_there("a.heapsnapshot"));
    small_heap_fini(&small);
    (void)read_dump("a.heapsnapshot");
    assert_false(is_there("a.heapsnapshot.part"));
    remove_dump("a.heapsnapshot");
}

static void allocate_until_slow(void)
{
    small_heap_list_at(&small, 3, 2000, 48);
}

static void test_signal(void **state)
{
    (void)state;
    small_heap_init(&small, with_dump("dump_signal=12"));
    fill_heap();
    assert_int_equal(raise(SIGUSR2), 0);
    assert_false(is_there("a.1.heapsnapshot"));
    allocate_until_slow();
    (void)read_dump("a.1.heapsnapshot");
    allocate_until_slow();
    assert_false(is_there("a.2.heapsnapshot"));
    assert_int_equal(raise(SIGUSR2), 0);
    allocate_until_slow();
    remove_dump("a.2.heapsnapshot");
    small_heap_fini(&small);
    remove_dump("a.1.heapsnapshot");
    remove_dump("a.heapsnapshot");
    /* Nobody listens any more. */
    assert_int_equal(raise(SIGUSR2), 0);
}

static _Atomic unsigned ready, done;

static void *ask_until_done(void *context)
{
    (void)context;
    ready = 1;
    while (!done) {
        raise(SIGUSR2);
        usleep(100);
    }
    return NULL;
}

/* Signals come in a thread that has no mutator, while heaps come and go. */
static void test_signal_storm(void **state)
{
    pthread_t thread;

    (void)state;
    small_heap_init(&small, with_dump("dump_signal=12"));
    small_heap_fini(&small);
    ready = done = 0;
    assert_int_equal(pthread_create(&thread, NULL, ask_until_done, NULL), 0);
    while (!ready)
        usleep(100);
    for (unsigned i = 0; i < test_count(20, 200); i++) {
        small_heap_init(&small, with_dump("dump_signal=12"));
        allocate_until_slow();
        small_heap_collect(&small);
        small_heap_fini(&small);
    }
    done = 1;
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)read_dump("a.heapsnapshot");
    for (unsigned i = 1; i < 1000; i++) {
        char end[32];

        snprintf(end, sizeof end, "a.%u.heapsnapshot", i);
        unlink(name_of(end));
    }
    remove_dump("a.heapsnapshot");
}

/* A signal that the program has a handler for is left to it. */
static void test_signal_of_program(void **state)
{
    (void)state;
    assert_true(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
    small_heap_init(&small, with_dump("log=0,dump_signal=10"));
    assert_true(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
    small_heap_fini(&small);
    remove_dump("a.heapsnapshot");
    ter_log_set_level(TER_LOG_WARNING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plans),        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_unwritable),   cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_at_end),       cmocka_unit_test(test_signal),
        cmocka_unit_test(test_signal_storm), cmocka_unit_test(test_signal_of_program),
    };

    return cmocka_run_group_tests(tests, set_up, test_folder_remove);
}
