/* SPDX-License-Identifier: MIT */
/*
 * Size classes of small objects.
 *
 * Invariant: every class is a multiple of a granule; above 512 bytes a class is the largest such
 * size of which a block holds a given number, so that at most an eighth of a block is lost to
 * rounding of a request and almost nothing to the end of the block.
 */
#pragma once

#include "layout/layout.h"

#define TER_SIZE_CLASSES 58u
#define TER_SMALL_MAX_BYTES ((size_t)8192)
#define TER_SMALL_MAX_GRANULES (TER_SMALL_MAX_BYTES >> TER_LOG_BYTES_IN_GRANULE)

/* Bytes of a cell of each class, rising. */
extern const uint16_t ter_size_class_bytes[TER_SIZE_CLASSES];

/*
 * At which granules of 64 cells of each class begin, if one begins at the first: bit 0, and one for
 * each size further.
 */
extern const uint64_t ter_size_class_starts[TER_SIZE_CLASSES];

/* The class of so many bytes, which are those of a cell; without a table, for who asks seldom. */
unsigned ter_size_class_of(size_t bytes);

/* For 0 to TER_SMALL_MAX_GRANULES granules: the smallest class that holds them. */
typedef uint8_t ter_size_class_table[TER_SMALL_MAX_GRANULES + 1];

void ter_size_class_table_init(ter_size_class_table table);

/* ceil(2^32 / cell_bytes): (offset * reciprocal) >> 32 is offset / cell_bytes inside a block. */
TER_INLINE uint32_t ter_size_class_reciprocal(uint32_t cell_bytes)
{
    return (uint32_t)(((UINT64_C(1) << 32) + cell_bytes - 1) / cell_bytes);
}
