/* SPDX-License-Identifier: MIT */
#include "mmapper/mmapper.h"

static size_t state_table_bytes(const struct ter_mmapper *mmapper)
{
    return ter_align_up(mmapper->chunks, ter_os_page_size());
}

ter_status ter_mmapper_init(struct ter_mmapper *mmapper, uintptr_t hint, size_t bytes)
{
    void *table;
    ter_status status;

    TER_CHECK(bytes > 0 && ter_is_aligned(bytes, TER_BYTES_IN_CHUNK));
    mmapper->chunks = bytes >> TER_LOG_BYTES_IN_CHUNK;
    status = ter_os_allocate(state_table_bytes(mmapper), &table);
    if (status != TER_OK)
        return status;
    status = ter_os_reserve(hint, bytes, TER_BYTES_IN_CHUNK, &mmapper->start);
    if (status != TER_OK) {
        ter_os_release((uintptr_t)table, state_table_bytes(mmapper));
        return status;
    }
    mmapper->states = table;
    ter_lock_init(&mmapper->lock, TER_RANK_MMAPPER);
    return TER_OK;
}

void ter_mmapper_fini(struct ter_mmapper *mmapper)
{
    ter_os_release(mmapper->start, mmapper->chunks << TER_LOG_BYTES_IN_CHUNK);
    ter_os_release((uintptr_t)mmapper->states, state_table_bytes(mmapper));
    ter_lock_fini(&mmapper->lock);
    mmapper->states = NULL;
    mmapper->chunks = 0;
}

static bool is_mapped(const struct ter_mmapper *mmapper, size_t chunk)
{
    return atomic_load_explicit(&mmapper->states[chunk], memory_order_relaxed) == TER_CHUNK_MAPPED;
}

static void set_states(struct ter_mmapper *mmapper, size_t first, size_t end,
                       enum ter_chunk_state state)
{
    for (size_t chunk = first; chunk < end; chunk++)
        atomic_store_explicit(&mmapper->states[chunk], (uint8_t)state, memory_order_release);
}

/* End of the longest run of chunks from `first` that are all mapped, or all not. */
static size_t run_end(const struct ter_mmapper *mmapper, size_t first, size_t end)
{
    bool mapped = is_mapped(mmapper, first);
    size_t chunk = first + 1;

    while (chunk < end && is_mapped(mmapper, chunk) == mapped)
        chunk++;
    return chunk;
}

static uintptr_t chunk_start(const struct ter_mmapper *mmapper, size_t chunk)
{
    return mmapper->start + ((uintptr_t)chunk << TER_LOG_BYTES_IN_CHUNK);
}

static ter_status map_run(struct ter_mmapper *mmapper, size_t first, size_t end, const char *name)
{
    uintptr_t start = chunk_start(mmapper, first);
    size_t bytes = (end - first) << TER_LOG_BYTES_IN_CHUNK;
    ter_status status = ter_os_commit(start, bytes);

    if (status != TER_OK)
        return status;
    ter_os_name(start, bytes, name);
    set_states(mmapper, first, end, TER_CHUNK_MAPPED);
    return TER_OK;
}

ter_status ter_mmapper_map(struct ter_mmapper *mmapper, uintptr_t start, size_t bytes,
                           const char *name)
{
    size_t first = (start - mmapper->start) >> TER_LOG_BYTES_IN_CHUNK;
    size_t end = ter_bytes_to_chunks_up(start - mmapper->start + bytes);
    ter_status status = TER_OK;

    TER_CHECK(start >= mmapper->start && bytes > 0 && end <= mmapper->chunks && first < end);
    ter_lock_acquire(&mmapper->lock);
    while (first < end && status == TER_OK) {
        size_t next = run_end(mmapper, first, end);

        if (!is_mapped(mmapper, first))
            status = map_run(mmapper, first, next, name);
        first = next;
    }
    ter_lock_release(&mmapper->lock);
    return status;
}

static ter_status unmap_run(struct ter_mmapper *mmapper, size_t first, size_t end)
{
    uintptr_t start = chunk_start(mmapper, first);
    size_t bytes = (end - first) << TER_LOG_BYTES_IN_CHUNK;
    ter_status status;

    set_states(mmapper, first, end, TER_CHUNK_RESERVED);
    status = ter_os_decommit(start, bytes);
    if (status == TER_OK)
        status = ter_os_protect(start, bytes);
    if (status != TER_OK)
        set_states(mmapper, first, end, TER_CHUNK_MAPPED);
    return status;
}

ter_status ter_mmapper_unmap(struct ter_mmapper *mmapper, uintptr_t start, size_t bytes)
{
    size_t first = (start - mmapper->start) >> TER_LOG_BYTES_IN_CHUNK;
    size_t end = first + (bytes >> TER_LOG_BYTES_IN_CHUNK);
    ter_status status = TER_OK;

    TER_CHECK(ter_is_aligned(start | bytes, TER_BYTES_IN_CHUNK) && end <= mmapper->chunks);
    ter_lock_acquire(&mmapper->lock);
    while (first < end && status == TER_OK) {
        size_t next = run_end(mmapper, first, end);

        if (is_mapped(mmapper, first))
            status = unmap_run(mmapper, first, next);
        first = next;
    }
    ter_lock_release(&mmapper->lock);
    return status;
}
