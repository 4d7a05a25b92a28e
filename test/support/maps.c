/* SPDX-License-Identifier: MIT */
#include "maps.h"

struct list {
    struct map_case *cases;
    size_t count;
};

static void add_case(struct list *list, const char *name, enum ter_sft_map_kind kind,
                     uintptr_t start, uintptr_t bytes, unsigned log_slot)
{
    assert_true(list->count < MAPS_MOST);
    list->cases[list->count++] =
        (struct map_case){name, {kind, start, bytes, log_slot, 100 * list->count}};
}

/* Where the layout only has a hint, or leaves it to the kernel, any start is as good. */
static void add_preset(struct list *list, const char *name)
{
    struct ter_layout layout;
    uintptr_t start, bytes;

    if (!ter_layout_find_preset(name, &layout))
        return;
    bytes = ter_layout_heap_bytes(&layout);
    start = layout.heap_start != 0 ? layout.heap_start : ter_layout_space_extent(&layout);
    add_case(list, name, TER_SFT_SPACE_MAP, start, bytes, layout.log_space_extent);
    add_case(list, name, TER_SFT_DENSE_MAP, 0, start + bytes, 0);
    add_case(list, name, TER_SFT_SPARSE_MAP, start, bytes, 0);
}

static void add_odd_space_maps(struct list *list)
{
    const uintptr_t one = 1;

    add_case(list, "an odd start", TER_SFT_SPACE_MAP, 1234 * one << 12, 7 * one << 12, 12);
    add_case(list, "slots of a byte", TER_SFT_SPACE_MAP, 1000, 256, 0);
    add_case(list, "as many slots as there may be", TER_SFT_SPACE_MAP, 4000 * one << 16,
             (TER_SFT_MAX_SLOTS - 4000) * one << 16, 16);
    add_case(list, "two halves", TER_SFT_SPACE_MAP, 0, 0, MAP_ADDRESS_BITS - 1);
    add_case(list, "256 slots of all", TER_SFT_SPACE_MAP, 0, 0, MAP_ADDRESS_BITS - 8);
    add_case(list, "the upper half", TER_SFT_SPACE_MAP, one << (MAP_ADDRESS_BITS - 1), 0,
             MAP_ADDRESS_BITS - 1);
    add_case(list, "the top", TER_SFT_SPACE_MAP, 0 - (16 * one << (MAP_ADDRESS_BITS - 12)), 0,
             MAP_ADDRESS_BITS - 12);
    add_case(list, "the bottom", TER_SFT_SPACE_MAP, 0, one << 22, 22);
}

static void add_odd_chunk_maps(struct list *list)
{
    add_case(list, "what the system gives", TER_SFT_DENSE_MAP, 0, 0, 0);
    add_case(list, "one chunk", TER_SFT_DENSE_MAP, 0, MAP_CHUNK, 0);
    add_case(list, "three chunks", TER_SFT_DENSE_MAP, 0, 3 * MAP_CHUNK, 0);
    add_case(list, "all but one chunk", TER_SFT_DENSE_MAP, 0, ((uintptr_t)1 << 31) - MAP_CHUNK, 0);
    add_case(list, "one chunk", TER_SFT_SPARSE_MAP, MAP_CHUNK, MAP_CHUNK, 0);
    add_case(list, "the lower half", TER_SFT_SPARSE_MAP, 0, (uintptr_t)1 << 31, 0);
    if (MAP_ADDRESS_BITS < 64) {
        add_case(list, "all", TER_SFT_SPARSE_MAP, 0, 0, 0);
        add_case(list, "the top", TER_SFT_SPARSE_MAP, 0 - 3 * MAP_CHUNK, 0, 0);
        return;
    }
    add_case(list, "5000 chunks", TER_SFT_DENSE_MAP, 0, 5000 * MAP_CHUNK, 0);
    add_case(list, "57 bits", TER_SFT_DENSE_MAP, 0, (uintptr_t)(UINT64_C(1) << 57), 0);
    add_case(list, "5000 chunks", TER_SFT_SPARSE_MAP, 999 * MAP_CHUNK, 5000 * MAP_CHUNK, 0);
    add_case(list, "35 bits", TER_SFT_SPARSE_MAP, 0, (uintptr_t)(UINT64_C(1) << 35), 0);
    add_case(list, "47 bits", TER_SFT_SPARSE_MAP, 0, (uintptr_t)(UINT64_C(1) << 47), 0);
}

size_t map_cases(struct map_case cases[MAPS_MOST])
{
    static char names[200];
    struct list list = {cases, 0};

    /* "default, small, ...": whatever presets there are. */
    snprintf(names, sizeof names, "%s", ter_layout_preset_names());
    for (char *name = strtok(names, ", "); name != NULL; name = strtok(NULL, ", "))
        add_preset(&list, name);
    assert_true(list.count >= 3);
    add_odd_space_maps(&list);
    add_odd_chunk_maps(&list);
    return list.count;
}

void map_case_open(const struct map_case *one, struct ter_sft_map *map, struct owners *owners)
{
    const struct ter_sft_map_options *options = &one->options;
    uintptr_t last = options->start + (options->bytes - 1);
    unsigned bits = ter_os_address_bits();
    bool slots = options->kind == TER_SFT_SPACE_MAP;

    if (options->bytes == 0)
        last = UINTPTR_MAX;
    if (options->bytes == 0 && options->kind == TER_SFT_DENSE_MAP && bits < MAP_ADDRESS_BITS)
        last = ((uintptr_t)1 << bits) - 1;
    owners_init(owners, options->start, last,
                slots ? (uintptr_t)1 << options->log_slot_bytes : MAP_CHUNK);
    if (ter_sft_map_create(map, options) != TER_OK)
        map_case_print(one);
    assert_ptr_not_equal(map->state, NULL);
}

void map_case_print(const struct map_case *one)
{
    print_error("%s map of %s\n", ter_sft_map_kind_name(one->options.kind), one->name);
}

const char *map_space_name(unsigned number)
{
    static char names[TER_SFT_MAX_SPACES + 2][16];

    assert_true(number < TER_ARRAY_LENGTH(names));
    snprintf(names[number], sizeof names[0], "space-%u", number);
    return names[number];
}

const struct ter_sft *map_add_space(const struct ter_sft_map *map, unsigned number)
{
    const struct ter_sft functions = {.kind = TER_SPACE_OTHER, .name = map_space_name(number)};
    struct ter_sft *space = NULL;

    assert_int_equal(ter_sft_map_add_space(map, &functions, &space), TER_OK);
    assert_int_equal(map_space_number(map, space), number);
    return space;
}

unsigned map_space_number(const struct ter_sft_map *map, const struct ter_sft *space)
{
    uintptr_t distance = (uintptr_t)space - map->empty;
    uintptr_t record = (uintptr_t)1 << map->log_record_bytes;

    assert_int_equal(distance % record, 0);
    assert_true(distance / record <= TER_SFT_MAX_SPACES);
    return (unsigned)(distance / record);
}

unsigned map_ask(const struct ter_sft_map *map, uintptr_t word)
{
    const struct ter_sft *space = ter_sft_map_get(map, word), *again = space;

    switch (map->kind) {
    case TER_SFT_SPACE_MAP: again = ter_sft_space_map_get(map, word); break;
    case TER_SFT_DENSE_MAP: again = ter_sft_dense_map_get(map, word); break;
    case TER_SFT_SPARSE_MAP: again = ter_sft_sparse_map_get(map, word); break;
    }
    assert_ptr_equal(again, space);
    if (ter_sft_map_has_entry(map, word))
        assert_ptr_equal(ter_sft_map_get_unchecked(map, word), space);
    else
        assert_ptr_equal(space, ter_sft_map_empty(map));
    return map_space_number(map, space);
}

/* ---- A small map of each form ---- */

const struct ter_sft_map_options map_forms[MAP_FORMS] = {
    {TER_SFT_SPACE_MAP, MAP_BASE, (uintptr_t)MAP_REGIONS << 24, 24, 0},
    {TER_SFT_DENSE_MAP, 0, 2 * MAP_BASE, 0, 0},
    {TER_SFT_SPARSE_MAP, MAP_BASE, MAP_REGIONS *MAP_CHUNK, 0, 0},
};

void map_test_open(struct map_test *test, const struct ter_sft_map_options *options)
{
    assert_int_equal(ter_sft_map_create(&test->map, options), TER_OK);
    test->region = (uintptr_t)1 << test->map.log_region_bytes;
    test->empty = ter_sft_map_empty(&test->map);
    test->first = map_add_space(&test->map, 1);
    test->second = map_add_space(&test->map, 2);
}

void map_test_each_form(map_test_body *body)
{
    for (size_t i = 0; i < MAP_FORMS; i++) {
        struct map_test test;

        map_test_open(&test, &map_forms[i]);
        body(&test);
        ter_sft_map_destroy(&test.map);
    }
}

void map_test_owners(const struct map_test *test, const char *wanted)
{
    char got[MAP_REGIONS + 1] = "";

    for (unsigned i = 0; wanted[i] != '\0'; i++) {
        uintptr_t start = MAP_BASE + i * test->region;
        unsigned number = map_ask(&test->map, start);

        got[i] = (char)('0' + number);
        assert_int_equal(map_ask(&test->map, start + 1), number);
        assert_int_equal(map_ask(&test->map, start + test->region / 2), number);
        assert_int_equal(map_ask(&test->map, start + test->region - 1), number);
    }
    assert_string_equal(got, wanted);
}
