/* SPDX-License-Identifier: MIT */
/*
 * Tables of one bit a granule: mark bits and valid-object bits.
 *
 * A word of 64 bits describes 1 KiB of heap. The plain forms want the caller to be alone on the
 * word; the lone forms let others read it, but want the caller to be the only one who changes it;
 * the shared forms are atomic and keep what others do to its neighbours.
 */
#pragma once

#include "metadata/table.h"

#define TER_LOG_GRANULES_IN_BIT_WORD 6u
#define TER_LOG_BYTES_IN_BIT_WORD (TER_LOG_BYTES_IN_GRANULE + TER_LOG_GRANULES_IN_BIT_WORD)

TER_INLINE uint64_t *ter_bits_word(const struct ter_side_table *table, uintptr_t address)
{
    return (uint64_t *)(table->bias + ((address >> TER_LOG_BYTES_IN_BIT_WORD) << 3));
}

TER_INLINE uint64_t ter_bits_mask(uintptr_t address)
{
    return UINT64_C(1) << ((address >> TER_LOG_BYTES_IN_GRANULE) & 63);
}

TER_INLINE bool ter_bits_test(const struct ter_side_table *table, uintptr_t address)
{
    return (__atomic_load_n(ter_bits_word(table, address), __ATOMIC_ACQUIRE) &
            ter_bits_mask(address)) != 0;
}

TER_INLINE void ter_bits_set(const struct ter_side_table *table, uintptr_t address)
{
    *ter_bits_word(table, address) |= ter_bits_mask(address);
}

TER_INLINE void ter_bits_clear(const struct ter_side_table *table, uintptr_t address)
{
    *ter_bits_word(table, address) &= ~ter_bits_mask(address);
}

TER_INLINE void ter_bits_set_lone(const struct ter_side_table *table, uintptr_t address)
{
    uint64_t *word = ter_bits_word(table, address);

    __atomic_store_n(word, __atomic_load_n(word, __ATOMIC_RELAXED) | ter_bits_mask(address),
                     __ATOMIC_RELEASE);
}

/* True when this call cleared the bit. */
TER_INLINE bool ter_bits_clear_lone(const struct ter_side_table *table, uintptr_t address)
{
    uint64_t *word = ter_bits_word(table, address), mask = ter_bits_mask(address);
    uint64_t old = __atomic_load_n(word, __ATOMIC_RELAXED);

    __atomic_store_n(word, old & ~mask, __ATOMIC_RELEASE);
    return (old & mask) != 0;
}

TER_INLINE void ter_bits_set_shared(const struct ter_side_table *table, uintptr_t address)
{
    __atomic_fetch_or(ter_bits_word(table, address), ter_bits_mask(address), __ATOMIC_RELEASE);
}

/* True when this call cleared the bit. */
TER_INLINE bool ter_bits_clear_shared(const struct ter_side_table *table, uintptr_t address)
{
    uint64_t mask = ter_bits_mask(address);
    uint64_t old = __atomic_fetch_and(ter_bits_word(table, address), ~mask, __ATOMIC_ACQ_REL);

    return (old & mask) != 0;
}

/*
 * Address of the first granule in [from, end) whose bit is set, or `end`. Both are multiples of a
 * granule.
 */
uintptr_t ter_bits_find_set(const struct ter_side_table *table, uintptr_t from, uintptr_t end);

/* How many bits of the granules of [from, end) are set; others may change them meanwhile. */
size_t ter_bits_count(const struct ter_side_table *table, uintptr_t from, uintptr_t end);

/* The first of `from`, `from` + stride, … below `end` whose bit is clear, or `end`. */
uintptr_t ter_bits_find_clear_strided(const struct ter_side_table *table, uintptr_t from,
                                      uintptr_t end, size_t stride);

/*
 * Sets the bit of every `stride`-th byte of [start, end), a multiple of a granule. Shared form with
 * those who set or clear bits outside of the range, or set the same ones.
 */
void ter_bits_set_strided_shared(const struct ter_side_table *table, uintptr_t start, uintptr_t end,
                                 size_t stride);

/*
 * Sets in `to` what is set in `from`, and clears it there, for [start, end): multiples of 64 bytes
 * of a table. Plain form.
 */
void ter_bits_move(const struct ter_side_table *from, const struct ter_side_table *to,
                   uintptr_t start, uintptr_t end);

/* Clears every bit of [start, end). Shared form. */
void ter_bits_clear_range_shared(const struct ter_side_table *table, uintptr_t start,
                                 uintptr_t end);
