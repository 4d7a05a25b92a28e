/* SPDX-License-Identifier: MIT */
/*
 * Units of address space. A chunk is the unit of ownership and of mapping, a block the unit of a
 * size class, a page the unit of large objects, a granule the unit of alignment and of mark bits.
 */
#pragma once

#include "base/base.h"

#define TER_LOG_BYTES_IN_CHUNK 22u
#define TER_LOG_BYTES_IN_BLOCK 15u
#define TER_LOG_BYTES_IN_PAGE 12u
#define TER_LOG_BYTES_IN_GRANULE 4u
#define TER_LOG_BYTES_IN_SLOT (sizeof(void *) == 8 ? 3u : 2u)

#define TER_BYTES_IN_CHUNK ((size_t)1 << TER_LOG_BYTES_IN_CHUNK)
#define TER_BYTES_IN_BLOCK ((size_t)1 << TER_LOG_BYTES_IN_BLOCK)
#define TER_BYTES_IN_PAGE ((size_t)1 << TER_LOG_BYTES_IN_PAGE)
#define TER_BYTES_IN_GRANULE ((size_t)1 << TER_LOG_BYTES_IN_GRANULE)
#define TER_BLOCKS_IN_CHUNK ((size_t)1 << (TER_LOG_BYTES_IN_CHUNK - TER_LOG_BYTES_IN_BLOCK))
#define TER_PAGES_IN_CHUNK ((size_t)1 << (TER_LOG_BYTES_IN_CHUNK - TER_LOG_BYTES_IN_PAGE))

/* Number of whole chunks that hold `bytes`; does not wrap for any value. */
TER_INLINE size_t ter_bytes_to_chunks_up(size_t bytes)
{
    return (bytes >> TER_LOG_BYTES_IN_CHUNK) + ((bytes & (TER_BYTES_IN_CHUNK - 1)) != 0);
}

/* Number of whole pages that hold `bytes`; does not wrap for any value. */
TER_INLINE size_t ter_bytes_to_pages_up(size_t bytes)
{
    return (bytes >> TER_LOG_BYTES_IN_PAGE) + ((bytes & (TER_BYTES_IN_PAGE - 1)) != 0);
}
