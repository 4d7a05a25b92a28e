/* SPDX-License-Identifier: MIT */
/* Options: defaults, every row of the table, wrong values, lists, the environment. */
#include <terrier/terrier.h>

#include "heap/heap.h"
#include "support.h"

static char message[600];

static ter_status set(struct ter_options *options, const char *name, const char *value)
{
    memset(message, 'x', sizeof message);
    message[0] = '\0';
    return ter_options_set(options, name, value, message, sizeof message);
}

static ter_status parse(struct ter_options *options, const char *text)
{
    message[0] = '\0';
    return ter_options_parse(options, text, message, sizeof message);
}

static void defaults(void **state)
{
    struct ter_options options;

    (void)state;
    memset(&options, 0xff, sizeof options);
    ter_options_init(&options);
#define NUMBER(name, value, lowest, highest, help) assert_int_equal(options.name, value);
#define TEXT(name, value, allowed, help) assert_string_equal(options.name, value);
    TER_OPTIONS(NUMBER, TEXT)
#undef NUMBER
#undef TEXT
}

static void check_number(const char *name, size_t offset, uint64_t lowest, uint64_t highest)
{
    struct ter_options options, before;
    uint64_t *field = (uint64_t *)(void *)((char *)&options + offset);
    char text[32];

    ter_options_init(&options);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t wanted = i == 0 ? lowest : highest;

        snprintf(text, sizeof text, "%llu", (unsigned long long)wanted);
        assert_int_equal(set(&options, name, text), TER_OK);
        assert_true(*field == wanted);
    }
    before = options;
    if (highest < UINT64_MAX) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)highest + 1);
        assert_int_equal(set(&options, name, text), TER_ERROR_INVALID);
    }
    if (lowest > 0) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)lowest - 1);
        assert_int_equal(set(&options, name, text), TER_ERROR_INVALID);
    }
    assert_int_equal(set(&options, name, ""), TER_ERROR_INVALID);
    assert_int_equal(set(&options, name, "-1"), TER_ERROR_INVALID);
    assert_int_equal(set(&options, name, "1 "), TER_ERROR_INVALID);
    assert_int_equal(set(&options, name, "18446744073709551616"), TER_ERROR_INVALID);
    assert_int_equal(set(&options, name, "yes"), TER_ERROR_INVALID);
    assert_non_null(strstr(message, name));
    assert_non_null(strstr(message, "'yes'"));
    assert_memory_equal(&options, &before, sizeof options);
}

static void every_number(void **state)
{
    (void)state;
#define NUMBER(name, value, lowest, highest, help)                                                 \
    check_number(#name, offsetof(struct ter_options, name), lowest, highest);
#define TEXT(name, value, allowed, help)
    TER_OPTIONS(NUMBER, TEXT)
#undef NUMBER
#undef TEXT
}

static void sizes_have_suffixes(void **state)
{
    struct ter_options options;

    (void)state;
    ter_options_init(&options);
    assert_int_equal(set(&options, "heap_max", "3K"), TER_OK);
    assert_int_equal(options.heap_max, 3072);
    assert_int_equal(set(&options, "heap_max", "2t"), TER_OK);
    assert_true(options.heap_max == UINT64_C(2) << 40);
}

static void texts(void **state)
{
    static const char *const words[] = {"none", "text", "json"};
    struct ter_options options, before;
    char longest[TER_OPTION_TEXT_BYTES + 1];

    (void)state;
    ter_options_init(&options);
    for (size_t i = 0; i < TER_ARRAY_LENGTH(words); i++) {
        assert_int_equal(set(&options, "report", words[i]), TER_OK);
        assert_string_equal(options.report, words[i]);
    }
    memset(longest, 'a', sizeof longest);
    longest[TER_OPTION_TEXT_BYTES - 1] = '\0';
    assert_int_equal(set(&options, "report_file", longest), TER_OK);
    assert_string_equal(options.report_file, longest);
    before = options;
    longest[TER_OPTION_TEXT_BYTES - 1] = 'a';
    longest[TER_OPTION_TEXT_BYTES] = '\0';
    assert_int_equal(set(&options, "report_file", longest), TER_ERROR_INVALID);
    assert_int_equal(set(&options, "report", ""), TER_ERROR_INVALID);
    assert_int_equal(set(&options, "report", "tex"), TER_ERROR_INVALID);
    assert_int_equal(set(&options, "report", "text|json"), TER_ERROR_INVALID);
    assert_int_equal(set(&options, "layout", "no-such-layout"), TER_ERROR_INVALID);
    assert_memory_equal(&options, &before, sizeof options);
    assert_int_equal(set(&options, "layout", "32bit"), TER_OK);
    assert_string_equal(options.layout, "32bit");
    assert_int_equal(set(&options, "layout", "auto"), TER_OK);
    assert_int_equal(set(&options, "report_file", ""), TER_OK);
    assert_string_equal(options.report_file, "");
}

static void unknown_names(void **state)
{
    static const char *const names[] = {"", "heap", "heap_maxx", "HEAP_MAX", " heap_max", "stres"};
    struct ter_options options, before;

    (void)state;
    ter_options_init(&options);
    before = options;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(names); i++) {
        char quoted[32];

        snprintf(quoted, sizeof quoted, "'%s'", names[i]);
        assert_int_equal(set(&options, names[i], "1"), TER_ERROR_UNKNOWN_NAME);
        assert_non_null(strstr(message, quoted));
    }
    assert_memory_equal(&options, &before, sizeof options);
}

static void messages_are_cut(void **state)
{
    struct ter_options options;
    char text[64];

    (void)state;
    ter_options_init(&options);
    for (size_t size = 1; size < 40; size++) {
        memset(text, 'x', sizeof text);
        assert_int_equal(ter_options_set(&options, "no_such_option", "1", text, size),
                         TER_ERROR_UNKNOWN_NAME);
        assert_true(strlen(text) < size);
        assert_int_equal(text[size], 'x');
    }
    assert_int_equal(ter_options_set(&options, "no_such_option", "1", NULL, 0),
                     TER_ERROR_UNKNOWN_NAME);
    assert_int_equal(ter_options_set(&options, "stress", "x", NULL, 0), TER_ERROR_INVALID);
    assert_int_equal(ter_options_parse(&options, "stress", NULL, 0), TER_ERROR_INVALID);
}

static void lists(void **state)
{
    struct ter_options options;

    (void)state;
    ter_options_init(&options);
    assert_int_equal(parse(&options, ""), TER_OK);
    assert_int_equal(parse(&options, ","), TER_OK);
    assert_int_equal(parse(&options, "stress=5,heap_max=1M,report_file=a=b,"), TER_OK);
    assert_int_equal(options.stress, 5);
    assert_int_equal(options.heap_max, 1 << 20);
    assert_string_equal(options.report_file, "a=b");
    /* Up to the first that is wrong. */
    assert_int_equal(parse(&options, "stress=6,heap_max=x,log=3"), TER_ERROR_INVALID);
    assert_int_equal(options.stress, 6);
    assert_int_equal(options.heap_max, 1 << 20);
    assert_int_equal(options.log, 1);
    assert_int_equal(parse(&options, "stress=7,nothing=1,log=3"), TER_ERROR_UNKNOWN_NAME);
    assert_non_null(strstr(message, "'nothing'"));
    assert_int_equal(options.stress, 7);
    assert_int_equal(parse(&options, "stress"), TER_ERROR_INVALID);
    assert_non_null(strstr(message, "'stress'"));
    assert_int_equal(parse(&options, "=3"), TER_ERROR_UNKNOWN_NAME);
    assert_int_equal(parse(&options, "stress=="), TER_ERROR_INVALID);
    assert_int_equal(options.log, 1);
}

static void the_environment(void **state)
{
    struct ter_options options;

    (void)state;
    ter_options_init(&options);
    unsetenv("TERRIER_OPTIONS");
    assert_int_equal(ter_options_read_environment(&options, NULL, 0), TER_OK);
    assert_int_equal(options.stress, 0);
    setenv("TERRIER_OPTIONS", "stress=12,scan_program=0", 1);
    assert_int_equal(ter_options_read_environment(&options, NULL, 0), TER_OK);
    assert_int_equal(options.stress, 12);
    assert_int_equal(options.scan_program, 0);
    setenv("TERRIER_OPTIONS", "stress=what", 1);
    assert_int_equal(ter_options_read_environment(&options, message, sizeof message),
                     TER_ERROR_INVALID);
    assert_non_null(strstr(message, "what"));
    unsetenv("TERRIER_OPTIONS");
}

static void new_heap_by_default(void *context)
{
    struct ter_heap *heap = context;

    if (ter_heap_new(NULL, &heap) == TER_OK)
        _Exit(1);
    _Exit(heap == context ? 0 : 2);
}

static void a_wrong_environment_makes_no_heap(void **state)
{
    struct test_end end;

    (void)state;
    setenv("TERRIER_OPTIONS", "stress=what", 1);
    test_in_child(new_heap_by_default, &end, &end);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
    assert_non_null(strstr(end.text, "TERRIER_OPTIONS"));
    assert_non_null(strstr(end.text, "what"));
    unsetenv("TERRIER_OPTIONS");
}

/* What the program wishes, the environment over it, and nothing of a wrong wish. */
static void wishes_stand_below_the_environment(void **state)
{
    struct ter_heap *heap = NULL;

    (void)state;
    unsetenv("TERRIER_OPTIONS");
    assert_int_equal(ter_heap_new_with("stress=12,log=0", &heap), TER_OK);
    assert_int_equal(heap->options.stress, 12);
    ter_heap_free(heap);
    setenv("TERRIER_OPTIONS", "stress=13", 1);
    assert_int_equal(ter_heap_new_with("stress=12,stacks=exact,log=0", &heap), TER_OK);
    assert_int_equal(heap->options.stress, 13);
    assert_string_equal(heap->options.stacks, "exact");
    ter_heap_free(heap);
    unsetenv("TERRIER_OPTIONS");
    assert_int_equal(ter_heap_new_with(NULL, &heap), TER_OK);
    ter_heap_free(heap);
    heap = NULL;
    assert_int_equal(ter_heap_new_with("stacks=nowhere", &heap), TER_ERROR_INVALID);
    assert_int_equal(ter_heap_new_with("stakcs=exact", &heap), TER_ERROR_UNKNOWN_NAME);
    assert_int_equal(ter_heap_new_with_for(TER_ABI_VERSION + 1, "", &heap), TER_ERROR_INVALID);
    assert_null(heap);
}

struct row {
    const char *name, *value, *help;
};

struct rows {
    const struct row *rows;
    size_t seen;
};

static void see_row(void *context, const char *name, const char *value, const char *help)
{
    struct rows *rows = context;

    assert_string_equal(name, rows->rows[rows->seen].name);
    assert_string_equal(value, rows->rows[rows->seen].value);
    assert_string_equal(help, rows->rows[rows->seen].help);
    rows->seen++;
}

static void for_each(void **state)
{
#define NUMBER(name, value, lowest, highest, help) {#name, #value, help},
#define TEXT(name, value, allowed, help) {#name, value, help},
    static const struct row table[] = {TER_OPTIONS(NUMBER, TEXT)};
#undef NUMBER
#undef TEXT
    struct rows rows = {table, 0};

    (void)state;
    ter_options_for_each(see_row, &rows);
    assert_int_equal(rows.seen, TER_ARRAY_LENGTH(table));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(every_number),
        cmocka_unit_test(sizes_have_suffixes),
        cmocka_unit_test(texts),
        cmocka_unit_test(unknown_names),
        cmocka_unit_test(messages_are_cut),
        cmocka_unit_test(lists),
        cmocka_unit_test(the_environment),
        cmocka_unit_test(a_wrong_environment_makes_no_heap),
        cmocka_unit_test(wishes_stand_below_the_environment),
        cmocka_unit_test(for_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
