/* SPDX-License-Identifier: MIT */
/* Looking at maps of every form: names, side metadata, runs, text, changes as they are reported. */
#include "maps.h"

static const struct ter_sft nameless = {.kind = TER_SPACE_OTHER};

static void names_and_choice(void **state)
{
    (void)state;
    assert_string_equal(ter_sft_map_kind_name(TER_SFT_SPACE_MAP), "space");
    assert_string_equal(ter_sft_map_kind_name(TER_SFT_DENSE_MAP), "dense");
    assert_string_equal(ter_sft_map_kind_name(TER_SFT_SPARSE_MAP), "sparse");
    assert_string_equal(ter_sft_map_kind_name((enum ter_sft_map_kind)3), "unknown");
    assert_int_equal(ter_sft_select(true, false), TER_SFT_SPACE_MAP);
    assert_int_equal(ter_sft_select(true, true), TER_SFT_DENSE_MAP);
    assert_int_equal(ter_sft_select(false, false), TER_SFT_SPARSE_MAP);
    assert_int_equal(ter_sft_select(false, true), TER_SFT_SPARSE_MAP);
}

/* The dense map's table is metadata of chunks: a byte each, the number of the space. */
static void metadata_of_the_form(struct map_test *test)
{
    struct ter_sft_side_metadata side, before;
    const uint8_t *table;

    memset(&side, 0x5a, sizeof side);
    before = side;
    if (test->map.kind != TER_SFT_DENSE_MAP) {
        assert_false(ter_sft_map_side_metadata(&test->map, &side));
        assert_memory_equal(&side, &before, sizeof side);
        return;
    }
    assert_true(ter_sft_map_side_metadata(&test->map, &side));
    assert_true(side.name != NULL && side.name[0] != '\0');
    assert_int_equal(side.log_bits, 3);
    assert_int_equal(side.log_region_bytes, TER_SFT_LOG_BYTES_IN_CHUNK);
    assert_int_equal(side.bytes, 2 * MAP_BASE / MAP_CHUNK);
    assert_int_equal(map_test_claim(test, test->second, MAP_BASE, 3 * MAP_CHUNK), TER_OK);
    table = (const uint8_t *)side.table;
    for (uintptr_t chunk = 0; chunk < side.bytes; chunk++)
        assert_int_equal(table[chunk], map_ask(&test->map, chunk * MAP_CHUNK));
    assert_int_equal(table[MAP_BASE / MAP_CHUNK], 2);
}

static void the_metadata_a_map_needs(void **state)
{
    (void)state;
    map_test_each_form(metadata_of_the_form);
}

struct visits {
    const struct ter_sft_map *map;
    unsigned count;
    uintptr_t start[MAP_REGIONS], last[MAP_REGIONS];
    const struct ter_sft *space[MAP_REGIONS];
};

static void keep_visit(void *context, const struct ter_sft *space, uintptr_t start, uintptr_t last)
{
    struct visits *visits = context;

    assert_true(visits->count < MAP_REGIONS);
    assert_ptr_equal(ter_sft_map_get(visits->map, start), space);
    visits->start[visits->count] = start;
    visits->last[visits->count] = last;
    visits->space[visits->count++] = space;
}

static void runs_of_the_form(struct map_test *test)
{
    struct visits visits = {.map = &test->map};
    const struct {
        unsigned start, end;
        const struct ter_sft *space;
    } runs[] = {{0, 3, test->first},
                {3, 5, test->second},
                {6, 7, test->second},
                {MAP_REGIONS - 1, MAP_REGIONS, test->first}};

    ter_sft_map_for_each_run(&test->map, keep_visit, &visits);
    assert_int_equal(visits.count, 0);
    for (size_t i = 0; i < TER_ARRAY_LENGTH(runs); i++)
        assert_int_equal(map_test_claim(test, runs[i].space,
                                        MAP_BASE + runs[i].start * test->region,
                                        (runs[i].end - runs[i].start) * test->region),
                         TER_OK);
    ter_sft_map_for_each_run(&test->map, keep_visit, &visits);
    assert_int_equal(visits.count, TER_ARRAY_LENGTH(runs));
    for (size_t i = 0; i < TER_ARRAY_LENGTH(runs); i++) {
        assert_ptr_equal(visits.space[i], runs[i].space);
        assert_int_equal(visits.start[i], MAP_BASE + runs[i].start * test->region);
        assert_int_equal(visits.last[i], MAP_BASE + runs[i].end * test->region - 1);
    }
}

static void a_map_as_runs(void **state)
{
    (void)state;
    map_test_each_form(runs_of_the_form);
}

/* Parts of a table that were never used are left out; a run that ends where one begins ends there.
 */
static void runs_beside_parts_never_used(void **state)
{
    const struct ter_sft_map_options options = {.kind = TER_SFT_DENSE_MAP};
    const uintptr_t group = 4096;
    const uintptr_t runs[][2] = {
        {10, 16}, {3 * group - 6, 3 * group}, {5 * group, 5 * group + 1}, {64 * group, 66 * group}};
    size_t count = sizeof(uintptr_t) == 8 ? TER_ARRAY_LENGTH(runs) : 1;
    struct visits visits = {0};
    struct ter_sft_map map;
    const struct ter_sft *space;

    (void)state;
    assert_int_equal(ter_sft_map_create(&map, &options), TER_OK);
    visits.map = &map;
    space = map_add_space(&map, 1);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(ter_sft_map_claim(&map, space, runs[i][0] * MAP_CHUNK,
                                           (runs[i][1] - runs[i][0]) * MAP_CHUNK, NULL),
                         TER_OK);
    ter_sft_map_for_each_run(&map, keep_visit, &visits);
    assert_int_equal(visits.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(visits.start[i], runs[i][0] * MAP_CHUNK);
        assert_int_equal(visits.last[i], runs[i][1] * MAP_CHUNK - 1);
    }
    ter_sft_map_destroy(&map);
}

static void text_of_the_form(struct map_test *test)
{
    char wanted[400], text[400];
    size_t length;

    assert_int_equal(map_test_claim(test, test->first, MAP_BASE, 2 * test->region), TER_OK);
    assert_int_equal(map_test_claim(test, test->second, MAP_BASE + 2 * test->region, 1), TER_OK);
    length = (size_t)snprintf(
        wanted, sizeof wanted,
        "%s map of %#zx to %#zx, %zu bytes an entry\n%#zx to %#zx: space-1\n%#zx to %#zx: "
        "space-2\n",
        ter_sft_map_kind_name(test->map.kind), (size_t)test->map.start, (size_t)test->map.last,
        (size_t)test->region, (size_t)MAP_BASE, (size_t)(MAP_BASE + 2 * test->region - 1),
        (size_t)(MAP_BASE + 2 * test->region), (size_t)(MAP_BASE + 3 * test->region - 1));
    assert_int_equal(ter_sft_map_print(&test->map, NULL, 0), length);
    for (size_t size = 1; size <= length + 2; size++) {
        size_t fits = ter_min(size - 1, length);

        memset(text, 'x', sizeof text);
        assert_int_equal(ter_sft_map_print(&test->map, text, size), length);
        assert_int_equal(strlen(text), fits);
        assert_memory_equal(text, wanted, fits);
        assert_int_equal(text[size], 'x');
    }
}

static void a_map_as_text(void **state)
{
    (void)state;
    map_test_each_form(text_of_the_form);
}

/* ---- Tracing ---- */

struct changes {
    const struct ter_sft_map *map;
    unsigned count;
    struct ter_sft_change last;
    unsigned owner_then; /* of MAP_BASE, as the tracer looks it up */
};

static void keep_change(void *context, const struct ter_sft_change *change)
{
    struct changes *changes = context;

    changes->count++;
    changes->last = *change;
    changes->owner_then = map_ask(changes->map, MAP_BASE);
}

static void check_last(struct changes *changes, enum ter_sft_event event,
                       const struct ter_sft *space, const struct ter_sft *owner, uintptr_t start,
                       uintptr_t bytes)
{
    assert_int_equal(changes->count, 1);
    assert_int_equal(changes->last.event, event);
    assert_ptr_equal(changes->last.space, space);
    assert_ptr_equal(changes->last.owner, owner);
    assert_int_equal(changes->last.start, start);
    assert_int_equal(changes->last.bytes, bytes);
    changes->count = 0;
}

static void changes_of_the_form(struct map_test *test)
{
    struct changes changes = {.map = &test->map};
    const struct ter_sft *third;

    ter_sft_map_trace(&test->map, keep_change, &changes);
    third = map_add_space(&test->map, 3);
    check_last(&changes, TER_SFT_ADDED, third, NULL, 0, 0);
    assert_int_equal(map_test_claim(test, third, MAP_BASE + 7, 5), TER_OK);
    check_last(&changes, TER_SFT_CLAIMED, third, NULL, MAP_BASE + 7, 5);
    assert_int_equal(changes.owner_then, 3);
    assert_int_equal(map_test_claim(test, test->first, MAP_BASE, 3), TER_ERROR_OWNED);
    check_last(&changes, TER_SFT_REFUSED, test->first, third, MAP_BASE, 3);
    assert_int_equal(map_test_release(test, test->second, MAP_BASE + 1, 3), TER_ERROR_OWNED);
    check_last(&changes, TER_SFT_REFUSED, test->second, third, MAP_BASE + 1, 3);
    assert_int_equal(map_test_claim(test, test->first, MAP_BASE, 0), TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_sft_map_add_space(&test->map, &nameless, NULL), TER_ERROR_INVALID);
    assert_int_equal(changes.count, 0);
    assert_int_equal(map_test_release(test, third, MAP_BASE, 1), TER_OK);
    check_last(&changes, TER_SFT_RELEASED, third, NULL, MAP_BASE, 1);
    assert_int_equal(changes.owner_then, 0);
    ter_sft_map_trace(&test->map, NULL, NULL);
    assert_int_equal(map_test_claim(test, third, MAP_BASE, 1), TER_OK);
    assert_int_equal(changes.count, 0);
}

static void every_change_is_reported(void **state)
{
    (void)state;
    map_test_each_form(changes_of_the_form);
}

static void change_with_a_log(void *context)
{
    struct map_test *test = context;

    ter_sft_log_changes(&test->map, false);
    map_add_space(&test->map, 3);
    map_test_claim(test, test->first, MAP_BASE, 8 * test->region);
    map_test_claim(test, test->second, MAP_BASE, 1);
    map_test_release(test, test->first, MAP_BASE, test->region);
}

/* The lines behind the option sft_trace. */
static void lines_of_the_form(struct map_test *test)
{
    char wanted[600];
    struct test_end end;

    test_in_child(change_with_a_log, test, &end);
    assert_int_equal(end.signal, 0);
    snprintf(wanted, sizeof wanted,
             "terrier: SFT map: space-3 is added\n"
             "terrier: SFT map: space-1 claims %zu bytes at 0x40000000\n"
             "terrier: SFT map: space-2 is refused 1 bytes at 0x40000000, owned by space-1\n"
             "terrier: SFT map: space-1 releases %zu bytes at 0x40000000\n",
             (size_t)(8 * test->region), (size_t)test->region);
    assert_string_equal(end.text, wanted);
}

static void changes_in_the_log(void **state)
{
    (void)state;
    map_test_each_form(lines_of_the_form);
}

static void change_with_the_map_in_the_log(void *context)
{
    struct map_test *test = context;

    ter_sft_log_changes(&test->map, true);
    map_test_claim(test, test->first, MAP_BASE, test->region);
    map_test_claim(test, test->second, MAP_BASE + test->region, 2 * test->region);
    map_test_claim(test, test->second, MAP_BASE, 1);
    map_test_release(test, test->first, MAP_BASE, 1);
    map_test_release(test, test->second, MAP_BASE, 4 * test->region);
}

/* The lines behind the option sft_trace_map: what is refused changes nothing. */
static void maps_of_the_form(struct map_test *test)
{
    size_t region = test->region, base = MAP_BASE;
    char wanted[1200];
    struct test_end end;

    test_in_child(change_with_the_map_in_the_log, test, &end);
    assert_int_equal(end.signal, 0);
    snprintf(wanted, sizeof wanted,
             "terrier: SFT map: space-1 claims %zu bytes at %#zx\n"
             "terrier: SFT map: now %#zx to %#zx: space-1\n"
             "terrier: SFT map: space-2 claims %zu bytes at %#zx\n"
             "terrier: SFT map: now %#zx to %#zx: space-1\n"
             "terrier: SFT map: now %#zx to %#zx: space-2\n"
             "terrier: SFT map: space-2 is refused 1 bytes at %#zx, owned by space-1\n"
             "terrier: SFT map: space-1 releases 1 bytes at %#zx\n"
             "terrier: SFT map: now %#zx to %#zx: space-2\n"
             "terrier: SFT map: space-2 releases %zu bytes at %#zx\n"
             "terrier: SFT map: now nothing is owned\n",
             region, base, base, base + region - 1, 2 * region, base + region, base,
             base + region - 1, base + region, base + 3 * region - 1, base, base, base + region,
             base + 3 * region - 1, 4 * region, base);
    assert_string_equal(end.text, wanted);
}

static void whole_maps_in_the_log(void **state)
{
    (void)state;
    map_test_each_form(maps_of_the_form);
}

/* Words of a text that look like a row of a map are none when they are a name. */
static void a_hostile_name(void **state)
{
    const struct ter_sft_map_options options = {.kind = TER_SFT_DENSE_MAP, .bytes = 4 * MAP_CHUNK};
    const struct ter_sft functions = {.kind = TER_SPACE_OTHER, .name = "a\n0x0 to 0x1: b\xff"};
    struct ter_sft_conflict conflict;
    struct ter_sft *space, *other;
    struct ter_sft_map map;
    char text[400];
    size_t length;

    (void)state;
    assert_int_equal(ter_sft_map_create(&map, &options), TER_OK);
    assert_int_equal(ter_sft_map_add_space(&map, &functions, &space), TER_OK);
    assert_int_equal(ter_sft_map_add_space(&map, &functions, &other), TER_OK);
    assert_int_equal(ter_sft_map_claim(&map, space, 0, 1, NULL), TER_OK);
    assert_int_equal(ter_sft_map_claim(&map, other, 0, 1, &conflict), TER_ERROR_OWNED);
    length = ter_sft_map_print(&map, text, sizeof text);
    assert_int_equal(length, strlen(text));
    assert_non_null(strstr(text, "0x3fffff: a\\x0a0x0 to 0x1: b\\xff\n"));
    length = ter_sft_conflict_print(&conflict, text, sizeof text);
    assert_int_equal(length, strlen(text));
    assert_string_equal(text, "0 belongs to space a\\x0a0x0 to 0x1: b\\xff, not to "
                              "a\\x0a0x0 to 0x1: b\\xff");
    space->print_object(space, (ter_object){0}, text, sizeof text);
    assert_null(strchr(text, '\n'));
    ter_sft_map_destroy(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_choice),   cmocka_unit_test(the_metadata_a_map_needs),
        cmocka_unit_test(a_map_as_runs),      cmocka_unit_test(runs_beside_parts_never_used),
        cmocka_unit_test(a_map_as_text),      cmocka_unit_test(every_change_is_reported),
        cmocka_unit_test(changes_in_the_log), cmocka_unit_test(whole_maps_in_the_log),
        cmocka_unit_test(a_hostile_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
