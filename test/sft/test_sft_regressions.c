/* SPDX-License-Identifier: MIT */
/*
 * Wrong answers of the text that this project grew from, and of MMTk since, one test each. The
 * geometry is theirs: slots of 2 TiB from 2 TiB on, sixteen of them.
 */
#include "maps.h"

#define LOG_SLOT 41u
#define SLOTS 16u

/* A word of 64 bits; on a narrower machine these tests do not run. */
static uintptr_t wide(uint64_t word)
{
    return (uintptr_t)word;
}

static uintptr_t slot_start(unsigned slot)
{
    return wide((uint64_t)slot << LOG_SLOT);
}

static void needs_64_bits(void)
{
    if (sizeof(uintptr_t) < 8)
        skip();
}

/* Slots 1 to 16, the first `spaces` of them owned by spaces of the same numbers. */
static void make_slots(struct ter_sft_map *map, unsigned spaces)
{
    const struct ter_sft_map_options options = {
        .kind = TER_SFT_SPACE_MAP,
        .start = slot_start(1),
        .bytes = slot_start(SLOTS),
        .log_slot_bytes = LOG_SLOT,
    };

    needs_64_bits();
    assert_int_equal(ter_sft_map_create(map, &options), TER_OK);
    for (unsigned i = 1; i <= spaces; i++)
        assert_int_equal(
            ter_sft_map_claim(map, map_add_space(map, i), slot_start(i), MAP_CHUNK, NULL), TER_OK);
}

static void make_chunks(struct ter_sft_map *map, enum ter_sft_map_kind kind, unsigned spaces)
{
    const struct ter_sft_map_options options = {
        .kind = kind, .bytes = sizeof(uintptr_t) == 8 ? wide(UINT64_C(1) << 47) : 0};

    assert_int_equal(ter_sft_map_create(map, &options), TER_OK);
    for (unsigned i = 1; i <= spaces; i++)
        map_add_space(map, i);
}

static const struct ter_sft *record(const struct ter_sft_map *map, unsigned number)
{
    return (const struct ter_sft *)(map->empty + ((uintptr_t)number << map->log_record_bytes));
}

/* ---- Words that alias ---- */

/* With one space and with sixteen the word is nobody's. */
static void nobody_owns(uint64_t word)
{
    struct ter_sft_map map;

    for (unsigned spaces = 1; spaces <= SLOTS; spaces += SLOTS - 1) {
        make_slots(&map, spaces);
        assert_int_equal(map_ask(&map, wide(word)), 0);
        assert_false(ter_sft_map_has_entry(&map, wide(word)));
        ter_sft_map_destroy(&map);
    }
}

static void regression_seed_word_0x0000420000001000(void **state)
{
    (void)state;
    nobody_owns(UINT64_C(0x0000420000001000));
}

static void regression_seed_tagged_word_0x2a00020000001000(void **state)
{
    (void)state;
    nobody_owns(UINT64_C(0x2a00020000001000));
}

static void regression_seed_57_bit_word_0x0004020000001000(void **state)
{
    (void)state;
    nobody_owns(UINT64_C(0x0004020000001000));
}

static void regression_seed_kernel_word_0xffff820000001000(void **state)
{
    (void)state;
    nobody_owns(UINT64_C(0xffff820000001000));
}

/* What a solver found: the seed says space 7. */
static void regression_mmtk_1338_word_0x40000e0000000000(void **state)
{
    (void)state;
    nobody_owns(UINT64_C(0x40000e0000000000));
}

/* Of 15 spaces the seed gave 22 in 100 words an owner; the slots are 1 in 2^19 of all. */
static void regression_mmtk_1338_garbage_with_15_spaces(void **state)
{
    struct ter_random random = test_random();
    struct ter_sft_map map;

    (void)state;
    make_slots(&map, 15);
    for (unsigned i = 0; i < 100000; i++) {
        uintptr_t word = wide(ter_random_next(&random));
        uintptr_t slot = word / slot_start(1);

        assert_int_equal(map_ask(&map, word), slot >= 1 && slot <= 15 ? slot : 0);
    }
    ter_sft_map_destroy(&map);
}

/* The seed, and upstream to this day, ends one slot early. */
static void regression_seed_sixteenth_slot_0x200000000000(void **state)
{
    const uintptr_t first = wide(UINT64_C(0x200000000000));
    const uintptr_t last = wide(UINT64_C(0x21ffffffffff));
    struct ter_sft_map map;

    (void)state;
    make_slots(&map, SLOTS);
    assert_true(ter_sft_map_has_entry(&map, first));
    assert_true(ter_sft_map_has_entry(&map, last));
    assert_int_equal(map_ask(&map, first), 16);
    assert_int_equal(map_ask(&map, last), 16);
    assert_int_equal(map_ask(&map, first - 1), 15);
    ter_sft_map_destroy(&map);
}

/* MMTk's test for the end is > where it has to be >=: slot 17 of a table of 16. */
static void regression_seed_heap_end_0x220000000000(void **state)
{
    (void)state;
    nobody_owns(UINT64_C(0x220000000000));
    nobody_owns(UINT64_C(0x1ffffffffff));
}

/* The word's byte came from the table behind the map's. */
static void regression_seed_dense_word_plus_2_to_47(void **state)
{
    const uintptr_t owned = wide(UINT64_C(0x20000400000));
    struct ter_sft_map map;

    (void)state;
    needs_64_bits();
    make_chunks(&map, TER_SFT_DENSE_MAP, 1);
    assert_int_equal(ter_sft_map_claim(&map, record(&map, 1), owned, MAP_CHUNK, NULL), TER_OK);
    assert_int_equal(map_ask(&map, owned), 1);
    for (unsigned bit = 47; bit < 64; bit++)
        assert_int_equal(map_ask(&map, owned + wide(UINT64_C(1) << bit)), 0);
    ter_sft_map_destroy(&map);
}

/* The heap's start was taken to be the size of a slot; here it may be any multiple of one. */
static void regression_mmtk_start_that_is_not_a_slot(void **state)
{
    struct ter_sft_map_options options = {.kind = TER_SFT_SPACE_MAP,
                                          .start = (uintptr_t)3 << 24,
                                          .bytes = 64 << 20,
                                          .log_slot_bytes = 24};
    struct ter_sft_map map;

    (void)state;
    assert_int_equal(ter_sft_map_create(&map, &options), TER_OK);
    map_add_space(&map, 1);
    assert_int_equal(ter_sft_map_claim(&map, record(&map, 1), options.start - 1, 1, NULL),
                     TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_sft_map_claim(&map, record(&map, 1), options.start, 1, NULL), TER_OK);
    assert_int_equal(map_ask(&map, options.start - 1), 0);
    assert_int_equal(map_ask(&map, options.start), 1);
    assert_int_equal(map_ask(&map, options.start + (1 << 24) - 1), 1);
    assert_int_equal(map_ask(&map, options.start + (1 << 24)), 0);
    ter_sft_map_destroy(&map);
    /* What is none is refused, not folded. */
    options.start += MAP_CHUNK;
    assert_int_equal(ter_sft_map_create(&map, &options), TER_ERROR_OUT_OF_RANGE);
}

/* ---- Changes ---- */

/* The loop over a range whose end wrapped did nothing, and nobody was told. */
static void regression_seed_range_that_wraps(void **state)
{
    const enum ter_sft_map_kind kinds[] = {TER_SFT_DENSE_MAP, TER_SFT_SPARSE_MAP};

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(kinds); i++) {
        struct ter_sft_map map;
        uintptr_t start = 5 * MAP_CHUNK;

        make_chunks(&map, kinds[i], 1);
        assert_int_equal(ter_sft_map_claim(&map, record(&map, 1), start, 0 - start + 1, NULL),
                         TER_ERROR_OUT_OF_RANGE);
        assert_int_equal(ter_sft_map_claim(&map, record(&map, 1), start, UINTPTR_MAX, NULL),
                         TER_ERROR_OUT_OF_RANGE);
        assert_int_equal(map_ask(&map, start), 0);
        ter_sft_map_destroy(&map);
    }
}

/* The index of the last was 256, which is 0 as a byte. */
static void regression_seed_256_spaces_wrap_the_index_to_0(void **state)
{
    const struct ter_sft functions = {.kind = TER_SPACE_OTHER, .name = "256th"};
    struct ter_sft_map map;
    struct ter_sft *none = NULL;

    (void)state;
    make_chunks(&map, TER_SFT_DENSE_MAP, TER_SFT_MAX_SPACES);
    for (unsigned i = 1; i <= TER_SFT_MAX_SPACES; i++) {
        assert_int_equal(ter_sft_map_claim(&map, record(&map, i), i * MAP_CHUNK, 1, NULL), TER_OK);
        assert_int_equal(map_ask(&map, i * MAP_CHUNK), i);
    }
    assert_int_equal(ter_sft_map_add_space(&map, &functions, &none), TER_ERROR_FULL);
    assert_null(none);
    for (unsigned i = 1; i <= TER_SFT_MAX_SPACES; i++)
        assert_int_equal(map_ask(&map, i * MAP_CHUNK), i);
    ter_sft_map_destroy(&map);
}

/* Chunks of three spaces side by side; the second's goes to nobody else, in no build. */
static void regression_mmtk_174_overwriting_an_owner(void **state)
{
    const enum ter_sft_map_kind kinds[] = {TER_SFT_DENSE_MAP, TER_SFT_SPARSE_MAP};

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(kinds); i++) {
        struct ter_sft_conflict conflict = {NULL, NULL, 0};
        struct ter_sft_map map;

        make_chunks(&map, kinds[i], 3);
        assert_int_equal(ter_sft_map_claim(&map, record(&map, 2), 7 * MAP_CHUNK, 1, NULL), TER_OK);
        assert_int_equal(
            ter_sft_map_claim(&map, record(&map, 3), 5 * MAP_CHUNK, 4 * MAP_CHUNK, &conflict),
            TER_ERROR_OWNED);
        assert_ptr_equal(conflict.claimant, record(&map, 3));
        assert_ptr_equal(conflict.owner, record(&map, 2));
        assert_int_equal(conflict.start, 7 * MAP_CHUNK);
        for (uintptr_t chunk = 0; chunk < 10; chunk++)
            assert_int_equal(map_ask(&map, chunk * MAP_CHUNK), chunk == 7 ? 2 : 0);
        ter_sft_map_destroy(&map);
    }
}

/* As many chunks as fit were set, from the one that holds the start; the last was left out. */
static void regression_mmtk_374_unaligned_start(void **state)
{
    const enum ter_sft_map_kind kinds[] = {TER_SFT_DENSE_MAP, TER_SFT_SPARSE_MAP};

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(kinds); i++) {
        struct ter_sft_map map;

        make_chunks(&map, kinds[i], 1);
        assert_int_equal(
            ter_sft_map_claim(&map, record(&map, 1), 8 * MAP_CHUNK - 1, 2 * MAP_CHUNK + 2, NULL),
            TER_OK);
        for (uintptr_t chunk = 0; chunk < 16; chunk++)
            assert_int_equal(map_ask(&map, chunk * MAP_CHUNK), chunk >= 7 && chunk <= 10);
        assert_int_equal(ter_sft_map_release(&map, record(&map, 1), 9 * MAP_CHUNK - 1, 2, NULL),
                         TER_OK);
        for (uintptr_t chunk = 0; chunk < 16; chunk++)
            assert_int_equal(map_ask(&map, chunk * MAP_CHUNK), chunk == 7 || chunk == 10);
        ter_sft_map_destroy(&map);
    }
}

/* A runtime's own memory in a space map made the process panic. */
static void regression_mmtk_1094_memory_outside_the_heap(void **state)
{
    struct ter_sft_map map;
    uintptr_t foreign = (uintptr_t)&map;

    (void)state;
    make_slots(&map, 2);
    assert_int_equal(ter_sft_map_claim(&map, record(&map, 1), foreign, 1, NULL),
                     TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(
        ter_sft_map_claim(&map, record(&map, 1), slot_start(16), slot_start(1) + 1, NULL),
        TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(map_ask(&map, foreign), 0);
    assert_int_equal(map_ask(&map, slot_start(16)), 0);
    ter_sft_map_destroy(&map);
    make_chunks(&map, TER_SFT_DENSE_MAP, 1);
    assert_int_equal(ter_sft_map_claim(&map, record(&map, 1), foreign, 1, NULL), TER_OK);
    assert_int_equal(map_ask(&map, foreign), 1);
    ter_sft_map_destroy(&map);
}

/* ---- Tables ---- */

/* Metadata lay over the third space: what the map keeps must lie where no space of a heap does. */
static void regression_mmtk_458_metadata_over_the_third_space(void **state)
{
    const uintptr_t bytes = 64 * MAP_CHUNK;
    struct ter_sft_side_metadata side;
    struct ter_sft_map map;
    uintptr_t base;

    (void)state;
    make_chunks(&map, TER_SFT_DENSE_MAP, 3);
    assert_true(ter_sft_map_side_metadata(&map, &side));
    /* With few addresses the system may put the table low. */
    base = side.table < 4 * bytes ? 8 * bytes : 0;
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(ter_sft_map_claim(&map, record(&map, i), base + i * bytes, bytes, NULL),
                         TER_OK);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(map_ask(&map, base + i * bytes), i);
        assert_int_equal(map_ask(&map, base + (i + 1) * bytes - 1), i);
    }
    assert_int_equal(map_ask(&map, side.table), 0);
    assert_int_equal(map_ask(&map, side.table + side.bytes), 0);
    assert_int_equal(map_ask(&map, (uintptr_t)record(&map, 3)), 0);
    ter_sft_map_destroy(&map);
}

static size_t resident_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long all, resident;

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu", &all, &resident), 2);
    fclose(file);
    return resident * (ter_os_page_size() >> 10);
}

/* A table of 800 MB was written at the start. Ours of 2^47 addresses is 256 MiB of no memory. */
static void regression_mmtk_208_memory_for_the_table(void **state)
{
    struct ter_sft_map map;
    size_t before, after;

    (void)state;
    if (TER_HAS_SANITIZER)
        skip(); /* they take memory themselves */
    if (test_is_emulated())
        skip(); /* so does it */
    resident_kib();
    before = resident_kib();
    make_chunks(&map, TER_SFT_SPARSE_MAP, 2);
    assert_int_equal(ter_sft_map_claim(&map, record(&map, 1), MAP_CHUNK, 256 * MAP_CHUNK, NULL),
                     TER_OK);
    after = resident_kib();
    assert_true(after < before + 512);
    ter_sft_map_destroy(&map);
}

/* EMPTY lay on a stack that was gone: here it is a record of the map. */
static void regression_mmtk_155_dangling_empty(void **state)
{
    struct ter_sft_map map, copy;

    (void)state;
    make_chunks(&map, TER_SFT_SPARSE_MAP, 0);
    copy = map;
    memset(&map, 0x55, sizeof map);
    test_clear_stack();
    assert_ptr_equal(ter_sft_map_get(&copy, 1), ter_sft_map_empty(&copy));
    assert_string_equal(ter_sft_map_get(&copy, MAP_CHUNK)->name, "EMPTY");
    assert_false(ter_sft_map_get(&copy, MAP_CHUNK)
                     ->is_live(ter_sft_map_get(&copy, MAP_CHUNK), ter_object_at(MAP_CHUNK)));
    ter_sft_map_destroy(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regression_seed_word_0x0000420000001000),
        cmocka_unit_test(regression_seed_tagged_word_0x2a00020000001000),
        cmocka_unit_test(regression_seed_57_bit_word_0x0004020000001000),
        cmocka_unit_test(regression_seed_kernel_word_0xffff820000001000),
        cmocka_unit_test(regression_mmtk_1338_word_0x40000e0000000000),
        cmocka_unit_test(regression_mmtk_1338_garbage_with_15_spaces),
        cmocka_unit_test(regression_seed_sixteenth_slot_0x200000000000),
        cmocka_unit_test(regression_seed_heap_end_0x220000000000),
        cmocka_unit_test(regression_seed_dense_word_plus_2_to_47),
        cmocka_unit_test(regression_mmtk_start_that_is_not_a_slot),
        cmocka_unit_test(regression_seed_range_that_wraps),
        cmocka_unit_test(regression_seed_256_spaces_wrap_the_index_to_0),
        cmocka_unit_test(regression_mmtk_174_overwriting_an_owner),
        cmocka_unit_test(regression_mmtk_374_unaligned_start),
        cmocka_unit_test(regression_mmtk_1094_memory_outside_the_heap),
        cmocka_unit_test(regression_mmtk_458_metadata_over_the_third_space),
        cmocka_unit_test(regression_mmtk_208_memory_for_the_table),
        cmocka_unit_test(regression_mmtk_155_dangling_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
