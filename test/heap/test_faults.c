/* SPDX-License-Identifier: MIT */
/*
 * Every call into the system fails at its k-th use, once and from then on, with every error that
 * there is a reason for: a status or NULL comes back, the heap stays whole and usable, and when it
 * is gone the mappings are those from before.
 */
#include "heap/heap.h"

#include <terrier/terrier.h>

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "small_heap.h"
#include "support.h"

static const int errors[] = {ENOMEM, EACCES, EAGAIN, EINVAL};

static const char *const sorts[] = {
    "log=0,layout=small,markers=3,stress=40",
    "log=0,layout=small,markers=2,stress=40",
    "log=0,layout=32bit,markers=1,sft_map=dense",
};

static void *try_object(struct small_heap *small, size_t bytes)
{
    unsigned char *object = ter_allocate(small->mutator, TER_KIND_NORMAL, bytes);

    if (object != NULL)
        memset(object, 0x5a, bytes);
    return object;
}

/* A life in miniature. What is in `roots` must stay whole whatever is refused. */
static TER_NOINLINE void live(struct small_heap *small)
{
    for (unsigned i = 0; i < 40; i++) {
        small->roots[i % 8] = try_object(small, i % 5 == 4 ? 300000 : 40 + 700 * (i % 4));
        if (i % 16 == 7)
            ter_heap_release_memory(small->heap);
        if (i % 16 == 15)
            ter_collect(small->mutator);
    }
    small->roots[8] = ter_reallocate(small->mutator, NULL, 100);
    if (small->roots[8] != NULL) {
        void *larger = ter_reallocate(small->mutator, small->roots[8], 5000000);

        small->roots[8] = larger != NULL ? larger : small->roots[8];
    }
}

static void check_whole(const struct small_heap *small)
{
    for (unsigned i = 0; i < 8; i++) {
        const unsigned char *object = small->roots[i];

        if (object == NULL)
            continue;
        assert_int_equal(ter_heap_find(small->heap, (uintptr_t)object + 39).bits,
                         (uintptr_t)object);
        assert_int_equal(object[0], 0x5a);
        assert_int_equal(object[39], 0x5a);
    }
}

/* Without refusals everything is there to be had again. */
static TER_NOINLINE void check_usable(struct small_heap *small)
{
    small->roots[0] = small_heap_list(small, TER_KIND_NORMAL, 2000, 100);
    assert_non_null(ter_allocate(small->mutator, TER_KIND_ATOMIC, 6000000));
    small_heap_collect_now(small);
    small_heap_check_list(small, small->roots[0], 2000);
}

static void check_fork(struct small_heap *small)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        check_usable(small);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* False when the life is over before call number k. */
static bool live_with_refusals(const char *sort, uint64_t k, uint64_t count)
{
    struct small_heap small;
    uint64_t failed;

    small_heap_init(&small, sort);
    test_fail_calls(TEST_ALL_CALLS, k, count);
    live(&small);
    test_stop_failing(&failed);
    check_whole(&small);
    check_usable(&small);
    /* Under an emulator the child of a process that has had threads cannot start any. */
    if (k % 7 == 0 && !TER_HAS_SANITIZER && !test_is_emulated())
        check_fork(&small);
    small_heap_fini(&small);
    return failed != 0;
}

static void a_heap_lives_with_refusals(uint64_t count)
{
    /* Where all is slow, one error of each sort. */
    const size_t step = test_is_emulated() || TER_HAS_SANITIZER ? 2 : 1;
    size_t before = 0;
    uint64_t places = 0;

    for (size_t sort = 0; sort < TER_ARRAY_LENGTH(sorts); sort++)
        for (size_t error = 0; error < TER_ARRAY_LENGTH(errors); error += step) {
            test_fail_with(errors[error]);
            for (uint64_t k = 0; live_with_refusals(sorts[sort], k, count); k++) {
                places++;
                /* The first rounds let the C library take what it keeps. */
                if (places == 3)
                    before = test_count_mappings("");
                assert_int_equal(test_count_mappings("terrier:"), 0);
                if (places > 3 && !TER_HAS_SANITIZER)
                    assert_int_equal(test_count_mappings(""), before);
            }
        }
    test_fail_with(ENOMEM);
    print_message("%llu places\n", (unsigned long long)places);
    assert_true(places > 2 * TER_ARRAY_LENGTH(errors) / step * 10);
}

static void each_call_refused_once(void **state)
{
    (void)state;
    a_heap_lives_with_refusals(1);
}

static void each_call_refused_from_then_on(void **state)
{
    (void)state;
    a_heap_lives_with_refusals(TEST_FOR_EVER);
}

/* Creation: the status says what it was, and nothing is left. */
static void creation_refused(void **state)
{
    static const ter_status expected[] = {TER_ERROR_NO_MEMORY, TER_ERROR_SYSTEM,
                                          TER_ERROR_NO_MEMORY, TER_ERROR_SYSTEM};
    struct ter_options options;

    (void)state;
    ter_options_init(&options);
    options.log = 0;
    for (size_t error = 0; error < TER_ARRAY_LENGTH(errors); error++) {
        uint64_t failed = 1;

        test_fail_with(errors[error]);
        for (uint64_t k = 0; failed != 0; k++) {
            struct ter_heap *heap = NULL;
            ter_status status;

            test_fail_calls(TEST_ALL_CALLS, k, TEST_FOR_EVER);
            status = ter_heap_new(&options, &heap);
            test_stop_failing(&failed);
            if (status == TER_OK)
                ter_heap_free(heap);
            else if (status != TER_ERROR_NO_ADDRESS_SPACE)
                assert_int_equal(status, expected[error]);
            assert_int_equal(status == TER_OK, failed == 0);
            assert_int_equal(test_count_mappings("terrier:"), 0);
        }
    }
    test_fail_with(ENOMEM);
}

/* What cannot be released stays reserved, and everything goes on. */
static void releases_refused(void **state)
{
    uint64_t failed = 1;

    (void)state;
    for (uint64_t k = 0; failed != 0; k++) {
        struct small_heap small;

        test_fail_calls(TEST_CALL(RELEASE), k, 1);
        small_heap_init(&small, "log=0,layout=small");
        live(&small);
        check_usable(&small);
        small_heap_fini(&small);
        test_stop_failing(&failed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_refused_once), cmocka_unit_test(each_call_refused_from_then_on),
        cmocka_unit_test(creation_refused),
        cmocka_unit_test(releases_refused), /* last: it leaves mappings behind */
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
