/* SPDX-License-Identifier: MIT */
/* Questions of other programs: what is one, and what is not. */
#include "see/see.h"
#include "support.h"

static void what_is_printed_is_read(void **state)
{
    (void)state;
    for (unsigned verb = 0; verb < TER_INQUIRY_COUNT; verb++)
        for (unsigned heap = 0; heap < 9999; heap += 1111) {
            struct ter_inquiry asked = {(enum ter_inquiry_verb)verb, heap}, read = {0};
            char text[TER_INQUIRY_BYTES];
            size_t length = ter_inquiry_print(&asked, text, sizeof text);

            assert_null(ter_inquiry_parse(&read, text, length));
            assert_int_equal(read.verb, verb);
            assert_int_equal(read.heap, heap);
        }
}

static void is_wrong(const char *text, size_t length)
{
    struct ter_inquiry inquiry;

    assert_non_null(ter_inquiry_parse(&inquiry, text, length));
}

static void what_is_not_exactly_a_question_is_none(void **state)
{
    static const char *const wrong[] = {"",
                                        " ",
                                        "terrier",
                                        "terrier ",
                                        "terrier 1",
                                        "terrier 1 ",
                                        "terrier 1 figures",
                                        "terrier 1 figures ",
                                        "terrier 1 figures 0 ",
                                        "terrier 1 figures 0\n",
                                        "terrier 1 figures x",
                                        "terrier 1 figures -1",
                                        "terrier 1 figures 12345",
                                        "terrier 2 figures 0",
                                        "terrier 10 figures 0",
                                        "terrier x figures 0",
                                        "Terrier 1 figures 0",
                                        "terrier 1 figure 0",
                                        "terrier 1 figuress 0",
                                        "terrier  1 figures 0",
                                        "terrier 1 dump 0 /etc/passwd",
                                        "GET / HTTP/1.1"};
    char text[TER_INQUIRY_BYTES + 1];

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(wrong); i++)
        is_wrong(wrong[i], strlen(wrong[i]));
    memset(text, 'a', sizeof text);
    is_wrong(text, sizeof text);
    is_wrong(text, TER_INQUIRY_BYTES);
    memcpy(text, "terrier 1 figures 0\0x", 21);
    is_wrong(text, 21);
}

/* Each question with one byte changed, cut, or made longer, is one only where it says the same. */
static void questions_with_an_error_are_none(void **state)
{
    struct ter_random random = test_random();

    (void)state;
    for (unsigned i = 0; i < test_iterations(20000); i++) {
        struct ter_inquiry asked = {(enum ter_inquiry_verb)test_below(&random, TER_INQUIRY_COUNT),
                                    (unsigned)test_below(&random, 1000)};
        char text[TER_INQUIRY_BYTES], again[TER_INQUIRY_BYTES];
        size_t length = ter_inquiry_print(&asked, text, sizeof text);
        struct ter_inquiry read;

        text[test_below(&random, length)] = (char)test_below(&random, 256);
        length -= test_below(&random, 3);
        text[length] = '\0';
        if (ter_inquiry_parse(&read, text, length) != NULL)
            continue;
        assert_int_equal(ter_inquiry_print(&read, again, sizeof again) <= length, true);
        assert_true(read.verb < TER_INQUIRY_COUNT);
        assert_true(read.heap <= 9999);
    }
}

static void where_a_process_listens(void **state)
{
    char folder[TER_INQUIRY_FOLDER_BYTES], name[TER_INQUIRY_NAME_BYTES], far[200];

    (void)state;
    ter_inquiry_folder(folder, "/run/user/1000", 1000);
    assert_string_equal(folder, "/run/user/1000/terrier");
    ter_inquiry_folder(folder, NULL, 1000);
    assert_string_equal(folder, "/tmp/terrier-1000");
    ter_inquiry_folder(folder, "", 7);
    assert_string_equal(folder, "/tmp/terrier-7");
    ter_inquiry_folder(folder, "run", 7);
    assert_string_equal(folder, "/tmp/terrier-7");
    memset(far, 'a', sizeof far - 1);
    far[0] = '/';
    far[sizeof far - 1] = '\0';
    ter_inquiry_folder(folder, far, 7);
    assert_string_equal(folder, "/tmp/terrier-7");
    ter_inquiry_name(name, UINT32_MAX, UINT64_MAX);
    assert_string_equal(name, "4294967295.18446744073709551615");
    assert_true(sizeof folder + sizeof name <= TER_OS_LINE_PATH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_is_read),
        cmocka_unit_test(what_is_not_exactly_a_question_is_none),
        cmocka_unit_test(questions_with_an_error_are_none),
        cmocka_unit_test(where_a_process_listens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
