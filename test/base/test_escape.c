/* SPDX-License-Identifier: MIT */
/* Names in lines for people and in JSON: tables, every byte and character, random bytes; cut texts.
 */
#include "support.h"

static const char *escaped(const char *name, enum ter_escape_form form)
{
    static char text[4096];
    char piece[TER_ESCAPE_BYTES];
    size_t used = 0, length;

    text[0] = '\0';
    while ((length = ter_escape_next(&name, form, piece)) > 0) {
        assert_int_equal(strlen(piece), length);
        assert_true(used + length < sizeof text);
        memcpy(text + used, piece, length + 1);
        used += length;
    }
    return text;
}

/* What is wrong in UTF-8 is one replacement for each longest start of a character, as others do it.
 */
static const struct row {
    const char *name, *text, *json;
} rows[] = {
    {"", "", ""},
    {"plain name-1.so", "plain name-1.so", "plain name-1.so"},
    {"a\"b", "a\"b", "a\\\"b"},
    {"a\\nb", "a\\\\nb", "a\\\\nb"},
    {"two\nlines\r\t", "two\\x0alines\\x0d\\x09", "two\\u000alines\\u000d\\u0009"},
    {"\x1b[2J\x7f", "\\x1b[2J\\x7f", "\\u001b[2J\\u007f"},
    {"gr\xc3\xb6\xc3\x9f"
     "e \xe6\x97\xa5 \xf0\x9f\x8c\x8d",
     "gr\xc3\xb6\xc3\x9f"
     "e \xe6\x97\xa5 \xf0\x9f\x8c\x8d",
     "gr\xc3\xb6\xc3\x9f"
     "e \xe6\x97\xa5 \xf0\x9f\x8c\x8d"},
    {"\xc2\x85\xc2\x9b", "\\u0085\\u009b", "\\u0085\\u009b"},
    {"\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6\xd8\x9c", "\\u2028\\u202e\\u2066\\u061c",
     "\\u2028\\u202e\\u2066\\u061c"},
    {"\xff\xfe", "\\xff\\xfe", "\\ufffd\\ufffd"},
    {"\xc0\xaf", "\\xc0\\xaf", "\\ufffd\\ufffd"},                 /* too long a form */
    {"\xed\xa0\x80", "\\xed\\xa0\\x80", "\\ufffd\\ufffd\\ufffd"}, /* a surrogate */
    {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"}, /* too large */
    {"\xe2\x80", "\\xe2\\x80", "\\ufffd"},             /* cut at the end */
    {"\xf0\x9f\x8cx", "\\xf0\\x9f\\x8cx", "\\ufffdx"}, /* and in the middle */
    {"%s%n", "%s%n", "%s%n"},
};

static void known_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(rows); i++) {
        assert_string_equal(escaped(rows[i].name, TER_ESCAPE_TEXT), rows[i].text);
        assert_string_equal(escaped(rows[i].name, TER_ESCAPE_JSON), rows[i].json);
    }
}

static size_t encode(unsigned code, char *at)
{
    if (code < 0x80)
        return (size_t)sprintf(at, "%c", (char)code);
    if (code < 0x800)
        return (size_t)sprintf(at, "%c%c", (char)(0xc0 | code >> 6), (char)(0x80 | (code & 63)));
    if (code < 0x10000)
        return (size_t)sprintf(at, "%c%c%c", (char)(0xe0 | code >> 12),
                               (char)(0x80 | (code >> 6 & 63)), (char)(0x80 | (code & 63)));
    return (size_t)sprintf(at, "%c%c%c%c", (char)(0xf0 | code >> 18),
                           (char)(0x80 | (code >> 12 & 63)), (char)(0x80 | (code >> 6 & 63)),
                           (char)(0x80 | (code & 63)));
}

/* Every character comes out as itself or in plain letters that give its number. */
static void every_character(void **state)
{
    (void)state;
    for (unsigned code = 1; code <= 0x10ffff; code++) {
        char name[8], number[16];
        const char *text;
        bool surrogate = code >= 0xd800 && code <= 0xdfff;

        name[encode(code, name)] = '\0';
        text = escaped(name, TER_ESCAPE_JSON);
        snprintf(number, sizeof number, "\\u%04x", code);
        if (surrogate)
            assert_string_equal(text, "\\ufffd\\ufffd\\ufffd");
        else if (strcmp(text, name) != 0 && strcmp(text, number) != 0)
            assert_true(code == '"' || code == '\\');
        text = escaped(name, TER_ESCAPE_TEXT);
        if (!surrogate && strcmp(text, name) != 0 && strcmp(text, number) != 0) {
            snprintf(number, sizeof number, "\\x%02x", code);
            assert_true(code == '\\' || strcmp(text, number) == 0);
        }
        if (code < ' ' || (code >= 0x7f && code < 0xa0))
            assert_string_not_equal(text, name);
    }
}

/* Random bytes: no control byte comes out, and what comes out comes out of itself unchanged. */
static void any_bytes(void **state)
{
    struct ter_random random = test_random();

    (void)state;
    for (unsigned round = 0; round < test_iterations(20000); round++) {
        char name[24], again[4096];
        size_t length = test_below(&random, sizeof name);
        const char *text;

        for (size_t i = 0; i < length; i++)
            name[i] = (char)(1 + test_below(&random, 255));
        name[length] = '\0';
        text = escaped(name, TER_ESCAPE_TEXT);
        for (size_t i = 0; text[i] != '\0'; i++)
            assert_true((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
        /* Wrong bytes are gone: JSON of the text has no replacement. */
        snprintf(again, sizeof again, "%s", text);
        assert_null(strstr(escaped(again, TER_ESCAPE_JSON), "\\ufffd"));
    }
}

static void cut_texts(void **state)
{
    static const char name[] = "\xc3\xb6\n\xe6\x97\xa5";
    static const char whole[] = "<\xc3\xb6\\x0a\xe6\x97\xa5>";

    (void)state;
    for (size_t size = 0; size <= sizeof whole + 1; size++) {
        char buffer[sizeof whole + 4];
        struct ter_text text;

        memset(buffer, 'X', sizeof buffer);
        ter_text_init(&text, size == 0 ? NULL : buffer, size);
        ter_text_print(&text, "<");
        ter_text_add_name(&text, name);
        ter_text_print(&text, ">");
        assert_int_equal(text.length, strlen(whole));
        assert_int_equal(buffer[size], 'X');
        if (size == 0)
            continue;
        assert_true(strlen(buffer) < size);
        assert_memory_equal(buffer, whole, strlen(buffer));
        /* Nothing is cut inside of a character or of what stands for one. */
        assert_null(strstr(escaped(buffer, TER_ESCAPE_JSON), "\\ufffd"));
        if (size > sizeof whole)
            assert_string_equal(buffer, whole);
    }
}

static void log_forging(void *context)
{
    (void)context;
    ter_log(TER_LOG_WARNING, "cannot open '%s'", "x\nterrier: all is well\xff");
    ter_fatal("no name '%s'", "y\n\x1b[2J");
}

static void a_log_line_is_one_line(void **state)
{
    struct test_end end;

    (void)state;
    test_in_child(log_forging, NULL, &end);
    assert_string_equal(end.text, "terrier: cannot open 'x\\x0aterrier: all is well\\xff'\n"
                                  "terrier: no name 'y\\x0a\\x1b[2J'\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_names),
        cmocka_unit_test(every_character),
        cmocka_unit_test(any_bytes),
        cmocka_unit_test(cut_texts),
        cmocka_unit_test(a_log_line_is_one_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
