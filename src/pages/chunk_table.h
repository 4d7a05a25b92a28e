/* SPDX-License-Identifier: MIT */
/*
 * Which space each chunk of a heap's range belongs to: a byte a chunk, 0 for none. Where nothing is
 * reserved, memory of others may lie in the range; such chunks are marked when one is found.
 *
 * Invariant: `owners` changes only under the growth lock of the arena; reading takes no lock. A
 * byte is stored, with release, after the chunk and its side metadata are mapped and its entry of
 * the SFT map is claimed, and cleared before any of that is undone. So whoever reads a space's
 * number may read the chunk.
 *
 * Allocation is first fit, from the lowest chunk that may be free; neighbours that are free are one
 * piece without more ado.
 */
#pragma once

#include <stdatomic.h>

#include "layout/layout.h"
#include "os/os.h"

struct ter_chunk_table {
    uintptr_t start;
    size_t count;
    _Atomic uint8_t *owners; /* number of the space's record in the SFT map */
};

/* Not the number of a space: somebody else lies there, so that no space can have the chunk. */
#define TER_CHUNK_UNUSABLE UINT8_MAX

/* No such chunk. */
#define TER_NO_CHUNK SIZE_MAX

/* For the chunks of [start, start + bytes). */
ter_status ter_chunk_table_init(struct ter_chunk_table *table, uintptr_t start, size_t bytes);
void ter_chunk_table_fini(struct ter_chunk_table *table);

/*
 * First of `chunks` free chunks side by side in [from, end), TER_NO_CHUNK if there are none. What
 * lies below *lowest_free is not looked at; it is brought up to date.
 */
size_t ter_chunk_table_find_free(const struct ter_chunk_table *table, size_t *lowest_free,
                                 size_t end, size_t chunks);

void ter_chunk_table_set(struct ter_chunk_table *table, size_t first, size_t chunks, uint8_t owner);

TER_INLINE uint8_t ter_chunk_table_owner(const struct ter_chunk_table *table, size_t chunk)
{
    return atomic_load_explicit(&table->owners[chunk], memory_order_acquire);
}

/* Total: any word; 0 outside. */
TER_INLINE uint8_t ter_chunk_table_owner_of(const struct ter_chunk_table *table, uintptr_t word)
{
    size_t chunk = (word - table->start) >> TER_LOG_BYTES_IN_CHUNK;

    return chunk < table->count ? ter_chunk_table_owner(table, chunk) : 0;
}
