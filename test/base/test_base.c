/* SPDX-License-Identifier: MIT */
/* Arithmetic, reading sizes, messages, the log and its level, checks, random numbers. */
#include "support.h"

#include <fcntl.h>
#include <unistd.h>

/* ---- Bits ---- */

static void powers_and_alignment(void **state)
{
    const unsigned bits = (unsigned)sizeof(uintptr_t) * 8;

    (void)state;
    assert_false(ter_is_power_of_two(0));
    for (unsigned i = 0; i < bits; i++) {
        uintptr_t power = (uintptr_t)1 << i;

        assert_true(ter_is_power_of_two(power));
        assert_int_equal(ter_is_power_of_two(power + 1), i == 0);
        assert_int_equal(ter_is_power_of_two(power - 1), i == 1);
        assert_int_equal(ter_align_down(power + (power - 1), power), power);
        assert_int_equal(ter_align_up(power, power), power);
        assert_int_equal(ter_align_up(1, power), power);
        assert_int_equal(ter_align_up(0, power), 0);
        assert_int_equal(ter_align_down(UINTPTR_MAX, power), 0 - power);
        /* Above the last multiple. */
        assert_int_equal(ter_align_up(UINTPTR_MAX, power), i == 0 ? UINTPTR_MAX : 0);
        assert_true(ter_is_aligned(0 - power, power));
        assert_int_equal(ter_is_aligned(power + 1, power), i == 0);
    }
}

static void counting(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        uint64_t bit = UINT64_C(1) << i;

        assert_int_equal(ter_count_trailing_zeros(bit), i);
        assert_int_equal(ter_count_trailing_zeros(~(bit - 1)), i);
        assert_int_equal(ter_log2(bit), i);
        assert_int_equal(ter_log2(bit | (bit - 1)), i);
        assert_int_equal(ter_count_ones(bit), 1);
        assert_int_equal(ter_count_ones(bit - 1), i);
        assert_int_equal(ter_count_ones(~bit), 63);
        assert_int_equal(ter_count_ones(bit * 3 ^ ~UINT64_C(0)), i < 63 ? 62 : 63);
    }
    assert_int_equal(ter_count_ones(0), 0);
    assert_int_equal(ter_count_ones(UINT64_MAX), 64);
    assert_int_equal(ter_count_ones(UINT64_C(0x0123456789abcdef)), 32);
    assert_int_equal(ter_min(3, SIZE_MAX), 3);
    assert_int_equal(ter_max(3, SIZE_MAX), SIZE_MAX);
    assert_int_equal(ter_min(5, 5), 5);
}

/* ---- Reading sizes ---- */

static void sizes_that_are_read(void **state)
{
    static const struct {
        const char *text;
        uint64_t value;
    } rows[] = {
        {"0", 0},
        {"7", 7},
        {"007", 7},
        {"18446744073709551615", UINT64_MAX},
        {"000000000000000000000000000001", 1},
        {"1k", 1024},
        {"1K", 1024},
        {"3m", UINT64_C(3) << 20},
        {"3M", UINT64_C(3) << 20},
        {"5g", UINT64_C(5) << 30},
        {"5G", UINT64_C(5) << 30},
        {"2t", UINT64_C(2) << 40},
        {"2T", UINT64_C(2) << 40},
        {"0T", 0},
        {"16777215T", UINT64_C(16777215) << 40},
        {"18014398509481983K", UINT64_C(18014398509481983) << 10},
    };

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(rows); i++) {
        uint64_t value = 99;

        assert_true(ter_parse_size(rows[i].text, strlen(rows[i].text), &value));
        assert_true(value == rows[i].value);
    }
}

static void sizes_that_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "K",
        "k",
        " 1",
        "1 ",
        "+1",
        "-1",
        "1.5",
        "0x10",
        "1KK",
        "1KB",
        "1P",
        "K1",
        "1e3",
        "18446744073709551616",
        "18446744073709551620",
        "99999999999999999999",
        "184467440737095516150",
        "16777216T",
        "18014398509481984K",
        "18446744073709551615k",
    };

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(texts); i++) {
        uint64_t value = 99;

        if (ter_parse_size(texts[i], strlen(texts[i]), &value))
            print_error("'%s' was read\n", texts[i]);
        assert_false(ter_parse_size(texts[i], strlen(texts[i]), &value));
        assert_true(value == 99);
    }
}

/* Only `length` characters count, and every other character is refused. */
static void sizes_have_a_length(void **state)
{
    uint64_t value = 0;
    char text[3] = "1?";

    (void)state;
    assert_true(ter_parse_size("123K", 2, &value));
    assert_true(value == 12);
    assert_true(ter_parse_size("1Kx", 2, &value));
    assert_true(value == 1024);
    assert_false(ter_parse_size("123", 0, &value));
    for (int c = 0; c < 256; c++) {
        text[1] = (char)c;
        assert_int_equal(ter_parse_size(text, 2, &value),
                         c != 0 && strchr("0123456789kKmMgGtT", c) != NULL);
    }
}

/* ---- Messages ---- */

static void messages_differ(void **state)
{
    (void)state;
    for (int i = TER_OK; i <= TER_ERROR_SYSTEM + 1; i++) {
        assert_true(strlen(ter_status_message((ter_status)i)) > 3);
        for (int j = TER_OK; j < i; j++)
            assert_string_not_equal(ter_status_message((ter_status)i),
                                    ter_status_message((ter_status)j));
    }
    assert_string_equal(ter_status_message((ter_status)-1), ter_status_message((ter_status)12345));
}

static void write_levels(void *context)
{
    (void)context;
    for (int level = TER_LOG_SILENT; level <= TER_LOG_TRACE; level++) {
        ter_log_set_level((enum ter_log_level)level);
        if (ter_log_get_level() != (enum ter_log_level)level)
            _exit(1);
        ter_log(TER_LOG_WARNING, "w%d", level);
        ter_log(TER_LOG_DECISION, "d%d", level);
        ter_log(TER_LOG_TRACE, "t%d", level);
    }
}

static void levels(void **state)
{
    struct test_end end;

    (void)state;
    assert_int_equal(ter_log_get_level(), TER_LOG_WARNING);
    test_in_child(write_levels, NULL, &end);
    assert_int_equal(end.code, 0);
    assert_string_equal(end.text, "terrier: w1\nterrier: w2\nterrier: d2\n"
                                  "terrier: w3\nterrier: d3\nterrier: t3\n");
}

static void write_long(void *context)
{
    static char text[5000];

    (void)context;
    memset(text, 'y', sizeof text - 1);
    ter_log(TER_LOG_WARNING, "%s", text);
    ter_log(TER_LOG_WARNING, "short");
}

static void long_messages_are_cut(void **state)
{
    struct test_end end;
    const char *newline;

    (void)state;
    test_in_child(write_long, NULL, &end);
    newline = strchr(end.text, '\n');
    assert_non_null(newline);
    assert_in_range((uintptr_t)(newline - end.text), 500, 1100);
    assert_string_equal(newline + 1, "terrier: short\n");
}

static void write_elsewhere(void *context)
{
    int file = open("/dev/null", O_WRONLY);

    (void)context;
    ter_log_set_file(file);
    ter_log(TER_LOG_WARNING, "nowhere");
    ter_log_set_file(STDERR_FILENO);
    ter_log(TER_LOG_WARNING, "here");
    ter_log_put(STDERR_FILENO, "as it is", 5);
}

static void the_log_goes_where_it_is_sent(void **state)
{
    struct test_end end;

    (void)state;
    test_in_child(write_elsewhere, NULL, &end);
    assert_string_equal(end.text, "terrier: here\nas it");
}

/* ---- Checks ---- */

static void break_a_duty(void *context)
{
    int answer = *(int *)context;

    TER_REQUIRE(answer == 42, "the answer is %d", answer);
}

static void fail_in_words(void *context)
{
    (void)context;
    ter_fatal("%s and %#x", "words", 0x2a);
}

static void break_an_invariant(void *context)
{
    int answer = *(int *)context;

    TER_CHECK(answer == 42);
}

static void break_an_assertion(void *context)
{
    int answer = *(int *)context;

    TER_ASSERT(answer == 42);
}

static void broken_checks_say_so(void **state)
{
    struct test_end end;
    int wrong = 41, right = 42;

    (void)state;
    test_dies(break_a_duty, &wrong, "terrier: the answer is 41\n");
    test_dies(fail_in_words, NULL, "terrier: words and 0x2a\n");
    break_a_duty(&right);
    break_an_invariant(&right);
    break_an_assertion(&right);
    if (TER_CHECKS >= 1)
        test_dies(break_an_invariant, &wrong, "test_base.c");
    test_in_child(break_an_assertion, &wrong, &end);
    assert_int_equal(end.signal != 0, TER_CHECKS >= 2);
    if (TER_CHECKS >= 2)
        test_dies(break_an_assertion, &wrong, "answer == 42");
}

static void say_twice(const char *line)
{
    ter_log_put(STDERR_FILENO, line, strlen(line));
    ter_log_put(STDERR_FILENO, line, strlen(line));
}

static void fail_with_handler(void *context)
{
    (void)context;
    ter_fatal_set_handler(say_twice);
    ter_fatal("the end");
}

static void the_last_line_goes_through_a_handler(void **state)
{
    (void)state;
    test_dies(fail_with_handler, NULL, "terrier: the end\nterrier: the end\n");
}

/* ---- Random numbers ---- */

static void random_numbers(void **state)
{
    struct ter_random a = {1234567}, b = {1234567};
    unsigned seen[7] = {0};

    (void)state;
    /* The first numbers of SplitMix64 for this seed, as others publish them. */
    assert_true(ter_random_next(&a) == UINT64_C(6457827717110365317));
    assert_true(ter_random_next(&a) == UINT64_C(3203168211198807973));
    assert_true(ter_random_next(&b) == UINT64_C(6457827717110365317));
    for (unsigned i = 0; i < 7000; i++)
        seen[ter_random_below(&a, 7)]++;
    for (size_t i = 0; i < 7; i++)
        assert_in_range(seen[i], 800, 1200);
    assert_int_equal(ter_random_below(&a, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(powers_and_alignment),
        cmocka_unit_test(counting),
        cmocka_unit_test(sizes_that_are_read),
        cmocka_unit_test(sizes_that_are_refused),
        cmocka_unit_test(sizes_have_a_length),
        cmocka_unit_test(messages_differ),
        cmocka_unit_test(levels),
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(the_log_goes_where_it_is_sent),
        cmocka_unit_test(broken_checks_say_so),
        cmocka_unit_test(the_last_line_goes_through_a_handler),
        cmocka_unit_test(random_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
