/* SPDX-License-Identifier: MIT */
#include "pages/chunk_table.h"

static size_t owner_bytes(const struct ter_chunk_table *table)
{
    return ter_align_up(table->count, ter_os_page_size());
}

ter_status ter_chunk_table_init(struct ter_chunk_table *table, uintptr_t start, size_t bytes)
{
    void *owners;
    ter_status status;

    table->start = start;
    table->count = bytes >> TER_LOG_BYTES_IN_CHUNK;
    status = ter_os_allocate_sparse(owner_bytes(table), "terrier:chunk-owners", &owners);
    if (status == TER_OK)
        table->owners = owners;
    return status;
}

void ter_chunk_table_fini(struct ter_chunk_table *table)
{
    ter_os_retire((uintptr_t)table->owners, owner_bytes(table));
    *table = (struct ter_chunk_table){0};
}

static bool is_free(const struct ter_chunk_table *table, size_t chunk)
{
    return atomic_load_explicit(&table->owners[chunk], memory_order_relaxed) == 0;
}

size_t ter_chunk_table_find_free(const struct ter_chunk_table *table, size_t *lowest_free,
                                 size_t end, size_t chunks)
{
    size_t first = *lowest_free, length = 0;

    while (first < end && !is_free(table, first))
        first++;
    *lowest_free = first;
    for (size_t chunk = first; chunk < end; chunk++) {
        length = is_free(table, chunk) ? length + 1 : 0;
        if (length == chunks)
            return chunk + 1 - chunks;
    }
    return TER_NO_CHUNK;
}

void ter_chunk_table_set(struct ter_chunk_table *table, size_t first, size_t chunks, uint8_t owner)
{
    for (size_t chunk = first; chunk < first + chunks; chunk++)
        atomic_store_explicit(&table->owners[chunk], owner, memory_order_release);
}
