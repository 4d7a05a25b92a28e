/* SPDX-License-Identifier: MIT */
#include "see/see.h"
#include "support.h"

#define MOST 2000u

static void make_string(struct ter_random *random, unsigned char *bytes, size_t *size)
{
    *size = test_below(random, 12);
    for (size_t i = 0; i < *size; i++)
        bytes[i] = (unsigned char)test_below(random, 3);
}

/* Strings have numbers in the order in which they came first, and a copy says the same. */
static void test_random_strings(void **state)
{
    static unsigned char strings[MOST][12];
    static size_t sizes[MOST];
    struct ter_random random = test_random();
    struct ter_interned interned, copy;
    size_t count = 0;

    (void)state;
    ter_interned_init(&interned);
    for (unsigned i = 0; i < MOST; i++) {
        size_t number = 0;

        make_string(&random, strings[count], &sizes[count]);
        while (number < count && (sizes[number] != sizes[count] ||
                                  memcmp(strings[number], strings[count], sizes[count]) != 0))
            number++;
        assert_int_equal(ter_interned_number(&interned, strings[count], sizes[count]), number);
        count += number == count;
        assert_int_equal(ter_interned_count(&interned), count);
    }
    assert_true(ter_interned_copy(&copy, &interned));
    ter_interned_fini(&interned);
    for (size_t i = 0; i < count; i++) {
        size_t size;
        const void *bytes = ter_interned_at(&copy, i, &size);

        assert_int_equal(size, sizes[i]);
        assert_memory_equal(bytes, strings[i], size);
        assert_int_equal((uintptr_t)bytes % 8, 0);
    }
    ter_interned_fini(&copy);
}

static void test_no_memory(void **state)
{
    struct ter_interned interned;
    uint64_t failed = 1;

    (void)state;
    for (uint64_t k = 0; failed != 0; k++) {
        size_t numbers[100];

        ter_interned_init(&interned);
        test_fail_calls(TEST_ALL_CALLS, k, 1);
        for (size_t i = 0; i < 100; i++)
            numbers[i] = ter_interned_number(&interned, &i, sizeof i);
        test_stop_failing(&failed);
        for (size_t i = 0; i < 100; i++) {
            size_t size;

            if (numbers[i] == TER_NOT_INTERNED)
                continue;
            assert_memory_equal(ter_interned_at(&interned, numbers[i], &size), &i, sizeof i);
            assert_int_equal(ter_interned_number(&interned, &i, sizeof i), numbers[i]);
        }
        ter_interned_fini(&interned);
    }
}

/* ---- Messages ---- */

static void test_messages(void **state)
{
    static const uint64_t numbers[] = {0, 127, 128, 300, UINT64_MAX};
    static const unsigned char wanted[] = {
        0x08, 0x96, 0x01, 0x12, 0x07, 't',  'e',  's',  't',  'i',  'n',  'g',  0x1a, 0x10, 0x00,
        0x7f, 0x80, 0x01, 0xac, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    static struct ter_message message;
    unsigned char head[2 * TER_MESSAGE_NUMBER];

    (void)state;
    ter_message_begin(&message);
    ter_message_number(&message, 1, 150);
    ter_message_number(&message, 7, 0);
    ter_message_string(&message, 2, "testing", 7);
    ter_message_numbers(&message, 3, numbers, TER_ARRAY_LENGTH(numbers));
    assert_false(message.cut);
    assert_int_equal(message.used, sizeof wanted);
    assert_memory_equal(message.bytes, wanted, sizeof wanted);
    assert_int_equal(ter_message_head(head, 2, 300), 3);
    assert_memory_equal(head, "\x12\xac\x02", 3);
    for (unsigned i = 0; i < 100; i++)
        ter_message_string(&message, 2, head, sizeof head);
    ter_message_string(&message, 2, message.bytes, sizeof message.bytes);
    assert_true(message.cut);
    assert_true(message.used <= sizeof message.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_strings),
                                       cmocka_unit_test(test_no_memory),
                                       cmocka_unit_test(test_messages)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
