/* SPDX-License-Identifier: MIT */
/* The interface of a map, of every form: what is in the header, line by line. */
#include "sft/sft.h"

#include "support.h"

static const struct ter_sft functions[] = {
    {.kind = TER_SPACE_OTHER, .name = "first"},
    {.kind = TER_SPACE_OTHER, .name = "second"},
};

static const struct ter_sft_map_options forms[] = {
    {TER_SFT_SPACE_MAP, (uintptr_t)1 << 30, (uintptr_t)16 << 24, 24, 0},
    {TER_SFT_DENSE_MAP, 0, 0, 0, 0},
    {TER_SFT_SPARSE_MAP, (uintptr_t)1 << 30, (uintptr_t)16 << 24, 0, 0},
};

static void claims_and_releases(void **state)
{
    const uintptr_t base = (uintptr_t)1 << 30;

    (void)state;
    for (size_t i = 0; i < TER_ARRAY_LENGTH(forms); i++) {
        struct ter_sft_map_options options = forms[i];
        struct ter_sft_map map;
        struct ter_sft *a, *b;
        struct ter_sft_conflict conflict;

        if (options.bytes == 0)
            options.bytes = (uintptr_t)1 << (sizeof(uintptr_t) == 8 ? 47 : 31);
        assert_int_equal(ter_sft_map_create(&map, &options), TER_OK);
        assert_int_equal(ter_sft_map_add_space(&map, &functions[0], &a), TER_OK);
        assert_int_equal(ter_sft_map_add_space(&map, &functions[1], &b), TER_OK);
        assert_ptr_equal(ter_sft_map_get(&map, base), ter_sft_map_empty(&map));
        assert_int_equal(ter_sft_map_claim(&map, a, base + 100, 1, &conflict), TER_OK);
        assert_ptr_equal(ter_sft_map_get(&map, base), a);
        assert_ptr_equal(ter_sft_map_get_unchecked(&map, base), a);
        assert_ptr_equal(ter_sft_map_get(&map, base - 1), ter_sft_map_empty(&map));
        assert_int_equal(ter_sft_map_claim(&map, b, base, 1, &conflict), TER_ERROR_OWNED);
        assert_ptr_equal(conflict.owner, a);
        assert_ptr_equal(conflict.claimant, b);
        assert_int_equal(ter_sft_map_release(&map, a, base, 1, NULL), TER_OK);
        assert_int_equal(ter_sft_map_claim(&map, b, base, 1, &conflict), TER_OK);
        assert_ptr_equal(ter_sft_map_get(&map, base), b);
        ter_sft_map_destroy(&map);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_and_releases),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
