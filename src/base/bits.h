/* SPDX-License-Identifier: MIT */
/* Arithmetic on powers of two and single words. Every function is pure and inline. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

#define TER_KIB(n) ((size_t)(n) << 10)
#define TER_MIB(n) ((size_t)(n) << 20)
#define TER_ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

TER_INLINE bool ter_is_power_of_two(uintptr_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

TER_INLINE uintptr_t ter_align_down(uintptr_t value, uintptr_t alignment)
{
    return value & ~(alignment - 1);
}

/* Wraps to 0 above the last multiple of `alignment`; callers with arbitrary values check first. */
TER_INLINE uintptr_t ter_align_up(uintptr_t value, uintptr_t alignment)
{
    return (value + (alignment - 1)) & ~(alignment - 1);
}

TER_INLINE bool ter_is_aligned(uintptr_t value, uintptr_t alignment)
{
    return (value & (alignment - 1)) == 0;
}

TER_INLINE unsigned ter_count_trailing_zeros(uint64_t value)
{
    return (unsigned)__builtin_ctzll(value);
}

/* Of a value that is not 0. */
TER_INLINE unsigned ter_count_leading_zeros(uint64_t value)
{
    return (unsigned)__builtin_clzll(value);
}

/* By sums side by side: without an instruction for it, what compilers offer is a call. */
TER_INLINE unsigned ter_count_ones(uint64_t value)
{
    const uint64_t pairs = UINT64_C(0x5555555555555555), fours = UINT64_C(0x3333333333333333);
    const uint64_t eights = UINT64_C(0x0f0f0f0f0f0f0f0f), sum = UINT64_C(0x0101010101010101);

    value -= value >> 1 & pairs;
    value = (value & fours) + (value >> 2 & fours);
    value = (value + (value >> 4)) & eights;
    return (unsigned)((value * sum) >> 56);
}

/*
 * For hash tables, of which the upper bits are to be taken: multiplied by the golden ratio (Knuth,
 * The Art of Computer Programming, volume 3, section 6.4).
 */
TER_INLINE uint64_t ter_spread(uint64_t value)
{
    return value * UINT64_C(0x9e3779b97f4a7c15);
}

/* Floor of the binary logarithm; value > 0. */
TER_INLINE unsigned ter_log2(uint64_t value)
{
    return 63u - (unsigned)__builtin_clzll(value);
}

TER_INLINE size_t ter_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

TER_INLINE size_t ter_max(size_t a, size_t b)
{
    return a > b ? a : b;
}
