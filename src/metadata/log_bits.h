/* SPDX-License-Identifier: MIT */
/*
 * Tables of bits that inline code of the program reads byte by byte (terrier/mutator.h): bit n % 8
 * of the byte n / 8, in any byte order, of the thing that has the number n.
 *
 * Invariant: while threads run, a bit only goes from 1 to 0, by a plain load and store of its byte:
 * two of them at once may leave a 1, and then the same is logged twice. Bits are set with the world
 * stopped, or of memory that nobody has yet.
 */
#pragma once

#include "metadata/table.h"

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

TER_INLINE void ter_log_bit_set(uintptr_t table, uintptr_t number)
{
    *(uint8_t *)(table + number / 8) |= (uint8_t)(1u << number % 8);
}

/* All of [from, to) become `ones`. */
void ter_log_bits_fill(uintptr_t table, uintptr_t from, uintptr_t to, bool ones);
