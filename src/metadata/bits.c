/* SPDX-License-Identifier: MIT */
#include "metadata/metadata.h"

uintptr_t ter_bits_find_set(const struct ter_side_table *table, uintptr_t from, uintptr_t end)
{
    while (from < end) {
        uint64_t word = __atomic_load_n(ter_bits_word(table, from), __ATOMIC_RELAXED);
        unsigned skip = (unsigned)(from >> TER_LOG_BYTES_IN_GRANULE) & 63;

        word >>= skip;
        if (word != 0) {
            from += (uintptr_t)ter_count_trailing_zeros(word) << TER_LOG_BYTES_IN_GRANULE;
            return from < end ? from : end;
        }
        from += (uintptr_t)(64 - skip) << TER_LOG_BYTES_IN_GRANULE;
    }
    return end;
}

void ter_bits_set_strided_shared(const struct ter_side_table *table, uintptr_t start, uintptr_t end,
                                 size_t stride)
{
    while (start < end) {
        uint64_t *word = ter_bits_word(table, start);
        uint64_t mask = 0;

        do {
            mask |= ter_bits_mask(start);
            start += stride;
        } while (start < end && ter_bits_word(table, start) == word);
        __atomic_fetch_or(word, mask, __ATOMIC_RELEASE);
    }
}

void ter_bits_clear_range_shared(const struct ter_side_table *table, uintptr_t start, uintptr_t end)
{
    while (start < end) {
        uintptr_t next = ter_align_down(start, (uintptr_t)1 << TER_LOG_BYTES_IN_BIT_WORD) +
                         ((uintptr_t)1 << TER_LOG_BYTES_IN_BIT_WORD);
        uint64_t mask = ~(ter_bits_mask(start) - 1);

        if (next > end) {
            mask &= ter_bits_mask(end) - 1;
            next = end;
        }
        __atomic_fetch_and(ter_bits_word(table, start), ~mask, __ATOMIC_RELAXED);
        start = next;
    }
}
