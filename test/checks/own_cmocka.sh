#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test/cmocka, which serves where the cmocka library is not packaged, passes, fails and skips the
# same tests as that library.

. "$(dirname "$0")/lib/common.sh"

if [ -z "${TERRIER_PLANTED:-}" ] && echo 'int main(void) { return 0; }' >"$temp/empty.c" &&
    $cc -o "$temp/empty" "$temp/empty.c" -lcmocka 2>/dev/null; then
    sed 's/if (a != b)/if (0)/' "$root/test/cmocka/cmocka.c" | plant blind test/cmocka/cmocka.c
    planted blind 'the two differ'
fi

cat >"$temp/program.c" <<'END'
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static int set_up(void **state) { static int x = 7; *state = &x; return 0; }
static int wrong(void **state) { (void)state; return -1; }

#define TEST(name, body) static void name(void **state) { (void)state; body; }
static const LargestIntegralType set[] = {1, 2};
TEST(good_true, assert_true(1); assert_false(0); assert_non_null(set); assert_null(NULL))
TEST(good_equal, assert_int_equal(-1, -1); assert_string_equal("a", "a");
     assert_ptr_equal(set, set); assert_memory_equal("ab", "ab", 2);
     assert_in_range(2, 1, 3); assert_in_set(1, set, 2); assert_return_code(0, 0);
     assert_float_equal(1.0f, 1.1f, 0.2f))
TEST(good_unequal, assert_int_not_equal(1, 2); assert_string_not_equal("a", "b");
     assert_ptr_not_equal(set, NULL); assert_memory_not_equal("ab", "ac", 2);
     assert_not_in_range(4, 1, 3); assert_not_in_set(3, set, 2);
     assert_float_not_equal(1.0f, 1.5f, 0.2f))
TEST(good_state, assert_int_equal(*(int *)*state, 7))
TEST(good_assert, expect_assert_failure(mock_assert(0, "x", "file", 1)))
TEST(bad_true, assert_true(0))
TEST(bad_null, assert_null(set))
TEST(bad_int, assert_int_equal(-1, 3))
TEST(bad_ptr, assert_ptr_equal(set, NULL))
TEST(bad_string, assert_string_equal("a", "b"))
TEST(bad_memory, assert_memory_equal("ab", "ac", 2))
TEST(bad_range, assert_in_range(4, 1, 3))
TEST(bad_in_set, assert_in_set(3, set, 2))
TEST(bad_code, assert_return_code(-1, 0))
TEST(bad_float, assert_float_equal(1.0f, 1.5f, 0.2f))
TEST(bad_not, assert_int_not_equal(1, 1))
TEST(bad_string_not, assert_string_not_equal("a", "a"))
TEST(bad_memory_not, assert_memory_not_equal("a", "a", 1))
TEST(bad_range_not, assert_not_in_range(1, 1, 3))
TEST(bad_set_not, assert_not_in_set(1, set, 2))
TEST(bad_float_not, assert_float_not_equal(1.0f, 1.1f, 0.2f))
#ifndef assert_double_equal /* before 1.1.6 */
#define assert_double_equal(a, b, epsilon) assert_true((b) - (a) <= (epsilon))
#define assert_double_not_equal(a, b, epsilon) assert_true((b) - (a) > (epsilon))
#endif
TEST(good_double, assert_double_equal(1.0, 1.1, 0.2); assert_double_not_equal(1.0, 1.5, 0.2))
TEST(bad_double, assert_double_equal(1.0, 1.5, 0.2))
TEST(bad_double_not, assert_double_not_equal(1.0, 1.1, 0.2))
TEST(bad_fail, fail())
TEST(bad_message, fail_msg("%d", 1))
TEST(bad_assert, expect_assert_failure(good_true(state)))
TEST(bad_signal, raise(SIGSEGV))
TEST(skipped, skip())

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_true), cmocka_unit_test(good_equal),
        cmocka_unit_test(good_unequal), cmocka_unit_test(good_assert),
        cmocka_unit_test_setup(good_state, set_up),
        cmocka_unit_test(bad_true), cmocka_unit_test(bad_null), cmocka_unit_test(bad_int),
        cmocka_unit_test(bad_ptr), cmocka_unit_test(bad_string), cmocka_unit_test(bad_memory),
        cmocka_unit_test(bad_range), cmocka_unit_test(bad_in_set), cmocka_unit_test(bad_code),
        cmocka_unit_test(bad_float), cmocka_unit_test(bad_not), cmocka_unit_test(bad_string_not),
        cmocka_unit_test(bad_memory_not), cmocka_unit_test(bad_range_not),
        cmocka_unit_test(bad_set_not), cmocka_unit_test(bad_float_not),
        cmocka_unit_test(good_double), cmocka_unit_test(bad_double),
        cmocka_unit_test(bad_double_not), cmocka_unit_test(bad_fail),
        cmocka_unit_test(bad_message), cmocka_unit_test(bad_assert),
        cmocka_unit_test(bad_signal), cmocka_unit_test(skipped),
    };
    const struct CMUnitTest other[] = { cmocka_unit_test(good_true) };
    int failed = cmocka_run_group_tests_name("all", tests, NULL, NULL);
    failed += 100 * (cmocka_run_group_tests_name("set-up", other, wrong, NULL) != 0);
    return failed;
}
END

$cc -o "$temp/theirs" "$temp/program.c" -lcmocka 2>"$temp/errors" ||
    skip "the cmocka library is not here to compare with"
if ! $cc -o "$temp/ours" "$temp/program.c" "$root/test/cmocka/cmocka.c" 2>"$temp/errors"; then
    cat "$temp/errors"
    fault "test/cmocka does not compile"
    finish
fi

for one in theirs ours; do
    "$temp/$one" >"$temp/$one.out" 2>&1
    echo "exit status $?" >"$temp/$one.results"
    sed -nE 's/^\[ +(OK|FAILED|SKIPPED) +\] ([a-z_]+)$/\1 \2/p' "$temp/$one.out" |
        sort -u >>"$temp/$one.results"
done
diff "$temp/theirs.results" "$temp/ours.results" || fault "the two differ"

looked_at "$(grep -c '^OK good_' "$temp/ours.results")" "tests that pass"
looked_at "$(grep -c '^FAILED bad_' "$temp/ours.results")" "tests that fail"
[ "$(grep -c '^OK bad_\|^FAILED good_' "$temp/ours.results")" -eq 0 ] ||
    fault "a test that must fail passes, or the other way round"
finish
