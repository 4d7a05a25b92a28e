/* SPDX-License-Identifier: MIT */
#include "metadata/metadata.h"

uintptr_t ter_bits_find_set(const struct ter_side_table *table, uintptr_t from, uintptr_t end)
{
    while (from < end) {
        uint64_t word = __atomic_load_n(ter_bits_word(table, from), __ATOMIC_ACQUIRE);
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

/* A bit for every `stride`-th granule from the first on. */
static uint64_t strided_mask(size_t stride)
{
    uint64_t mask = 1;

    for (; stride < 64; stride *= 2)
        mask |= mask << stride;
    return mask;
}

/* How many strides from granule `bit` of a word lead into a later word. */
static size_t strides_to_next_word(unsigned bit, size_t stride)
{
    return stride >= 64 ? 1 : ((uint32_t)(64 - bit) + (uint32_t)stride - 1) / (uint32_t)stride;
}

static unsigned bit_of(uintptr_t address)
{
    return (unsigned)(address >> TER_LOG_BYTES_IN_GRANULE) & 63;
}

size_t ter_bits_count(const struct ter_side_table *table, uintptr_t from, uintptr_t end)
{
    const size_t step = (size_t)1 << TER_LOG_BYTES_IN_BIT_WORD;
    size_t count = 0;

    while (from < end) {
        uintptr_t next = ter_min(ter_align_down(from, step) + step, end);
        uint64_t word = __atomic_load_n(ter_bits_word(table, from), __ATOMIC_RELAXED);

        word &= ~(ter_bits_mask(from) - 1);
        if (!ter_is_aligned(next, step))
            word &= ter_bits_mask(next) - 1;
        count += ter_count_ones(word);
        from = next;
    }
    return count;
}

uintptr_t ter_bits_find_clear_strided(const struct ter_side_table *table, uintptr_t from,
                                      uintptr_t end, size_t stride)
{
    size_t granules = stride >> TER_LOG_BYTES_IN_GRANULE;
    uint64_t mask = strided_mask(granules);

    while (from < end) {
        uint64_t word = __atomic_load_n(ter_bits_word(table, from), __ATOMIC_ACQUIRE);
        unsigned bit = bit_of(from);
        uint64_t clear = (mask << bit) & ~word;

        if (clear != 0) {
            from += (uintptr_t)(ter_count_trailing_zeros(clear) - bit) << TER_LOG_BYTES_IN_GRANULE;
            return from < end ? from : end;
        }
        from += strides_to_next_word(bit, granules) * stride;
    }
    return end;
}

/* A word that lies in the range only in part is others' too. */
static void set_in_word(uint64_t *word, uint64_t mask, bool is_ours)
{
    if (TER_LIKELY(is_ours))
        __atomic_store_n(word, __atomic_load_n(word, __ATOMIC_RELAXED) | mask, __ATOMIC_RELEASE);
    else
        __atomic_fetch_or(word, mask, __ATOMIC_RELEASE);
}

void ter_bits_set_strided_shared(const struct ter_side_table *table, uintptr_t start, uintptr_t end,
                                 size_t stride)
{
    size_t granules = stride >> TER_LOG_BYTES_IN_GRANULE;
    uint64_t all = strided_mask(granules);
    bool begins_before = bit_of(start) != 0;

    while (start < end) {
        unsigned bit = bit_of(start);
        uint64_t mask = all << bit;
        size_t left = (end - start) >> TER_LOG_BYTES_IN_GRANULE;

        if (left < 64 - bit)
            mask &= (UINT64_C(1) << (bit + left)) - 1;
        set_in_word(ter_bits_word(table, start), mask, !begins_before && left >= 64 - bit);
        begins_before = false;
        start += strides_to_next_word(bit, granules) * stride;
    }
}

#define WORDS_IN_LINE 8u

/* Most lines hold nothing: they are read and not written. */
void ter_bits_move(const struct ter_side_table *from, const struct ter_side_table *to,
                   uintptr_t start, uintptr_t end)
{
    uint64_t *source = ter_bits_word(from, start), *source_end = ter_bits_word(from, end);
    uint64_t *target = ter_bits_word(to, start);

    for (; source < source_end; source += WORDS_IN_LINE, target += WORDS_IN_LINE) {
        uint64_t any = 0;

        for (unsigned i = 0; i < WORDS_IN_LINE; i++)
            any |= source[i];
        if (any == 0)
            continue;
        for (unsigned i = 0; i < WORDS_IN_LINE; i++) {
            target[i] |= source[i];
            source[i] = 0;
        }
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
