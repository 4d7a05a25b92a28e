/* SPDX-License-Identifier: MIT */
/*
 * Tables seen as words of 64 bits, for searches and bulk changes. Private to this floor.
 *
 * Invariant: in a word as ter_side_ordered gives it, the value of the region with number r begins
 * at bit (r mod values in a word) << log_bits, on every machine.
 */
#pragma once

#include "metadata/values.h"

/* Where in its word the value for `address` begins. */
TER_INLINE unsigned ter_side_bit_in_word(const struct ter_side_table *table, uintptr_t address)
{
    unsigned values_in_word = 64u >> table->log_bits;

    return ((unsigned)(address >> table->log_region) & (values_in_word - 1)) << table->log_bits;
}

/* Data address of the first region that the word describes. */
TER_INLINE uintptr_t ter_side_data_of(const struct ter_side_table *table, const uint64_t *word)
{
    return ((uintptr_t)word - table->bias) << table->shift;
}

/* From memory's order of values to that of the invariant, and back. */
TER_INLINE uint64_t ter_side_ordered(const struct ter_side_table *table, uint64_t word)
{
    return TER_BIG_ENDIAN && table->log_bits >= 3 ? __builtin_bswap64(word) : word;
}

/* A word with bit 0 of every value set. A table, since dividing takes longer than all else here. */
TER_INLINE uint64_t ter_side_lowest_bits(const struct ter_side_table *table)
{
    static const uint64_t words[TER_SIDE_LOG_VALUE_BITS + 1] = {
        UINT64_MAX,
        UINT64_C(0x5555555555555555),
        UINT64_C(0x1111111111111111),
        UINT64_C(0x0101010101010101),
        UINT64_C(0x0001000100010001),
        UINT64_C(0x0000000100000001),
        1,
    };

    return words[table->log_bits];
}

/* The highest bit of every value of the word that is not zero. */
TER_INLINE uint64_t ter_side_flags_of(const struct ter_side_table *table, uint64_t word)
{
    uint64_t highest = ter_side_lowest_bits(table) << ((1u << table->log_bits) - 1);
    uint64_t others = ~highest;

    /* A carry into the highest bit, and never beyond it, says that one of the others was set. */
    return (((ter_side_ordered(table, word) & others) + others) | ter_side_ordered(table, word)) &
           highest;
}

/* Bits from those of the value that begins at `bit` upward; and all up to and with its bits. */
TER_INLINE uint64_t ter_side_bits_from(unsigned bit)
{
    return UINT64_MAX << bit;
}

TER_INLINE uint64_t ter_side_bits_to(const struct ter_side_table *table, unsigned bit)
{
    return UINT64_MAX >> (64 - (1u << table->log_bits) - bit);
}
