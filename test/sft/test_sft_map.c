/* SPDX-License-Identifier: MIT */
/*
 * The interface of a map, of every form, line by line: what it covers, its spaces, lookup.
 * Ownership and ways of looking at a map are in files of their own.
 */
#include "maps.h"

#include <sys/resource.h>
#include <unistd.h>

#define TOP UINTPTR_MAX

static const struct ter_sft nameless = {.kind = TER_SPACE_OTHER};
static const struct ter_sft no_kind = {.kind = TER_SPACE_EMPTY, .name = "no kind"};
static const struct ter_sft one_more = {.kind = TER_SPACE_OTHER, .name = "one more"};

/* ---- Creation ---- */

#define REFUSED TER_ERROR_OUT_OF_RANGE
#define HALF ((uintptr_t)1 << (MAP_ADDRESS_BITS - 1))

static const struct cover {
    struct ter_sft_map_options options;
    ter_status status;
    uintptr_t last; /* covered */
} covers[] = {
    {{TER_SFT_SPACE_MAP, MAP_BASE, (uintptr_t)4096 << 18, 18, 0}, TER_OK, 2 * MAP_BASE - 1},
    {{TER_SFT_SPACE_MAP, MAP_BASE, (uintptr_t)4097 << 18, 18, 0}, REFUSED, 0},
    {{TER_SFT_SPACE_MAP, MAP_BASE, (16 << 18) + 1, 18, 0}, REFUSED, 0},
    {{TER_SFT_SPACE_MAP, MAP_BASE, 1 << 17, 18, 0}, REFUSED, 0},
    {{TER_SFT_SPACE_MAP, 3 << 10, 1 << 10, 10, 0}, TER_OK, (4 << 10) - 1},
    {{TER_SFT_SPACE_MAP, 3, 1 << 10, 10, 0}, REFUSED, 0},
    {{TER_SFT_SPACE_MAP, 3, 0, 10, 0}, REFUSED, 0},
    {{TER_SFT_SPACE_MAP, 8000, TER_SFT_MAX_SLOTS - 8000, 0, 0}, TER_OK, TER_SFT_MAX_SLOTS - 1},
    {{TER_SFT_SPACE_MAP, 8000, TER_SFT_MAX_SLOTS - 7999, 0, 0}, REFUSED, 0},
    {{TER_SFT_SPACE_MAP, 0 - ((uintptr_t)8), 8, 0, 0}, REFUSED, 0},
    {{TER_SFT_SPACE_MAP, 0, 0, 0, 0}, REFUSED, 0},
    {{TER_SFT_SPACE_MAP, 0, 0, MAP_ADDRESS_BITS - 14, 0}, REFUSED, 0},
    {{TER_SFT_SPACE_MAP, 0, 0, MAP_ADDRESS_BITS - 13, 0}, TER_OK, TOP},
    {{TER_SFT_SPACE_MAP, 3 * (HALF >> 2), 0, MAP_ADDRESS_BITS - 3, 0}, TER_OK, TOP},
    {{TER_SFT_SPACE_MAP, 3 * (HALF >> 2), HALF + HALF / 2, MAP_ADDRESS_BITS - 3, 0}, REFUSED, 0},
    {{TER_SFT_SPACE_MAP, 0, 0, MAP_ADDRESS_BITS - 1, 0}, TER_OK, TOP},
    {{TER_SFT_SPACE_MAP, HALF, HALF, MAP_ADDRESS_BITS - 1, 0}, TER_OK, TOP},
    {{TER_SFT_SPACE_MAP, HALF + 1, HALF, MAP_ADDRESS_BITS - 1, 0}, REFUSED, 0},
    {{TER_SFT_SPACE_MAP, 0, 0, MAP_ADDRESS_BITS, 0}, REFUSED, 0},
    {{TER_SFT_SPACE_MAP, 0, 0, UINT32_MAX, 0}, REFUSED, 0},
    {{TER_SFT_DENSE_MAP, 0, MAP_CHUNK, UINT32_MAX, 0}, TER_OK, MAP_CHUNK - 1},
    {{TER_SFT_DENSE_MAP, 0, MAP_CHUNK + 1, 0, 0}, REFUSED, 0},
    {{TER_SFT_DENSE_MAP, 0, MAP_CHUNK / 2, 0, 0}, REFUSED, 0},
    {{TER_SFT_DENSE_MAP, MAP_CHUNK, MAP_CHUNK, 0, 0}, TER_OK, 2 * MAP_CHUNK - 1},
    {{TER_SFT_DENSE_MAP, 1, MAP_CHUNK, 0, 0}, REFUSED, 0},
    {{TER_SFT_DENSE_MAP, 0 - MAP_CHUNK, 2 * MAP_CHUNK, 0, 0}, REFUSED, 0},
    {{TER_SFT_SPARSE_MAP, 0, MAP_CHUNK, UINT32_MAX, 0}, TER_OK, MAP_CHUNK - 1},
    {{TER_SFT_SPARSE_MAP, 7 * MAP_CHUNK, 3 * MAP_CHUNK, 0, 0}, TER_OK, 10 * MAP_CHUNK - 1},
    {{TER_SFT_SPARSE_MAP, 7 * MAP_CHUNK, 3 * MAP_CHUNK - 1, 0, 0}, REFUSED, 0},
    {{TER_SFT_SPARSE_MAP, MAP_CHUNK / 2, 3 * MAP_CHUNK, 0, 0}, REFUSED, 0},
    {{TER_SFT_SPARSE_MAP, 1, 0, 0, 0}, REFUSED, 0},
    {{TER_SFT_SPARSE_MAP, 0 - 2 * MAP_CHUNK, 3 * MAP_CHUNK, 0, 0}, REFUSED, 0},
    {{(enum ter_sft_map_kind)3, 0, MAP_CHUNK, 22, 0}, TER_ERROR_INVALID, 0},
    {{(enum ter_sft_map_kind)77, 1, 1, 0, 0}, TER_ERROR_INVALID, 0},
    {{TER_SFT_DENSE_MAP, 0, MAP_CHUNK, 0, TER_KIB(64)}, TER_OK, MAP_CHUNK - 1},
    {{TER_SFT_DENSE_MAP, 0, MAP_CHUNK, 0, TER_KIB(64) + 1}, TER_ERROR_INVALID, 0},
    {{TER_SFT_DENSE_MAP, 0, MAP_CHUNK, 0, SIZE_MAX}, TER_ERROR_INVALID, 0},
};

static void what_a_map_may_cover(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(covers); i++) {
        struct ter_sft_map map, before;
        ter_status status;

        memset(&map, 0x5a, sizeof map);
        before = map;
        status = ter_sft_map_create(&map, &covers[i].options);
        if (status != covers[i].status)
            print_error("row %zu\n", i);
        assert_int_equal(status, covers[i].status);
        if (covers[i].status != TER_OK) {
            assert_memory_equal(&map, &before, sizeof map);
            continue;
        }
        assert_ptr_not_equal(map.state, before.state);
        assert_int_equal(map.kind, covers[i].options.kind);
        assert_int_equal(map.start, covers[i].options.start);
        assert_int_equal(map.last, covers[i].last);
        assert_true(ter_sft_map_has_entry(&map, covers[i].last));
        assert_int_equal(ter_sft_map_has_entry(&map, covers[i].last + 1),
                         map.last == TOP && map.start == 0);
        assert_int_equal(map_ask(&map, map.start), 0);
        assert_int_equal(map_ask(&map, covers[i].last), 0);
        ter_sft_map_destroy(&map);
    }
}

/* bytes = 0: what the system gives, and more addresses than a process has. */
static void maps_of_everything(void **state)
{
    struct ter_sft_map_options options = {.kind = TER_SFT_DENSE_MAP};
    int here;
    void *there = malloc(1);
    struct ter_sft_map map;
    ter_status status;

    (void)state;
    assert_int_equal(ter_sft_map_create(&map, &options), TER_OK);
    assert_true(ter_sft_map_has_entry(&map, (uintptr_t)&here));
    assert_true(ter_sft_map_has_entry(&map, (uintptr_t)there));
    assert_true(ter_sft_map_has_entry(&map, (uintptr_t)&map_forms));
    free(there);
    ter_sft_map_destroy(&map);
    if (test_is_emulated() && sizeof(uintptr_t) > 4)
        skip(); /* the larger table would take minutes */
    options.kind = TER_SFT_SPARSE_MAP;
    status = ter_sft_map_create(&map, &options);
    if (status != TER_OK) {
        assert_true(status == TER_ERROR_NO_MEMORY || status == TER_ERROR_NO_ADDRESS_SPACE);
        return;
    }
    assert_int_equal(map.last, TOP);
    map_add_space(&map, 1);
    assert_int_equal(ter_sft_map_claim(&map, ter_sft_map_empty(&map) + 1, TOP, 1, NULL), TER_OK);
    assert_int_equal(map_ask(&map, TOP - MAP_CHUNK + 1), 1);
    assert_int_equal(map_ask(&map, TOP - MAP_CHUNK), 0);
    assert_int_equal(map_ask(&map, 0), 0);
    ter_sft_map_destroy(&map);
}

/* A sanitizer takes free addresses for itself at once. */
static void expect_gone(const struct ter_sft_map *map)
{
    assert_int_equal(test_count_mappings("terrier:"), 0);
    if (TER_HAS_SANITIZER)
        return;
    assert_false(test_is_mapped((uintptr_t)map->state, 1));
    assert_false(test_is_mapped(map->empty, 256u << map->log_record_bytes));
    assert_false(test_is_mapped((uintptr_t)map->table, map->beyond + 1));
}

/* Nothing is left behind by a map that could not be made, nor by one that is gone. */
static void everything_is_given_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < MAP_FORMS; i++) {
        struct ter_sft_map map, before;
        uint64_t failed;

        memset(&map, 0x5a, sizeof map);
        before = map;
        assert_int_equal(test_count_mappings("terrier:"), 0);
        test_fail_calls(TEST_ALL_CALLS, 0, TEST_FOR_EVER);
        assert_int_equal(ter_sft_map_create(&map, &map_forms[i]), TER_ERROR_NO_MEMORY);
        test_stop_failing(&failed);
        assert_int_equal(failed, 1);
        assert_memory_equal(&map, &before, sizeof map);
        assert_int_equal(ter_sft_map_create(&map, &map_forms[i]), TER_OK);
        before = map;
        map_add_space(&map, 1);
        assert_true(test_is_mapped((uintptr_t)before.state, 1));
        assert_true(test_is_mapped(before.empty, 1));
        assert_true(test_is_mapped((uintptr_t)before.table, 1));
        ter_sft_map_destroy(&map);
        expect_gone(&before);
    }
}

static void create_in_little_address_space(void *context)
{
    const struct rlimit limit = {(rlim_t)TER_MIB(900), (rlim_t)TER_MIB(900)};
    const struct ter_sft_map_options options = {.kind = TER_SFT_SPARSE_MAP,
                                                .bytes = (uintptr_t)(UINT64_C(1) << 52)};
    struct ter_sft_map map;
    ter_status status;

    (void)context;
    if (setrlimit(RLIMIT_AS, &limit) != 0)
        _exit(99);
    status = ter_sft_map_create(&map, &options);
    _exit(status == TER_ERROR_NO_MEMORY || status == TER_ERROR_NO_ADDRESS_SPACE ? 0 : 1);
}

static void the_system_refuses(void **state)
{
    struct test_end end;

    (void)state;
    if (MAP_ADDRESS_BITS < 64 || TER_HAS_SANITIZER)
        skip();
    if (test_is_emulated())
        skip(); /* it has no limits on addresses */
    test_in_child(create_in_little_address_space, NULL, &end);
    assert_int_equal(end.signal, 0);
    assert_int_equal(end.code, 0);
}

/* ---- Spaces ---- */

/* A record of its size: the functions as given and completed, then zero, then the caller's. */
static void records_are_the_callers(void **state)
{
    const size_t sizes[] = {0, 1, sizeof(struct ter_sft), sizeof(struct ter_sft) + 1, 1000, 65536};

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(sizes); i++) {
        struct ter_sft_map_options options = map_forms[i % MAP_FORMS];
        size_t rest = sizes[i] > sizeof(struct ter_sft) ? sizes[i] - sizeof(struct ter_sft) : 0;
        struct ter_sft_map map;
        struct ter_sft *space[3];

        options.record_bytes = sizes[i];
        assert_int_equal(ter_sft_map_create(&map, &options), TER_OK);
        assert_true((size_t)1 << map.log_record_bytes >= sizeof(struct ter_sft) + rest);
        for (unsigned k = 0; k < 3; k++) {
            unsigned char *bytes;

            assert_int_equal(ter_sft_map_add_space(&map, &one_more, &space[k]), TER_OK);
            assert_int_equal(map_space_number(&map, space[k]), k + 1);
            bytes = (unsigned char *)(space[k] + 1);
            for (size_t n = 0; n < rest; n++)
                assert_int_equal(bytes[n], 0);
            memset(bytes, 0xff, rest);
        }
        for (unsigned k = 0; k < 3; k++) {
            assert_string_equal(space[k]->name, "one more");
            assert_int_equal(space[k]->kind, TER_SPACE_OTHER);
        }
        assert_true(ter_sft_is_empty(ter_sft_map_empty(&map)));
        assert_string_equal(ter_sft_map_empty(&map)->name, "EMPTY");
        ter_sft_map_destroy(&map);
    }
}

static void refused_spaces(struct map_test *test)
{
    struct ter_sft *none = NULL;

    assert_int_equal(ter_sft_map_add_space(&test->map, &nameless, &none), TER_ERROR_INVALID);
    assert_int_equal(ter_sft_map_add_space(&test->map, &no_kind, &none), TER_ERROR_INVALID);
    for (unsigned i = 3; i <= TER_SFT_MAX_SPACES; i++)
        map_add_space(&test->map, i);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(ter_sft_map_add_space(&test->map, &one_more, &none), TER_ERROR_FULL);
    assert_null(none);
    assert_non_null(strstr(ter_status_message(TER_ERROR_FULL), "full"));
    /* The last is as good as any. */
    assert_int_equal(map_test_claim(test, test->empty, MAP_BASE, 0), TER_ERROR_OUT_OF_RANGE);
    none = (struct ter_sft *)(test->map.empty +
                              ((uintptr_t)TER_SFT_MAX_SPACES << test->map.log_record_bytes));
    assert_int_equal(map_test_claim(test, none, MAP_BASE, 1), TER_OK);
    assert_int_equal(map_ask(&test->map, MAP_BASE), TER_SFT_MAX_SPACES);
    assert_false(ter_sft_is_empty(none));
}

static void there_is_a_last_space(void **state)
{
    (void)state;
    map_test_each_form(refused_spaces);
}

/* Kinds that Terrier does not know are as good as those that it knows. */
static void kinds_are_kept(struct map_test *test)
{
    const int kinds[] = {
        TER_SPACE_MARK_SWEEP, TER_SPACE_IMMORTAL, TER_SPACE_LARGE, TER_SPACE_OTHER, 16, 1000};

    for (size_t i = 0; i < TER_ARRAY_LENGTH(kinds); i++) {
        const struct ter_sft functions = {.kind = (enum ter_space_kind)kinds[i], .name = "kind"};
        struct ter_sft *space;

        assert_int_equal(ter_sft_map_add_space(&test->map, &functions, &space), TER_OK);
        assert_int_equal(space->kind, kinds[i]);
        assert_false(ter_sft_is_empty(space));
    }
}

static void every_kind(void **state)
{
    (void)state;
    map_test_each_form(kinds_are_kept);
}

/* ---- Lookup ---- */

static uintptr_t index_of(uintptr_t last, uintptr_t beyond, unsigned log_region_bytes,
                          uintptr_t word)
{
    const struct ter_sft_map map = {.last = last, .beyond = beyond};

    return ter_sft_index(&map, log_region_bytes, word);
}

static void the_index_is_total(void **state)
{
    (void)state;
    assert_int_equal(index_of(149, 77, 3, 0), 0);
    assert_int_equal(index_of(149, 77, 3, 7), 0);
    assert_int_equal(index_of(149, 77, 3, 8), 1);
    assert_int_equal(index_of(149, 77, 3, 149), 18);
    assert_int_equal(index_of(149, 77, 3, 150), 77);
    assert_int_equal(index_of(149, 77, 3, TOP), 77);
    assert_int_equal(index_of(TOP, 2, MAP_ADDRESS_BITS - 1, TOP), 1);
    assert_int_equal(index_of(TOP, 2, MAP_ADDRESS_BITS - 1, TOP / 2), 0);
    assert_int_equal(index_of(1, 2, 0, 1), 1);
    assert_int_equal(index_of(1, 2, 0, 2), 2);
}

/* Nothing in the struct changes; a copy is the same map; the entry behind the last is EMPTY. */
static void copies_are_the_map(struct map_test *test)
{
    const struct ter_sft_map copy = test->map;

    assert_int_equal(map_test_claim(test, test->first, MAP_BASE, MAP_REGIONS * test->region),
                     TER_OK);
    assert_int_equal(map_ask(&copy, MAP_BASE), 1);
    assert_int_equal(ter_sft_map_release(&copy, test->first, MAP_BASE, 1, NULL), TER_OK);
    map_test_owners(test, "01111111");
    assert_memory_equal(&copy, &test->map, sizeof copy);
    assert_int_equal(map_test_claim(test, test->first, test->map.last, 1), TER_OK);
    assert_int_equal(map_ask(&copy, test->map.last + 1), 0);
    assert_int_equal(map_ask(&copy, test->map.start - 1), 0);
    assert_int_equal(map_ask(&copy, TOP), 0);
    assert_int_equal(map_ask(&copy, 0), 0);
    assert_int_equal(copy.beyond, (copy.last >> copy.log_region_bytes) + 1);
}

static void a_copy_is_the_same_map(void **state)
{
    (void)state;
    map_test_each_form(copies_are_the_map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_map_may_cover),
        cmocka_unit_test(maps_of_everything),
        cmocka_unit_test(everything_is_given_back),
        cmocka_unit_test(the_system_refuses),
        cmocka_unit_test(records_are_the_callers),
        cmocka_unit_test(there_is_a_last_space),
        cmocka_unit_test(every_kind),
        cmocka_unit_test(the_index_is_total),
        cmocka_unit_test(a_copy_is_the_same_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
