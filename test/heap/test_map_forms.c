/* SPDX-License-Identifier: MIT */
/*
 * Written maps: text and picture tell the same as the calls do, the picture is XML, a heap of GiB
 * gives a file of sane size, and the options write the map when they should.
 */
#define _GNU_SOURCE
#include "heap/heap.h"
#include "heap/parcels.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "json.h"
#include "small_heap.h"
#include "xml.h"

static struct small_heap small;
static char written[4 << 20];

static int open_temporary(char *path, size_t size)
{
    const char *folder = getenv("TMPDIR");
    int file;

    snprintf(path, size, "%s/terrier-test-XXXXXX", folder == NULL ? "/tmp" : folder);
    file = mkstemp(path);
    assert_true(file >= 0);
    return file;
}

static size_t read_back(int file)
{
    ssize_t length = pread(file, written, sizeof written - 1, 0);

    assert_in_range(length, 0, sizeof written - 2);
    written[length] = '\0';
    return (size_t)length;
}

static size_t write_map(enum ter_map_form form, unsigned width)
{
    char path[300];
    int file = open_temporary(path, sizeof path);
    size_t length;

    assert_int_equal(ter_heap_map(small.heap, file, form, width), TER_OK);
    length = read_back(file);
    close(file);
    unlink(path);
    return length;
}

static void count_parcels(struct ter_parcel_counts *counts)
{
    ter_allocator_lock(&small.heap->collector.allocator);
    ter_heap_count_parcels(small.heap, counts);
    ter_allocator_unlock(&small.heap->collector.allocator);
}

/* ---- Reading maps ---- */

/* The state whose name begins there, with nothing of a longer one. */
static enum ter_parcel_state state_named(const char *text)
{
    for (unsigned state = 0; state < TER_PARCEL_STATE_COUNT; state++) {
        const char *name = ter_parcel_state_name((enum ter_parcel_state)state);
        size_t length = strlen(name);

        if (strncmp(text, name, length) == 0 && strchr(",) ;:", text[length]) != NULL)
            return (enum ter_parcel_state)state;
    }
    fail_msg("no state: %.20s", text);
    return TER_PARCEL_UNUSED;
}

static enum ter_parcel_state state_of_letter(char letter)
{
    for (unsigned state = 0; state < TER_PARCEL_STATE_COUNT; state++)
        if (ter_parcel_rows[state].letter ==
            (letter >= 'A' && letter <= 'Z' ? letter + 32 : letter))
            return (enum ter_parcel_state)state;
    fail_msg("no letter: %c", letter);
    return TER_PARCEL_UNUSED;
}

/* "(2.0 MiB unused)": its parcels are whole 32 KiB, and what is shown is exact to a tenth. */
static void read_empty(const char *text, struct ter_parcel_counts *counts)
{
    char unit[8], name[16];
    double size;

    assert_int_equal(sscanf(text, "(%lf %7s %15[a-z]", &size, unit, name), 3);
    size *= strcmp(unit, "KiB") == 0 ? 1 : strcmp(unit, "MiB") == 0 ? 1024 : 1048576;
    counts->of[state_named(text + (strstr(text, name) - text))] += (size_t)(size / 32 + 0.5);
}

static void read_letters(const char *text, struct ter_parcel_counts *counts)
{
    for (; *text != '\n'; text++) {
        if (*text == 'p' || *text == 'P')
            counts->pinned++;
        else
            counts->of[state_of_letter(*text)]++;
    }
}

/* Lines with an address: what is behind it. A map without gathered tiles. */
static void read_text(struct ter_parcel_counts *counts)
{
    const char *line = written;

    *counts = (struct ter_parcel_counts){.all = 0};
    for (; line != NULL && *line != '\0'; line = strchr(line, '\n') + 1) {
        size_t blanks = strspn(line, " ");
        const char *behind;

        if (blanks < 2 || strncmp(line + blanks, "0x", 2) != 0)
            continue;
        behind = line + blanks + strcspn(line + blanks, " ") + 2;
        if (*behind == '(')
            read_empty(behind, counts);
        else
            read_letters(behind, counts);
    }
}

/* What tiles say of themselves: "0x2000: young, 3 blocks, …, pinned: 2". */
static void read_picture(struct ter_parcel_counts *counts)
{
    const char *at = written;

    *counts = (struct ter_parcel_counts){.all = 0};
    while ((at = strstr(at, "<title>0x")) != NULL) {
        const char *state = strstr(at, ": ") + 2, *end = strstr(at, "</title>");
        const char *pinned = memmem(at, (size_t)(end - at), "pinned: ", 8);
        size_t parcels = strtoul(strstr(state, ", ") + 2, NULL, 10);

        counts->of[state_named(state)] += parcels;
        counts->all += parcels;
        counts->pinned += pinned != NULL;
        at = end;
    }
}

/* The count behind a name of the legend, in either form. */
static size_t legend_count(const char *before, const char *name, const char *between)
{
    char pattern[64];
    const char *found;

    snprintf(pattern, sizeof pattern, "%s%s%s", before, name, between);
    found = strstr(written, pattern);
    return found == NULL ? 0 : strtoul(found + strlen(pattern), NULL, 10);
}

/* ---- The forms agree ---- */

static const struct ter_object_layout pair_layout = {.header_bytes = 16, .header = {.bitmap = 1}};
static const struct ter_kind_description pair_description = {.name = "pair",
                                                             .layout = &pair_layout};

/* Something of everything, some of it pinned. */
static void fill_heap(void)
{
    unsigned pair_kind;

    assert_int_equal(ter_kind_define(small.heap, &pair_description, &pair_kind), TER_OK);
    for (unsigned i = 0; i < 20000; i++) {
        unsigned root = i % (SMALL_ROOTS - 8);

        small.roots[root] =
            ter_allocate(small.mutator, i % 3 == 0 ? TER_KIND_ATOMIC : pair_kind, 16 + i % 300);
        assert_non_null(small.roots[root]);
    }
    small.roots[SMALL_ROOTS - 1] = ter_allocate(small.mutator, TER_KIND_ATOMIC, 300000);
    small.roots[SMALL_ROOTS - 2] = ter_allocate(small.mutator, TER_KIND_ATOMIC, 20000);
    small.roots[SMALL_ROOTS - 3] = ter_allocate(small.mutator, TER_KIND_UNCOLLECTABLE, 200);
    assert_int_equal(ter_pin(small.heap, small.roots[1]), TER_OK);
    small_heap_collect(&small);
    small_heap_list_at(&small, 0, 1000, 64);
}

static void check_text(const struct ter_parcel_counts *counts, unsigned width)
{
    struct ter_parcel_counts seen;
    size_t sum = 0;

    write_map(TER_MAP_TEXT, width);
    read_text(&seen);
    assert_int_equal(seen.pinned, counts->pinned);
    for (unsigned state = 0; state < TER_PARCEL_STATE_COUNT; state++) {
        if (state != TER_PARCEL_YOUNG && state != TER_PARCEL_OLD && state != TER_PARCEL_OTHER)
            assert_int_equal(seen.of[state], counts->of[state]);
        sum += seen.of[state];
    }
    /* Those with pinned objects are shown as such. */
    assert_int_equal(sum + seen.pinned, counts->all);
    assert_int_equal(legend_count("  ", "large_rest", " "), counts->of[TER_PARCEL_LARGE_REST]);
}

static void check_picture(const struct ter_parcel_counts *counts, unsigned width)
{
    struct ter_parcel_counts seen;

    write_map(TER_MAP_SVG, width);
    assert_true(test_is_xml(written));
    read_picture(&seen);
    assert_int_equal(seen.all, counts->all);
    assert_int_equal(seen.pinned, counts->pinned);
    for (unsigned state = 0; state < TER_PARCEL_STATE_COUNT; state++) {
        const char *name = ter_parcel_state_name((enum ter_parcel_state)state);

        assert_int_equal(seen.of[state], counts->of[state]);
        /* The description has it too. */
        assert_int_equal(legend_count("; ", name, ": "), counts->of[state]);
    }
    assert_non_null(strstr(written, "role=\"img\""));
    assert_non_null(strstr(written, "prefers-color-scheme:dark"));
}

static void compare_forms(void)
{
    struct ter_parcel_counts counts;

    fill_heap();
    count_parcels(&counts);
    for (unsigned width = TER_MAP_WIDTH_LEAST; width <= TER_MAP_WIDTH_MOST; width *= 2) {
        check_text(&counts, width);
        check_picture(&counts, width);
    }
    check_text(&counts, 0);
    check_picture(&counts, 100);
    ter_unpin(small.heap, small.roots[1]);
}

static void forms_agree(void **state)
{
    (void)state;
    small_heap_with_plans(&small, "", compare_forms, NULL);
}

static void forms_agree_of_malloc(void **state)
{
    (void)state;
    small_heap_init(&small, "objects=malloc");
    compare_forms();
    small_heap_fini(&small);
}

/* A line of what was freed, before lines of what was never used. */
static void empty_lines(void **state)
{
    struct ter_parcel_counts counts;

    (void)state;
    small_heap_init(&small, "heap_initial=64M");
    ter_free(small.mutator, ter_allocate(small.mutator, TER_KIND_ATOMIC,
                                         (size_t)TER_MAP_WIDTH_LEAST * TER_PARCEL_BYTES));
    count_parcels(&counts);
    assert_int_equal(counts.of[TER_PARCEL_FREE], TER_MAP_WIDTH_LEAST);
    check_text(&counts, TER_MAP_WIDTH_LEAST);
    check_picture(&counts, TER_MAP_WIDTH_LEAST);
    small_heap_fini(&small);
}

/* The picture is as high as what is in it: nothing lies below its end. */
static void height(void **state)
{
    size_t high, lowest = 0;
    const char *at;

    (void)state;
    small_heap_init(&small, "");
    fill_heap();
    write_map(TER_MAP_SVG, 0);
    high = strtoul(strstr(written, "height=\"") + 8, NULL, 10);
    for (at = written; (at = strstr(at, " y=\"")) != NULL; at++)
        lowest = ter_max(lowest, strtoul(at + 4, NULL, 10));
    assert_in_range(high, lowest + 10, lowest + 40);
    small_heap_fini(&small);
}

static void strange_program(void **state)
{
    static char strange[] = "a<b>&\"c\"\x01\xe9";
    char *name = program_invocation_short_name;

    (void)state;
    small_heap_init(&small, "");
    program_invocation_short_name = strange;
    write_map(TER_MAP_SVG, 0);
    program_invocation_short_name = name;
    assert_true(test_is_xml(written));
    assert_non_null(strstr(written, "a&lt;b>&amp;\"c\"??"));
    small_heap_fini(&small);
}

/* ---- Large heaps ---- */

static void gathered(void **state)
{
    struct ter_parcel_counts counts, seen;
    size_t lines = 0;

    (void)state;
    small_heap_init(&small, "");
    /* Of its pages none is touched. */
    small.roots[0] = ter_allocate(small.mutator, TER_KIND_ATOMIC, (size_t)700 << 20);
    if (small.roots[0] == NULL) {
        small_heap_fini(&small);
        skip();
    }
    small_heap_list_at(&small, 1, 5000, 64);
    count_parcels(&counts);
    assert_true(counts.all > 2 * 8192);
    assert_true(write_map(TER_MAP_SVG, 0) < (2u << 20));
    assert_true(test_is_xml(written));
    assert_non_null(strstr(written, "a tile is 4 blocks"));
    read_picture(&seen);
    assert_int_equal(seen.all, counts.all);
    assert_int_equal(legend_count("; ", "large_rest", ": "), counts.of[TER_PARCEL_LARGE_REST]);
    assert_true(write_map(TER_MAP_TEXT, 0) < 64 << 10);
    for (const char *at = written; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_in_range(lines, 90, 160);
    assert_non_null(strstr(written, "a character is 4 blocks"));
    small_heap_fini(&small);
}

/* ---- Options ---- */

static void open_heap_with_map(const char *form, const char *path, const char *more)
{
    char options[600];

    snprintf(options, sizeof options, "map=%s,map_file=%s%s", form, path, more);
    small_heap_init(&small, options);
    small_heap_list_at(&small, 0, 1000, 64);
}

static void at_the_end(void **state)
{
    char path[300];
    int file = open_temporary(path, sizeof path);

    (void)state;
    open_heap_with_map("text", path, ",map_width=32");
    small_heap_collect(&small);
    assert_int_equal(read_back(file), 0);
    small_heap_fini(&small);
    assert_true(read_back(file) > 100);
    assert_int_equal(strncmp(written, "Map of a heap of Terrier ", 25), 0);
    assert_non_null(strstr(written, "collections: 1\n"));
    close(file);
    unlink(path);
}

/* A picture is a whole file, whatever was there. */
static void replaced(void **state)
{
    char path[300];
    int file = open_temporary(path, sizeof path);

    (void)state;
    assert_int_equal(write(file, "old", 3), 3);
    for (unsigned i = 0; i < 2; i++) {
        open_heap_with_map("svg", path, "");
        small_heap_fini(&small);
        read_back(file);
        assert_true(test_is_xml(written));
    }
    close(file);
    unlink(path);
}

static void after_a_collection(void **state)
{
    char path[300];
    int file = open_temporary(path, sizeof path);

    (void)state;
    open_heap_with_map("text", path, ",map_at=2");
    small_heap_collect(&small);
    assert_int_equal(read_back(file), 0);
    small_heap_collect(&small);
    assert_true(read_back(file) > 100);
    assert_non_null(strstr(written, "collections: 2\n"));
    small_heap_collect(&small);
    small_heap_fini(&small);
    read_back(file);
    assert_null(strstr(written, "collections: 3\n"));
    assert_null(strstr(written + 10, "Map of a heap"));
    close(file);
    unlink(path);
}

static void in_reports(void **state)
{
    struct ter_parcel_counts counts;
    char path[300], key[64];
    int file = open_temporary(path, sizeof path);

    (void)state;
    small_heap_init(&small, "plan=immix");
    fill_heap();
    count_parcels(&counts);
    assert_int_equal(ter_heap_report(small.heap, file, TER_REPORT_JSON), TER_OK);
    read_back(file);
    assert_true(test_is_json(written));
    for (unsigned i = 0; i < TER_PARCEL_STATE_COUNT; i++) {
        snprintf(key, sizeof key, "\"%s\":%zu", ter_parcel_rows[i].name, counts.of[i]);
        assert_non_null(strstr(strstr(written, "\"blocks\":{"), key));
    }
    assert_int_equal(ftruncate(file, 0), 0);
    assert_int_equal(ter_heap_report(small.heap, file, TER_REPORT_TEXT), TER_OK);
    ter_unpin(small.heap, small.roots[1]);
    small_heap_fini(&small);
    close(file);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_agree),        cmocka_unit_test(forms_agree_of_malloc),
        cmocka_unit_test(empty_lines),        cmocka_unit_test(height),
        cmocka_unit_test(strange_program),    cmocka_unit_test(gathered),
        cmocka_unit_test(at_the_end),         cmocka_unit_test(replaced),
        cmocka_unit_test(after_a_collection), cmocka_unit_test(in_reports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
