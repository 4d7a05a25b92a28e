/* SPDX-License-Identifier: MIT */
#include "pages/object_kinds.h"

#define TABLE_BYTES (TER_BYTES_IN_CHUNK >> TER_LOG_BYTES_IN_GRANULE)

static size_t kinds_list_bytes(size_t chunks)
{
    return ter_align_up(chunks * sizeof(uintptr_t), ter_os_page_size());
}

static size_t table_bytes(void)
{
    return ter_align_up(TABLE_BYTES, ter_os_page_size());
}

/* The number of chunks last: without it nobody looks at the list. */
static ter_status make_list(struct ter_object_kinds *kinds, uintptr_t start, size_t chunks)
{
    void *list;
    ter_status status = ter_os_allocate_sparse(kinds_list_bytes(chunks), "terrier:kinds", &list);

    if (status != TER_OK)
        return status;
    kinds->start = start;
    kinds->tables = list;
    __atomic_store_n(&kinds->chunks, chunks, __ATOMIC_RELEASE);
    return TER_OK;
}

ter_status ter_object_kinds_make(struct ter_object_kinds *kinds, uintptr_t start, size_t chunks,
                                 uintptr_t address)
{
    size_t chunk = (address - start) >> TER_LOG_BYTES_IN_CHUNK;
    ter_status status = kinds->tables == NULL ? make_list(kinds, start, chunks) : TER_OK;
    void *table;

    TER_CHECK(chunk < chunks);
    if (status != TER_OK || atomic_load_explicit(&kinds->tables[chunk], memory_order_relaxed) != 0)
        return status;
    status = ter_os_allocate_sparse(table_bytes(), "terrier:kinds", &table);
    if (status == TER_OK)
        atomic_store_explicit(&kinds->tables[chunk], (uintptr_t)table, memory_order_release);
    return status;
}

void ter_object_kinds_fini(struct ter_object_kinds *kinds)
{
    for (size_t chunk = 0; chunk < kinds->chunks; chunk++) {
        uintptr_t table = atomic_load_explicit(&kinds->tables[chunk], memory_order_relaxed);

        if (table != 0)
            ter_os_release(table, table_bytes());
    }
    if (kinds->tables != NULL)
        ter_os_release((uintptr_t)kinds->tables, kinds_list_bytes(kinds->chunks));
    *kinds = (struct ter_object_kinds){0};
}
