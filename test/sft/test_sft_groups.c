/* SPDX-License-Identifier: MIT */
/*
 * Which groups own anything: against a plain array, at random; and that looking at a map looks at
 * nothing else, shown by the memory that it touches.
 */
#include "maps.h"

#include "sft/entry.h"
#include "sft/map_state.h"

#include <sys/mman.h>
#include <unistd.h>

static uintptr_t next_in(const bool *model, uintptr_t count, uintptr_t from)
{
    for (; from < count; from++)
        if (model[from])
            return from;
    return TER_SFT_NO_GROUP;
}

static void check_against(const struct ter_sft_groups *set, const bool *model, uintptr_t count)
{
    for (uintptr_t from = 0; from <= count + 1; from++)
        assert_int_equal(ter_sft_groups_next(set, from), next_in(model, count, from));
}

static void random_changes(struct ter_random *random, uintptr_t count)
{
    size_t words = ter_sft_groups_words(count);
    uint64_t *memory = calloc(words + 1, sizeof *memory);
    bool *model = calloc(count, sizeof *model);
    struct ter_sft_groups set = {.level_count = 99};

    memory[words] = UINT64_C(0x123456789abcdef);
    ter_sft_groups_init(&set, count, memory);
    for (unsigned i = 0; i < 40; i++) {
        uintptr_t first = test_below(random, count);
        uintptr_t last =
            ter_min(count - 1, first + test_below(random, 1 + test_below(random, count)));

        if (test_below(random, 2) != 0) {
            ter_sft_groups_add(&set, first, last);
            memset(model + first, true, last + 1 - first);
        } else {
            for (uintptr_t group = first; group <= last; group++)
                ter_sft_groups_remove(&set, group);
            memset(model + first, false, last + 1 - first);
        }
        check_against(&set, model, count);
    }
    assert_int_equal(memory[words], UINT64_C(0x123456789abcdef));
    free(memory);
    free(model);
}

static void as_a_plain_array(void **state)
{
    static const uintptr_t counts[] = {1, 2, 63, 64, 65, 4095, 4096, 4097, 5000};
    struct ter_random random = test_random();

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(counts); i++)
        random_changes(&random, counts[i]);
}

/* ---- Maps ---- */

static void count_run(void *context, const struct ter_sft *space, uintptr_t start, uintptr_t last)
{
    (void)space, (void)start, (void)last;
    ++*(size_t *)context;
}

static size_t runs_of(const struct ter_sft_map *map)
{
    size_t runs = 0;

    ter_sft_map_for_each_run(map, count_run, &runs);
    return runs;
}

/* Pages of the table, or of the state before it, that have memory. */
static size_t resident_pages(const struct ter_sft_map *map, bool table)
{
    enum { MOST = 1 << 20 };
    static unsigned char pages[MOST];
    size_t page = ter_os_page_size(), count = 0;
    uintptr_t start = table ? (uintptr_t)map->table : (uintptr_t)map->state;
    size_t bytes = table ? (size_t)MOST * page : map->empty - (uintptr_t)map->state;

    bytes = ter_min(bytes, (size_t)MOST * page);
    assert_int_equal(mincore((void *)start, bytes, pages), 0);
    for (size_t i = 0; i < bytes / page; i++)
        count += pages[i] & 1;
    return count;
}

/* All addresses: with entries for 2^42 chunks, and little memory. ThreadSanitizer leaves no such
 * room. */
static void looking_costs_what_is_owned(void **state)
{
    const struct ter_sft_map_options options = {.kind = TER_SFT_SPARSE_MAP};
    struct ter_sft_map map;
    const struct ter_sft *space;

    (void)state;
    if (sizeof(uintptr_t) < 8 || test_is_emulated() || TER_HAS_TSAN)
        skip();
    assert_int_equal(ter_sft_map_create(&map, &options), TER_OK);
    space = map_add_space(&map, 1);
    assert_int_equal(runs_of(&map), 0);
    assert_true(resident_pages(&map, true) <= 2);
    assert_true(resident_pages(&map, false) <= 16);
    assert_int_equal(ter_sft_map_claim(&map, space, 0, 1, NULL), TER_OK);
    assert_int_equal(ter_sft_map_claim(&map, space, map.last, 1, NULL), TER_OK);
    assert_int_equal(ter_sft_map_claim(&map, space, map.last / 3, 1, NULL), TER_OK);
    assert_int_equal(runs_of(&map), 3);
    assert_true(resident_pages(&map, false) <= 32);
    /* Releasing everything looks at what is owned only, or this would not end. */
    assert_int_equal(ter_sft_map_release(&map, space, map.start, map.last - map.start, NULL),
                     TER_OK);
    assert_int_equal(runs_of(&map), 0);
    assert_int_equal(ter_sft_groups_next(&map.state->groups, 0), TER_SFT_NO_GROUP);
    ter_sft_map_destroy(&map);
}

/* A group is left only when its last entry is. */
static void groups_go_with_their_last_entry(void **state)
{
    const struct ter_sft_map_options options = {.kind = TER_SFT_DENSE_MAP,
                                                .bytes = 8192 * MAP_CHUNK};
    struct ter_sft_map map;
    const struct ter_sft *space;

    (void)state;
    if (sizeof(uintptr_t) < 8)
        skip();
    assert_int_equal(ter_sft_map_create(&map, &options), TER_OK);
    space = map_add_space(&map, 1);
    assert_int_equal(ter_sft_map_claim(&map, space, 4095 * MAP_CHUNK, 2 * MAP_CHUNK, NULL), TER_OK);
    assert_int_equal(ter_sft_map_claim(&map, space, 8191 * MAP_CHUNK, 1, NULL), TER_OK);
    assert_int_equal(runs_of(&map), 2);
    assert_int_equal(ter_sft_map_release(&map, space, 4095 * MAP_CHUNK, 1, NULL), TER_OK);
    assert_int_equal(ter_sft_groups_next(&map.state->groups, 0), 1);
    assert_int_equal(ter_sft_map_release(&map, space, 4096 * MAP_CHUNK, 1, NULL), TER_OK);
    assert_int_equal(runs_of(&map), 1);
    assert_int_equal(ter_sft_groups_next(&map.state->groups, 0), 1);
    assert_int_equal(ter_sft_map_release(&map, space, 8191 * MAP_CHUNK, 1, NULL), TER_OK);
    assert_int_equal(ter_sft_groups_next(&map.state->groups, 0), TER_SFT_NO_GROUP);
    ter_sft_map_destroy(&map);
}

/* Ranges over the end of a group: nothing of the next is left out. */
static void ranges_over_several_groups(void **state)
{
    const struct ter_sft_map_options options = {.kind = TER_SFT_DENSE_MAP,
                                                .bytes = 12288 * MAP_CHUNK};
    const uintptr_t ends[] = {4097, 4098, 4100, 8192, 8193, 8200};
    struct ter_sft_conflict conflict;
    const struct ter_sft *first, *second;
    struct ter_sft_map map;

    (void)state;
    if (sizeof(uintptr_t) < 8)
        skip();
    assert_int_equal(ter_sft_map_create(&map, &options), TER_OK);
    first = map_add_space(&map, 1);
    second = map_add_space(&map, 2);
    for (size_t i = 0; i < TER_ARRAY_LENGTH(ends); i++) {
        uintptr_t bytes = (ends[i] - 4000) * MAP_CHUNK;

        assert_int_equal(ter_sft_map_claim(&map, first, 4000 * MAP_CHUNK, bytes, NULL), TER_OK);
        assert_int_equal(runs_of(&map), 1);
        assert_int_equal(ter_sft_map_release(&map, first, 4000 * MAP_CHUNK, bytes, NULL), TER_OK);
        assert_int_equal(runs_of(&map), 0);
        assert_int_equal(ter_sft_groups_next(&map.state->groups, 0), TER_SFT_NO_GROUP);
    }
    assert_int_equal(ter_sft_map_claim(&map, first, 10 * MAP_CHUNK, 1, NULL), TER_OK);
    assert_int_equal(ter_sft_map_claim(&map, second, 4096 * MAP_CHUNK, 1, NULL), TER_OK);
    assert_int_equal(ter_sft_map_claim(&map, first, 0, 5000 * MAP_CHUNK, &conflict),
                     TER_ERROR_OWNED);
    assert_int_equal(conflict.start, 4096 * MAP_CHUNK);
    ter_sft_map_destroy(&map);
}

/* ---- Entries ---- */

static void check_misaligned(void *context)
{
    ter_sft_check_entry((char *)context + 1, sizeof(uintptr_t));
}

static void check_too_long(void *context)
{
    ter_sft_check_entry(context, 2 * sizeof(uintptr_t));
}

static void entries_are_lock_free_words(void **state)
{
    static _Alignas(64) char table[64];

    (void)state;
    ter_sft_check_entry(table, sizeof(uintptr_t));
    ter_sft_check_entry(table + 1, 1);
    test_dies(check_misaligned, table, "is no word that this machine loads");
    test_dies(check_too_long, table, "without a lock");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_a_plain_array),
        cmocka_unit_test(looking_costs_what_is_owned),
        cmocka_unit_test(groups_go_with_their_last_entry),
        cmocka_unit_test(ranges_over_several_groups),
        cmocka_unit_test(entries_are_lock_free_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
