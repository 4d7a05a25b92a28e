/* SPDX-License-Identifier: MIT */
/*
 * A stand-in for the cmocka library, for targets where it is not packaged (32-bit builds on a
 * 64-bit system, cross builds). It serves the cmocka.h of the system,
 * that of 1.1.7 and, as what newer ones ask for is declared here, of 1.1.5.
 *
 * What it has: groups with fixtures, every assertion, skip, fail, expect_assert_failure, and
 * signals caught as failures. What it has not: mocks (will_return, expect_*, check_expected),
 * test_malloc and XML output; a test that uses those does not link.
 *
 * Invariant: between a test's start and its end `where` names the jump that ends it, and nothing
 * else writes it. Assertions may be made by the thread that runs the test only, as with cmocka.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void cm_print_error(const char *const format, ...);
void _assert_double_equal(const double a, const double n, const double epsilon,
                          const char *const file, const int line);
void _assert_double_not_equal(const double a, const double n, const double epsilon,
                              const char *const file, const int line);

int global_expecting_assert;
jmp_buf global_expect_assert_env;
const char *global_last_failed_assert;

enum outcome { PASSED, FAILED, SKIPPED };

static struct {
    sigjmp_buf where;
    volatile sig_atomic_t running;
} current;

static const char *test_filter, *skip_filter;

/* ---- Messages ------------------------------------------------------------------------------- */

void vprint_message(const char *const format, va_list args)
{
    vprintf(format, args);
    fflush(stdout);
}

void vprint_error(const char *const format, va_list args)
{
    vfprintf(stderr, format, args);
    fflush(stderr);
}

void print_message(const char *const format, ...)
{
    va_list args;
    va_start(args, format);
    vprint_message(format, args);
    va_end(args);
}

void print_error(const char *const format, ...)
{
    va_list args;
    va_start(args, format);
    vprint_error(format, args);
    va_end(args);
}

/* The name that fail_msg has for it since 1.1.6. */
void cm_print_error(const char *const format, ...)
{
    va_list args;
    va_start(args, format);
    vprint_error(format, args);
    va_end(args);
}

void cmocka_set_message_output(enum cm_message_output output)
{
    (void)output;
}

void cmocka_set_test_filter(const char *pattern)
{
    test_filter = pattern;
}

void cmocka_set_skip_filter(const char *pattern)
{
    skip_filter = pattern;
}

/* ---- Ending a test -------------------------------------------------------------------------- */

static _Noreturn void end_test(enum outcome outcome)
{
    if (!current.running) {
        print_error("[  ERROR   ] an assertion failed outside a test\n");
        abort();
    }
    siglongjmp(current.where, (int)outcome);
}

void _fail(const char *const file, const int line)
{
    print_error("[   LINE   ] --- %s:%d: error: Failure!\n", file, line);
    end_test(FAILED);
}

void _skip(const char *const file, const int line)
{
    (void)file;
    (void)line;
    end_test(SKIPPED);
}

void mock_assert(const int result, const char *const expression, const char *const file,
                 const int line)
{
    if (result) {
        return;
    }
    if (global_expecting_assert) {
        global_last_failed_assert = expression;
        longjmp(global_expect_assert_env, 1);
    }
    print_error("ASSERT: %s\n", expression);
    _fail(file, line);
}

/* ---- Assertions ----------------------------------------------------------------------------- */

void _assert_true(const LargestIntegralType result, const char *const expression,
                  const char *const file, const int line)
{
    if (!result) {
        print_error("%s\n", expression);
        _fail(file, line);
    }
}

void _assert_return_code(const LargestIntegralType result, size_t rlen,
                         const LargestIntegralType error, const char *const expression,
                         const char *const file, const int line)
{
    LargestIntegralType largest = rlen >= 8 ? INT64_MAX : (UINT64_C(1) << (8 * rlen - 1)) - 1;
    if (result > largest) {
        print_error("%s < 0, errno %" PRIuMAX ": %s\n", expression, error, strerror((int)error));
        _fail(file, line);
    }
}

static int floats_equal(double a, double b, double epsilon)
{
    double difference = a > b ? a - b : b - a;
    return difference <= epsilon;
}

void _assert_float_equal(const float a, const float n, const float epsilon, const char *const file,
                         const int line)
{
    if (!floats_equal(a, n, epsilon)) {
        print_error("%f != %f\n", (double)a, (double)n);
        _fail(file, line);
    }
}

void _assert_float_not_equal(const float a, const float n, const float epsilon,
                             const char *const file, const int line)
{
    if (floats_equal(a, n, epsilon)) {
        print_error("%f == %f\n", (double)a, (double)n);
        _fail(file, line);
    }
}

void _assert_double_equal(const double a, const double n, const double epsilon,
                          const char *const file, const int line)
{
    if (!floats_equal(a, n, epsilon)) {
        print_error("%f != %f\n", a, n);
        _fail(file, line);
    }
}

void _assert_double_not_equal(const double a, const double n, const double epsilon,
                              const char *const file, const int line)
{
    if (floats_equal(a, n, epsilon)) {
        print_error("%f == %f\n", a, n);
        _fail(file, line);
    }
}

void _assert_int_equal(const LargestIntegralType a, const LargestIntegralType b,
                       const char *const file, const int line)
{
    if (a != b) {
        print_error("%#" PRIxMAX " != %#" PRIxMAX "\n", a, b);
        _fail(file, line);
    }
}

void _assert_int_not_equal(const LargestIntegralType a, const LargestIntegralType b,
                           const char *const file, const int line)
{
    if (a == b) {
        print_error("%#" PRIxMAX " == %#" PRIxMAX "\n", a, b);
        _fail(file, line);
    }
}

void _assert_string_equal(const char *const a, const char *const b, const char *const file,
                          const int line)
{
    if (strcmp(a, b) != 0) {
        print_error("\"%s\" != \"%s\"\n", a, b);
        _fail(file, line);
    }
}

void _assert_string_not_equal(const char *const a, const char *const b, const char *file,
                              const int line)
{
    if (strcmp(a, b) == 0) {
        print_error("\"%s\" == \"%s\"\n", a, b);
        _fail(file, line);
    }
}

void _assert_memory_equal(const void *const a, const void *const b, const size_t size,
                          const char *const file, const int line)
{
    const unsigned char *x = a, *y = b;
    size_t at = 0;
    while (at < size && x[at] == y[at]) {
        at++;
    }
    if (at < size) {
        print_error("difference at offset %zu: 0x%02x 0x%02x\n", at, x[at], y[at]);
        _fail(file, line);
    }
}

void _assert_memory_not_equal(const void *const a, const void *const b, const size_t size,
                              const char *const file, const int line)
{
    if (memcmp(a, b, size) == 0) {
        print_error("%zu bytes of memory are the same\n", size);
        _fail(file, line);
    }
}

void _assert_in_range(const LargestIntegralType value, const LargestIntegralType minimum,
                      const LargestIntegralType maximum, const char *const file, const int line)
{
    if (value < minimum || value > maximum) {
        print_error("%" PRIuMAX " is not within the range %" PRIuMAX "-%" PRIuMAX "\n", value,
                    minimum, maximum);
        _fail(file, line);
    }
}

void _assert_not_in_range(const LargestIntegralType value, const LargestIntegralType minimum,
                          const LargestIntegralType maximum, const char *const file, const int line)
{
    if (value >= minimum && value <= maximum) {
        print_error("%" PRIuMAX " is within the range %" PRIuMAX "-%" PRIuMAX "\n", value, minimum,
                    maximum);
        _fail(file, line);
    }
}

static int in_set(LargestIntegralType value, const LargestIntegralType values[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i] == value) {
            return 1;
        }
    }
    return 0;
}

void _assert_in_set(const LargestIntegralType value, const LargestIntegralType values[],
                    const size_t number_of_values, const char *const file, const int line)
{
    if (!in_set(value, values, number_of_values)) {
        print_error("%" PRIuMAX " is not in the set\n", value);
        _fail(file, line);
    }
}

void _assert_not_in_set(const LargestIntegralType value, const LargestIntegralType values[],
                        const size_t number_of_values, const char *const file, const int line)
{
    if (in_set(value, values, number_of_values)) {
        print_error("%" PRIuMAX " is in the set\n", value);
        _fail(file, line);
    }
}

/* ---- Running -------------------------------------------------------------------------------- */

static void on_signal(int signal_number)
{
    print_error("Test failed with exception: %s\n", strsignal(signal_number));
    if (!current.running) {
        signal(signal_number, SIG_DFL);
        raise(signal_number);
        return;
    }
    siglongjmp(current.where, (int)FAILED);
}

static const int caught_signals[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS};
enum { CAUGHT_SIGNALS = sizeof caught_signals / sizeof caught_signals[0] };

static void catch_signals(struct sigaction before[CAUGHT_SIGNALS])
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < CAUGHT_SIGNALS; i++) {
        sigaction(caught_signals[i], &action, &before[i]);
    }
}

static void uncatch_signals(const struct sigaction before[CAUGHT_SIGNALS])
{
    for (int i = 0; i < CAUGHT_SIGNALS; i++) {
        sigaction(caught_signals[i], &before[i], NULL);
    }
}

/* Runs a test or a fixture, whichever is not NULL. */
static enum outcome run_part(CMUnitTestFunction test, CMFixtureFunction fixture, void **state)
{
    struct sigaction before[CAUGHT_SIGNALS];
    volatile enum outcome outcome = PASSED;
    catch_signals(before);
    global_expecting_assert = 0;
    int ended = sigsetjmp(current.where, 1);
    if (ended != 0) {
        outcome = (enum outcome)ended;
    } else {
        current.running = 1;
        if (test) {
            test(state);
        }
        if (fixture && fixture(state) != 0) {
            outcome = FAILED;
        }
    }
    current.running = 0;
    uncatch_signals(before);
    return outcome;
}

static enum outcome run_case(const struct CMUnitTest *test, void *group_state)
{
    void *state = test->initial_state ? test->initial_state : group_state;
    print_message("[ RUN      ] %s\n", test->name);
    enum outcome outcome = run_part(NULL, test->setup_func, &state);
    if (outcome == PASSED) {
        outcome = run_part(test->test_func, NULL, &state);
    }
    if (run_part(NULL, test->teardown_func, &state) != PASSED) {
        print_error("the teardown of %s failed\n", test->name);
        outcome = FAILED;
    }
    const char *word[] = {"[       OK ]", "[  FAILED  ]", "[  SKIPPED ]"};
    print_message("%s %s\n", word[outcome], test->name);
    return outcome;
}

static int filter_matches(const char *pattern, const char *name)
{
    if (*pattern == '*') {
        return filter_matches(pattern + 1, name) || (*name && filter_matches(pattern, name + 1));
    }
    if (*pattern == '\0' || *name == '\0') {
        return *pattern == *name;
    }
    return (*pattern == '?' || *pattern == *name) && filter_matches(pattern + 1, name + 1);
}

static int is_chosen(const char *name)
{
    return (!test_filter || filter_matches(test_filter, name)) &&
           !(skip_filter && filter_matches(skip_filter, name));
}

int _cmocka_run_group_tests(const char *group_name, const struct CMUnitTest *const tests,
                            const size_t num_tests, CMFixtureFunction group_setup,
                            CMFixtureFunction group_teardown)
{
    size_t count[3] = {0, 0, 0};
    void *state = NULL;
    print_message("[==========] %s: Running %zu test(s).\n", group_name, num_tests);
    if (run_part(NULL, group_setup, &state) != PASSED) {
        print_error("[  FAILED  ] GROUP SETUP\n");
        return (int)num_tests;
    }
    for (size_t i = 0; i < num_tests; i++) {
        if (is_chosen(tests[i].name)) {
            count[run_case(&tests[i], state)]++;
        }
    }
    if (run_part(NULL, group_teardown, &state) != PASSED) {
        print_error("[  FAILED  ] GROUP TEARDOWN\n");
        count[FAILED]++;
    }
    print_message("[==========] %s: %zu test(s) run.\n", group_name,
                  count[PASSED] + count[FAILED] + count[SKIPPED]);
    print_message("[  PASSED  ] %zu test(s).\n", count[PASSED]);
    print_message("[  SKIPPED ] %zu test(s).\n", count[SKIPPED]);
    print_message("[  FAILED  ] %zu test(s).\n", count[FAILED]);
    return (int)count[FAILED];
}
