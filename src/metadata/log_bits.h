/* SPDX-License-Identifier: MIT */
/*
 * Tables of bits that inline code of the program reads byte by byte (terrier/mutator.h): bit n % 8
 * of the byte n / 8, in any byte order, of the thing that has the number n.
 *
 * Invariant: while threads run, a bit only goes from 1 to 0. Where a plain load and store of the
 * byte does it, two of them at once may leave a 1, and then the same is logged twice; a table whose
 * bits tell more than that takes the atomic form. Bits are set with the world stopped, or of memory
 * that nobody has yet.
 */
#pragma once

#include "metadata/table.h"

TER_INLINE bool ter_log_bit_test(uintptr_t table, uintptr_t number)
{
    const uint8_t *byte = (const uint8_t *)(table + number / 8);

    return (__atomic_load_n(byte, __ATOMIC_RELAXED) >> number % 8 & 1) != 0;
}

/* Clears it; false: it was 0. */
TER_INLINE bool ter_log_bit_take(uintptr_t table, uintptr_t number)
{
    uint8_t *byte = (uint8_t *)(table + number / 8), mask = (uint8_t)(1u << number % 8);
    uint8_t old = __atomic_load_n(byte, __ATOMIC_RELAXED);

    if ((old & mask) == 0)
        return false;
    __atomic_store_n(byte, (uint8_t)(old & ~mask), __ATOMIC_RELAXED);
    return true;
}

/* The same, and no other bit of the byte becomes 1 by it. */
TER_INLINE bool ter_log_bit_take_shared(uintptr_t table, uintptr_t number)
{
    uint8_t *byte = (uint8_t *)(table + number / 8), mask = (uint8_t)(1u << number % 8);

    return (__atomic_fetch_and(byte, (uint8_t)~mask, __ATOMIC_RELAXED) & mask) != 0;
}

TER_INLINE void ter_log_bit_set(uintptr_t table, uintptr_t number)
{
    *(uint8_t *)(table + number / 8) |= (uint8_t)(1u << number % 8);
}

/* The bits of 64 things from `number` on, a multiple of 64: that of the first is the lowest. */
TER_INLINE uint64_t ter_log_bits_word(uintptr_t table, uintptr_t number)
{
    uint64_t word = *(const uint64_t *)(table + number / 8);

    return TER_BIG_ENDIAN ? __builtin_bswap64(word) : word;
}

/* All of [from, to) become `ones`; bits beside them in a byte may be taken meanwhile. */
void ter_log_bits_fill(uintptr_t table, uintptr_t from, uintptr_t to, bool ones);
