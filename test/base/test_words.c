/* SPDX-License-Identifier: MIT */
/* Words that are not zero: vectors against word by word, and both against where they were put. */
#include "base/base.h"
#include "support.h"

#define WORDS 160u

struct words_test {
    uint64_t words[WORDS + 2]; /* one at each end that is not to be looked at */
};

static void check_range(const struct words_test *test, size_t from, size_t end)
{
    const uint64_t *words = &test->words[1];
    size_t first = from, last = end;

    while (first < end && words[first] == 0)
        first++;
    while (last > from && words[last - 1] == 0)
        last--;
    assert_ptr_equal(ter_words_find(words + from, words + end), words + first);
    assert_ptr_equal(ter_words_find_plain(words + from, words + end), words + first);
    assert_ptr_equal(ter_words_find_back(words + from, words + end), words + last);
    assert_ptr_equal(ter_words_find_back_plain(words + from, words + end), words + last);
}

/* One word that is not zero, everywhere, in ranges of every length and alignment. */
static void one_word(void **state)
{
    struct words_test test;

    (void)state;
    memset(&test, 0, sizeof test);
    test.words[0] = test.words[WORDS + 1] = UINT64_MAX;
    for (size_t at = 0; at < WORDS; at++) {
        test.words[1 + at] = UINT64_C(1) << (at % 64);
        for (size_t from = at < 40 ? 0 : at - 40; from <= at; from++)
            for (size_t end = at + 1; end <= WORDS && end <= at + 40; end++)
                check_range(&test, from, end);
        test.words[1 + at] = 0;
    }
    for (size_t from = 0; from <= WORDS; from++)
        for (size_t end = from; end <= WORDS; end++)
            check_range(&test, from, end);
}

static void random_words(void **state)
{
    struct ter_random random = test_random();
    struct words_test test;
    unsigned steps = test_iterations(3000);

    (void)state;
    for (unsigned i = 0; i < steps; i++) {
        size_t from = test_below(&random, WORDS + 1);
        size_t end = from + test_below(&random, WORDS + 1 - from);

        memset(&test, 0, sizeof test);
        test.words[0] = test.words[WORDS + 1] = UINT64_MAX;
        for (size_t n = test_below(&random, 6); n > 0; n--)
            test.words[1 + test_below(&random, WORDS)] = UINT64_C(1) << test_below(&random, 64);
        check_range(&test, from, end);
    }
}

static void words_are_copied(void **state)
{
    const uintptr_t from[3] = {1, UINTPTR_MAX, 0};
    uintptr_t to[4] = {7, 7, 7, 7};

    (void)state;
    ter_words_read(from, to, 3);
    assert_memory_equal(from, to, sizeof from);
    assert_int_equal(to[3], 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_copied),
        cmocka_unit_test(one_word),
        cmocka_unit_test(random_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
