/* SPDX-License-Identifier: MIT */
/* Reports: both formats, where they go, what a forked child writes; the writer. */
#define _GNU_SOURCE
#include "heap/heap.h"
#include "see/see.h"
#include "json.h"
#include "small_heap.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static char text[1 << 20];

/* What a temporary file holds. */
static const char *read_all(const char *path)
{
    int file = open(path, O_RDONLY);
    size_t used = 0;
    ssize_t count;

    assert_true(file >= 0);
    while ((count = read(file, text + used, sizeof text - 1 - used)) > 0)
        used += (size_t)count;
    text[used] = '\0';
    close(file);
    return text;
}

static void make_path(char *path, size_t size)
{
    const char *folder = getenv("TMPDIR");
    int file;

    snprintf(path, size, "%s/terrier-test-XXXXXX", folder == NULL ? "/tmp" : folder);
    file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
}

static const char *report_of(struct small_heap *small, enum ter_report_format format)
{
    char path[300];
    int file;

    make_path(path, sizeof path);
    file = open(path, O_WRONLY);
    assert_int_equal(ter_heap_report(small->heap, file, format), TER_OK);
    close(file);
    read_all(path);
    unlink(path);
    return text;
}

static void checker_checks(void **state)
{
    static const char *const good[] = {"{}", " [1, -2.5e+3,\"a\\u00e9\\n\", {\"b\":null}] ", "0"};
    static const char *const bad[] = {"",        "{",      "[1,]",  "{\"a\"}", "{\"a\":1,}",
                                      "[01]",    "\"\n\"", "{} {}", "nul",     "[1 2]",
                                      "\"\\x\"", "{a:1}",  "[1}",   "-"};

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(good); i++)
        assert_true(test_is_json(good[i]));
    for (size_t i = 0; i < TER_ARRAY_LENGTH(bad); i++)
        assert_false(test_is_json(bad[i]));
}

static unsigned long long number_behind(const char *where, const char *key)
{
    const char *found = strstr(where, key);

    assert_non_null(found);
    return strtoull(found + strlen(key), NULL, 10);
}

/*
 * Of the first collection in the report: the pause is a part of the whole time, and has two
 * parts.
 */
static void check_times(const char *report)
{
    const char *collection = strstr(report, "\"collections\":[{");
    unsigned long long pause, total;

    assert_non_null(collection);
    pause = number_behind(collection, "\"pause_ns\":");
    total = number_behind(collection, "\"total_ns\":");
    assert_true(pause > 0 && pause <= total);
    assert_int_equal(number_behind(collection, "\"mark_ns\":") +
                         number_behind(collection, "\"sweep_ns\":"),
                     pause);
    assert_true(number_behind(report, "\"pause_total_ns\":") <=
                number_behind(report, "\"collection_total_ns\":"));
}

static void json(void **state)
{
    struct small_heap small;
    const char *report;

    (void)state;
    small_heap_init(&small, "report=json,report_file=/dev/null");
    assert_true(test_is_json(report_of(&small, TER_REPORT_JSON)));
    small.roots[0] = small_heap_list(&small, TER_KIND_NORMAL, 3000, 64);
    small.roots[1] = small_heap_list(&small, TER_KIND_ATOMIC, 30, 64000);
    small.roots[2] = small_heap_list(&small, TER_KIND_UNCOLLECTABLE, 30, 640);
    for (unsigned i = 0; i < 3; i++)
        small_heap_collect(&small);
    report = report_of(&small, TER_REPORT_JSON);
    assert_true(test_is_json(report));
#define KEY(name, unit, help) assert_non_null(strstr(report, "\"" #name "\":"));
    TER_STATISTICS(KEY)
#undef KEY
    assert_non_null(strstr(report, "\"program\":\"test_report\""));
    check_times(report);
    assert_non_null(strstr(report, "\"reason\":\"requested\""));
    assert_non_null(strstr(report, "\"name\":\"mark-sweep\""));
    assert_non_null(strstr(report, "\"name\":\"immortal\""));
    assert_non_null(strstr(report, "\"name\":\"large\""));
    small_heap_fini(&small);
}

/* The name of a program may hold any bytes. */
static void strange_names(void **state)
{
    static char strange[] = "a\"b\\c\nd\x01\xe9";
    char *name = program_invocation_short_name;
    struct small_heap small;
    const char *report;

    (void)state;
    small_heap_init(&small, "");
    program_invocation_short_name = strange;
    report = report_of(&small, TER_REPORT_JSON);
    program_invocation_short_name = name;
    assert_true(test_is_json(report));
    assert_non_null(strstr(report, "\"a\\\"b\\\\c\\u000ad\\u0001\\ufffd\""));
    small_heap_fini(&small);
}

static void text_for_people(void **state)
{
    struct small_heap small;
    const char *report;

    (void)state;
    small_heap_init(&small, "");
    small.roots[0] = small_heap_list(&small, TER_KIND_NORMAL, 3000, 64);
    small_heap_collect(&small);
    report = report_of(&small, TER_REPORT_TEXT);
    assert_non_null(strstr(report, "mark-sweep"));
    assert_non_null(strstr(report, "collections"));
    assert_null(strstr(report, "(null)"));
    small_heap_fini(&small);
}

static void a_bad_file(void **state)
{
    struct small_heap small;

    (void)state;
    small_heap_init(&small, "");
    assert_int_equal(ter_heap_report(small.heap, -1, TER_REPORT_JSON), TER_ERROR_SYSTEM);
    assert_int_equal(ter_heap_report(small.heap, -1, TER_REPORT_TEXT), TER_ERROR_SYSTEM);
    small_heap_fini(&small);
}

/* %p becomes the process; the report is written once, at the end. */
static void the_wanted_file(void **state)
{
    struct small_heap small;
    char path[300], options[400], real[400];

    (void)state;
    make_path(path, sizeof path);
    unlink(path);
    snprintf(options, sizeof options, "report=json,report_file=%s.%%p", path);
    snprintf(real, sizeof real, "%s.%u", path, (unsigned)getpid());
    small_heap_init(&small, options);
    assert_int_not_equal(access(real, F_OK), 0);
    small_heap_fini(&small);
    assert_true(test_is_json(read_all(real)));
    unlink(real);
}

static void write_to_standard_error(void *context)
{
    struct small_heap small;

    small_heap_init(&small, context);
    small_heap_collect(&small);
    small_heap_fini(&small);
}

static void standard_error(void **state)
{
    static char wants_json[] = "report=json", wants_text[] = "report=text", none[] = "report=none";
    static char lost[] = "report=text,report_file=/no/such/folder/file";
    struct test_end end;

    (void)state;
    test_in_child(write_to_standard_error, wants_json, &end);
    assert_true(test_is_json(end.text));
    test_in_child(write_to_standard_error, wants_text, &end);
    assert_non_null(strstr(end.text, "collections"));
    test_in_child(write_to_standard_error, none, &end);
    assert_string_equal(end.text, "");
    test_in_child(write_to_standard_error, lost, &end);
    assert_non_null(strstr(end.text, "terrier: "));
    assert_non_null(strstr(end.text, "/no/such/folder/file"));
}

static void the_writer(void **state)
{
    struct ter_writer writer;
    char path[300], long_text[3000];
    const char *all;
    int file;

    (void)state;
    make_path(path, sizeof path);
    file = open(path, O_WRONLY);
    memset(long_text, 'z', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    ter_writer_init(&writer, file);
    for (unsigned i = 0; i < 5000; i++)
        ter_writer_print(&writer, "%04u,", i);
    ter_writer_print(&writer, "%s", long_text);
    ter_writer_print(&writer, "!");
    assert_true(ter_writer_finish(&writer));
    close(file);
    all = read_all(path);
    unlink(path);
    for (unsigned i = 0; i < 5000; i++)
        assert_int_equal(strtoul(all + i * 5, NULL, 10), i);
    assert_int_equal(strspn(all + 25000, "z"), sizeof writer.buffer / 2 - 1);
    assert_string_equal(all + 25000 + strspn(all + 25000, "z"), "!");
    ter_writer_init(&writer, -1);
    ter_writer_print(&writer, "lost");
    assert_false(ter_writer_finish(&writer));
    assert_true(writer.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checker_checks), cmocka_unit_test(json),
        cmocka_unit_test(strange_names),  cmocka_unit_test(text_for_people),
        cmocka_unit_test(a_bad_file),     cmocka_unit_test(the_wanted_file),
        cmocka_unit_test(standard_error), cmocka_unit_test(the_writer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
