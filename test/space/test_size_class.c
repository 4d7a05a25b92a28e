/* SPDX-License-Identifier: MIT */
/* Size classes: every size fits its class, waste is bounded, reciprocals are exact. */
#include "space/space.h"
#include "support.h"

static void classes_rise(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_SIZE_CLASSES; i++) {
        assert_int_equal(ter_size_class_bytes[i] % TER_BYTES_IN_GRANULE, 0);
        assert_true(i == 0 || ter_size_class_bytes[i] > ter_size_class_bytes[i - 1]);
    }
    assert_int_equal(ter_size_class_bytes[0], TER_BYTES_IN_GRANULE);
    assert_int_equal(ter_size_class_bytes[TER_SIZE_CLASSES - 1], TER_SMALL_MAX_BYTES);
}

static void every_size_has_the_smallest_class(void **state)
{
    ter_size_class_table table;

    (void)state;
    memset(table, 0xff, sizeof table);
    ter_size_class_table_init(table);
    for (size_t bytes = 0; bytes <= TER_SMALL_MAX_BYTES; bytes++) {
        unsigned size_class = table[(bytes + TER_BYTES_IN_GRANULE - 1) >> TER_LOG_BYTES_IN_GRANULE];

        assert_true(size_class < TER_SIZE_CLASSES);
        assert_true(ter_size_class_bytes[size_class] >= bytes);
        assert_true(size_class == 0 || ter_size_class_bytes[size_class - 1] < bytes);
    }
}

/* Of a request, at most an eighth of a block; of the end of a block, less than a granule a cell. */
static void waste_is_bounded(void **state)
{
    (void)state;
    for (size_t i = 0; i < TER_SIZE_CLASSES; i++) {
        size_t bytes = ter_size_class_bytes[i];
        size_t cells = TER_BYTES_IN_BLOCK / bytes;
        size_t step = i == 0 ? bytes : bytes - ter_size_class_bytes[i - 1];

        assert_true((step - TER_BYTES_IN_GRANULE) * cells <= TER_BYTES_IN_BLOCK / 4);
        assert_true(bytes <= 512 ? step == TER_BYTES_IN_GRANULE : step * 4 <= bytes);
        /* The largest size of which a block holds that many. */
        if (bytes > 1024)
            assert_true((bytes + TER_BYTES_IN_GRANULE) * cells > TER_BYTES_IN_BLOCK);
        assert_true((TER_BYTES_IN_BLOCK - cells * bytes) * 16 <= TER_BYTES_IN_BLOCK);
    }
}

static void reciprocals_are_exact(void **state)
{
    const uintptr_t block = (uintptr_t)1 << 28;

    (void)state;
    for (size_t i = 0; i < TER_SIZE_CLASSES; i++) {
        uint32_t bytes = ter_size_class_bytes[i];
        struct ter_block_head head = {.reciprocal = ter_size_class_reciprocal(bytes),
                                      .cell_bytes = bytes};

        for (size_t offset = 0; offset < TER_BYTES_IN_BLOCK; offset++)
            assert_int_equal(ter_block_cell_of(&head, block + offset),
                             block + offset / bytes * bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_rise),
        cmocka_unit_test(every_size_has_the_smallest_class),
        cmocka_unit_test(waste_is_bounded),
        cmocka_unit_test(reciprocals_are_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
