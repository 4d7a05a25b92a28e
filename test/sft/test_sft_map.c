/* SPDX-License-Identifier: MIT */
/*
 * The space map: limits, claims and releases against a naive array of owners, and total lookup
 * against an oracle that compares bounds one by one.
 */
#include <terrier/sft.h>

#include "sft/sft.h"
#include "support.h"

#define SPACES 16u

static struct ter_sft spaces[SPACES];

struct shape {
    uintptr_t start;
    unsigned log_bytes;
    unsigned slots;
};

/* 16 slots as in the preset `default` where that fits, and some odd ones. */
static size_t get_shapes(struct shape *shapes)
{
    unsigned bits = (unsigned)sizeof(uintptr_t) * 8;
    const uintptr_t one = 1;
    const struct shape all[] = {
        {one << (bits / 2 + 9), bits / 2 + 8, 16},
        {(one << (bits - 2)) + (one << 12) * 5, 20, 16},
        {0, 20, 16},
        {0 - (one << 24), 20, 16},
        {one << 30, 22, 64},
        {one << 30, 22, 1},
        {one, 12, 7},
    };

    memcpy(shapes, all, sizeof all);
    return TER_ARRAY_LENGTH(all);
}

static void init_map(struct ter_sft_map *map, const struct shape *shape)
{
    assert_int_equal(ter_sft_map_init(map, shape->start, shape->log_bytes, shape->slots), TER_OK);
}

/* ---- Limits ---- */

static void limits_of_init(void **state)
{
    unsigned bits = (unsigned)sizeof(uintptr_t) * 8;
    const struct {
        uintptr_t start;
        unsigned log_bytes, slots;
        ter_status status;
    } rows[] = {
        {0, 20, 0, TER_ERROR_OUT_OF_RANGE},
        {0, 20, 1, TER_OK},
        {0, 20, TER_SFT_MAX_SLOTS, TER_OK},
        {0, 20, TER_SFT_MAX_SLOTS + 1, TER_ERROR_OUT_OF_RANGE},
        {0, bits, 1, TER_ERROR_OUT_OF_RANGE},
        {0, bits + 1, 1, TER_ERROR_OUT_OF_RANGE},
        {0, bits - 1, 1, TER_OK},
        {0, bits - 1, 2, TER_OK},
        {0, bits - 1, 3, TER_ERROR_OUT_OF_RANGE},
        {1, bits - 1, 1, TER_OK},
        {1, bits - 1, 2, TER_ERROR_OUT_OF_RANGE},
        {(uintptr_t)1 << (bits - 1), bits - 1, 1, TER_OK},
        {((uintptr_t)1 << (bits - 1)) + 1, bits - 1, 1, TER_ERROR_OUT_OF_RANGE},
        {UINTPTR_MAX, 12, 1, TER_ERROR_OUT_OF_RANGE},
        {UINTPTR_MAX, 0, 1, TER_OK},
        {UINTPTR_MAX, 0, 2, TER_ERROR_OUT_OF_RANGE},
        {0 - (uintptr_t)4096, 12, 1, TER_OK},
        {0 - (uintptr_t)4096, 12, 2, TER_ERROR_OUT_OF_RANGE},
        {0 - (uintptr_t)8192 + 1, 12, 1, TER_OK},
        {0 - (uintptr_t)8192 + 1, 12, 2, TER_ERROR_OUT_OF_RANGE},
        {UINTPTR_MAX, 20, UINT32_MAX, TER_ERROR_OUT_OF_RANGE},
    };

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(rows); i++) {
        struct ter_sft_map map;
        ter_status status = ter_sft_map_init(&map, rows[i].start, rows[i].log_bytes, rows[i].slots);

        if (status != rows[i].status)
            print_error("row %zu\n", i);
        assert_int_equal(status, rows[i].status);
    }
}

static void a_new_map_is_empty(void **state)
{
    struct ter_random random = test_random();
    struct shape shapes[16];
    size_t count = get_shapes(shapes);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct ter_sft_map map;

        init_map(&map, &shapes[i]);
        for (unsigned n = 0; n < 1000; n++)
            assert_ptr_equal(ter_sft_map_get(&map, (uintptr_t)ter_random_next(&random)),
                             &ter_sft_empty);
        for (unsigned slot = 0; slot < shapes[i].slots; slot++)
            assert_ptr_equal(
                ter_sft_map_get(&map, map.start + ((uintptr_t)slot << map.log_slot_bytes)),
                &ter_sft_empty);
    }
}

/* ---- Lookup ---- */

static const struct ter_sft *oracle(const struct ter_sft_map *map,
                                    const struct ter_sft *const *owners, uintptr_t word)
{
    for (unsigned slot = 0; slot < map->slot_count; slot++) {
        uintptr_t first = map->start + ((uintptr_t)slot << map->log_slot_bytes);
        uintptr_t last = first + (((uintptr_t)1 << map->log_slot_bytes) - 1);

        if (first <= word && word <= last)
            return owners[slot];
    }
    return &ter_sft_empty;
}

static bool oracle_has_entry(const struct ter_sft_map *map, uintptr_t word)
{
    uintptr_t last = map->start + (((uintptr_t)map->slot_count - 1) << map->log_slot_bytes) +
                     (((uintptr_t)1 << map->log_slot_bytes) - 1);

    return map->start <= word && word <= last;
}

static void check_word(const struct ter_sft_map *map, const struct ter_sft *const *owners,
                       uintptr_t word)
{
    const struct ter_sft *owner = ter_sft_map_get(map, word);

    if (owner != oracle(map, owners, word))
        print_error("%#zx: %s\n", (size_t)word, owner == NULL ? "NULL" : owner->name);
    assert_ptr_equal(owner, oracle(map, owners, word));
    assert_int_equal(ter_sft_map_has_entry(map, word), oracle_has_entry(map, word));
    if (oracle_has_entry(map, word))
        assert_ptr_equal(ter_sft_map_get_unchecked(map, word), owner);
}

static void check_map(const struct ter_sft_map *map, const struct ter_sft *const *owners,
                      struct ter_random *random)
{
    unsigned bits = (unsigned)sizeof(uintptr_t) * 8;
    unsigned count = test_iterations(1000000);

    for (unsigned i = 0; i < bits; i++)
        for (unsigned j = 0; j <= i; j++)
            for (uintptr_t n = 0; n < 5; n++)
                check_word(map, owners, ((uintptr_t)1 << i) + ((uintptr_t)1 << j) + n - 2);
    for (unsigned slot = 0; slot <= map->slot_count; slot++)
        for (uintptr_t n = 0; n < 7; n++)
            check_word(map, owners, map->start + ((uintptr_t)slot << map->log_slot_bytes) + n - 3);
    for (unsigned n = 0; n < count / 8; n++) {
        uintptr_t word = (uintptr_t)ter_random_next(random);

        check_word(map, owners, word);
        check_word(map, owners, word >> (word & (bits - 1)));
        check_word(map, owners, map->start + (word & (((uintptr_t)64 << map->log_slot_bytes) - 1)));
    }
}

/* Every slot is somebody's but one; then every second. */
static void lookup_is_total(void **state)
{
    struct ter_random random = test_random();
    struct shape shapes[16];
    size_t count = get_shapes(shapes);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        const struct ter_sft *owners[TER_SFT_MAX_SLOTS];
        struct ter_sft_map map;

        init_map(&map, &shapes[i]);
        for (unsigned slot = 0; slot < shapes[i].slots; slot++) {
            owners[slot] = &ter_sft_empty;
            if (slot == 3)
                continue;
            owners[slot] = &spaces[slot % SPACES];
            assert_int_equal(ter_sft_map_claim(&map, owners[slot],
                                               map.start + ((uintptr_t)slot << map.log_slot_bytes),
                                               1, NULL),
                             TER_OK);
        }
        check_map(&map, owners, &random);
    }
}

/* Words that other maps of this kind have taken for addresses of a heap. */
static void words_outside_are_nobodys(void **state)
{
    static const uint64_t words[] = {
        UINT64_C(0x0000420000001000), /* twice the range, plus a page */
        UINT64_C(0x2a00020000001000), /* a tag in the high byte */
        UINT64_C(0x0004020000001000), /* one bit above 48 address bits */
        UINT64_C(0xffff820000001000), /* sign-extended */
    };
    struct ter_sft_map map;
    uintptr_t start = (uintptr_t)UINT64_C(0x20000000000);

    (void)state;
    if (sizeof(uintptr_t) < sizeof(uint64_t))
        skip();
    assert_int_equal(ter_sft_map_init(&map, start, 40, 16), TER_OK);
    for (unsigned slot = 0; slot < 16; slot++)
        assert_int_equal(ter_sft_map_claim(&map, &spaces[slot],
                                           start + ((uintptr_t)slot << (sizeof start * 5)), 1,
                                           NULL),
                         TER_OK);
    for (size_t i = 0; i < TER_ARRAY_LENGTH(words); i++)
        assert_ptr_equal(ter_sft_map_get(&map, (uintptr_t)words[i]), &ter_sft_empty);
    /* A word with the same low bits inside is somebody's. */
    assert_ptr_equal(ter_sft_map_get(&map, (uintptr_t)UINT64_C(0x0000020000001000)), &spaces[0]);
}

static void the_last_slot_is_owned(void **state)
{
    struct shape shapes[16];
    size_t count = get_shapes(shapes);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        uintptr_t slot_bytes = (uintptr_t)1 << shapes[i].log_bytes;
        uintptr_t last = shapes[i].start + (shapes[i].slots - 1) * slot_bytes;
        struct ter_sft_map map;

        init_map(&map, &shapes[i]);
        assert_int_equal(ter_sft_map_claim(&map, &spaces[5], last, slot_bytes, NULL), TER_OK);
        assert_ptr_equal(ter_sft_map_get(&map, last), &spaces[5]);
        assert_ptr_equal(ter_sft_map_get(&map, last + slot_bytes - 1), &spaces[5]);
        assert_ptr_equal(ter_sft_map_get(&map, last + slot_bytes), &ter_sft_empty);
        assert_ptr_equal(ter_sft_map_get(&map, last - 1), &ter_sft_empty);
    }
}

/* ---- Claims ---- */

static void claims_and_their_limits(void **state)
{
    const struct shape shape = {(uintptr_t)1 << 28, 20, 16};
    uintptr_t start = shape.start, end = start + (16u << 20);
    const struct ter_sft *owner = NULL;
    struct ter_sft_map map;

    (void)state;
    init_map(&map, &shape);
    assert_int_equal(ter_sft_map_claim(&map, &spaces[0], start, 0, &owner), TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_sft_map_claim(&map, &spaces[0], start - 1, 1, &owner),
                     TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_sft_map_claim(&map, &spaces[0], start - 1, 2, &owner),
                     TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_sft_map_claim(&map, &spaces[0], end, 1, &owner), TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_sft_map_claim(&map, &spaces[0], end - 1, 2, &owner),
                     TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_sft_map_claim(&map, &spaces[0], start, SIZE_MAX, &owner),
                     TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_sft_map_claim(&map, &spaces[0], end - 1, SIZE_MAX, &owner),
                     TER_ERROR_OUT_OF_RANGE);
    assert_int_equal(ter_sft_map_claim(&map, &spaces[0], start + 1, 0 - (size_t)1, &owner),
                     TER_ERROR_OUT_OF_RANGE);
    assert_null(owner);
    for (uintptr_t word = start; word < end; word += 1u << 20)
        assert_ptr_equal(ter_sft_map_get(&map, word), &ter_sft_empty);
    assert_int_equal(ter_sft_map_claim(&map, &spaces[0], start, end - start, &owner), TER_OK);
    assert_int_equal(ter_sft_map_claim(&map, &spaces[0], start, end - start, NULL), TER_OK);
    assert_int_equal(ter_sft_map_claim(&map, &spaces[1], end - 1, 1, NULL), TER_ERROR_OWNED);
    assert_int_equal(ter_sft_map_claim(&map, &spaces[1], end - 1, 1, &owner), TER_ERROR_OWNED);
    assert_ptr_equal(owner, &spaces[0]);
    owner = NULL;
    assert_int_equal(ter_sft_map_release(&map, &spaces[1], start, 1, &owner), TER_ERROR_OWNED);
    assert_ptr_equal(owner, &spaces[0]);
    assert_int_equal(ter_sft_map_release(&map, &spaces[0], start, end - start, NULL), TER_OK);
    assert_int_equal(ter_sft_map_release(&map, &spaces[1], start, end - start, NULL), TER_OK);
    assert_int_equal(ter_sft_map_claim(&map, &spaces[1], start, 1, NULL), TER_OK);
}

static void random_claims_and_releases(void **state)
{
    const struct shape shape = {((uintptr_t)1 << 28) + 0x3000, 16, 24};
    struct ter_random random = test_random();
    const struct ter_sft *owners[24];
    struct ter_sft_map map;

    (void)state;
    init_map(&map, &shape);
    for (size_t i = 0; i < 24; i++)
        owners[i] = &ter_sft_empty;
    for (unsigned n = 0; n < test_iterations(50000); n++) {
        const struct ter_sft *space = &spaces[test_below(&random, 3)], *owner = NULL;
        size_t from = test_below(&random, 24 << 16);
        size_t bytes = test_below(&random, n % 3 == 0 ? 6 << 16 : 2 << 16);
        bool is_claim = test_below(&random, 2) == 0;
        ter_status status, expected = TER_OK;
        const struct ter_sft *there = NULL;

        if (bytes == 0 || from + bytes > 24 << 16)
            expected = TER_ERROR_OUT_OF_RANGE;
        for (size_t i = from >> 16; expected == TER_OK && i <= (from + bytes - 1) >> 16; i++)
            if (owners[i] != &ter_sft_empty && owners[i] != space) {
                expected = TER_ERROR_OWNED;
                there = owners[i];
            }
        status = (is_claim ? ter_sft_map_claim : ter_sft_map_release)(&map, space, map.start + from,
                                                                      bytes, &owner);
        assert_int_equal(status, expected);
        assert_ptr_equal(owner, there);
        for (size_t i = from >> 16; status == TER_OK && i <= (from + bytes - 1) >> 16; i++)
            owners[i] = is_claim ? space : &ter_sft_empty;
        for (size_t i = 0; i < 24; i++)
            assert_ptr_equal(ter_sft_map_get(&map, map.start + (i << 16)), owners[i]);
    }
}

static void claim_for_empty(void *context)
{
    ter_sft_map_claim(context, &ter_sft_empty, (uintptr_t)1 << 28, 1, NULL);
}

static void claim_for_null(void *context)
{
    ter_sft_map_claim(context, NULL, (uintptr_t)1 << 28, 1, NULL);
}

static void release_for_empty(void *context)
{
    ter_sft_map_release(context, &ter_sft_empty, (uintptr_t)1 << 28, 1, NULL);
}

static void a_claim_needs_a_space(void **state)
{
    const struct shape shape = {(uintptr_t)1 << 28, 20, 16};
    struct ter_sft_map map;

    (void)state;
    init_map(&map, &shape);
    test_dies(claim_for_empty, &map, "0x10000000");
    test_dies(claim_for_null, &map, "0x10000000");
    test_dies(release_for_empty, &map, "0x10000000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_of_init),
        cmocka_unit_test(a_new_map_is_empty),
        cmocka_unit_test(lookup_is_total),
        cmocka_unit_test(words_outside_are_nobodys),
        cmocka_unit_test(the_last_slot_is_owned),
        cmocka_unit_test(claims_and_their_limits),
        cmocka_unit_test(random_claims_and_releases),
        cmocka_unit_test(a_claim_needs_a_space),
    };

    for (size_t i = 0; i < SPACES; i++) {
        spaces[i].kind = TER_SPACE_OTHER;
        spaces[i].name = "test";
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
