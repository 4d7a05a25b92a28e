/* SPDX-License-Identifier: MIT */
#include "mmapper/mmapper.h"

static size_t state_table_bytes(const struct ter_mmapper *mmapper)
{
    return ter_align_up(mmapper->chunks, ter_os_page_size());
}

static size_t grain_bytes(const struct ter_mmapper *mmapper)
{
    return (size_t)1 << mmapper->log_grain;
}

ter_status ter_mmapper_init(struct ter_mmapper *mmapper, uintptr_t hint, size_t bytes)
{
    return ter_mmapper_init_grain(mmapper, hint, bytes, TER_LOG_BYTES_IN_CHUNK);
}

static ter_status init(struct ter_mmapper *mmapper, size_t bytes, unsigned log_grain)
{
    void *table;
    ter_status status;

    TER_CHECK(bytes > 0 && ter_is_aligned(bytes, (size_t)1 << log_grain));
    TER_CHECK((size_t)1 << log_grain >= ter_os_page_size());
    *mmapper = (struct ter_mmapper){.log_grain = log_grain, .chunks = bytes >> log_grain};
    while ((mmapper->chunks - 1) >> mmapper->log_group >= TER_MMAPPER_GROUPS)
        mmapper->log_group++;
    status = ter_os_allocate(state_table_bytes(mmapper), &table);
    if (status != TER_OK)
        return status;
    mmapper->states = table;
    ter_lock_init(&mmapper->lock, TER_RANK_MMAPPER);
    return TER_OK;
}

static void fini(struct ter_mmapper *mmapper)
{
    ter_os_retire((uintptr_t)mmapper->states, state_table_bytes(mmapper));
    ter_lock_fini(&mmapper->lock);
    mmapper->states = NULL;
    mmapper->chunks = 0;
}

ter_status ter_mmapper_init_grain(struct ter_mmapper *mmapper, uintptr_t hint, size_t bytes,
                                  unsigned log_grain)
{
    ter_status status = init(mmapper, bytes, log_grain);

    if (status != TER_OK)
        return status;
    status = ter_os_reserve(hint, bytes, grain_bytes(mmapper), &mmapper->start);
    if (status != TER_OK)
        fini(mmapper);
    return status;
}

ter_status ter_mmapper_init_by_need(struct ter_mmapper *mmapper, uintptr_t start, size_t bytes,
                                    unsigned log_grain)
{
    ter_status status = init(mmapper, bytes, log_grain);

    TER_CHECK(ter_is_aligned(start, (size_t)1 << log_grain));
    mmapper->by_need = true;
    mmapper->start = start;
    return status;
}

static enum ter_chunk_state grain_state(const struct ter_mmapper *mmapper, size_t chunk)
{
    return (enum ter_chunk_state)atomic_load_explicit(&mmapper->states[chunk],
                                                      memory_order_relaxed);
}

static void set_states(struct ter_mmapper *mmapper, size_t first, size_t end,
                       enum ter_chunk_state state)
{
    for (size_t group = first >> mmapper->log_group; group <= (end - 1) >> mmapper->log_group;
         group++)
        mmapper->touched[group / 64] |= UINT64_C(1) << group % 64;
    for (size_t chunk = first; chunk < end; chunk++)
        atomic_store_explicit(&mmapper->states[chunk], (uint8_t)state, memory_order_release);
}

/* End of the longest run of chunks from `first` that have the same state. */
static size_t run_end(const struct ter_mmapper *mmapper, size_t first, size_t end)
{
    enum ter_chunk_state state = grain_state(mmapper, first);
    size_t chunk = first + 1;

    while (chunk < end && grain_state(mmapper, chunk) == state)
        chunk++;
    return chunk;
}

static uintptr_t chunk_start(const struct ter_mmapper *mmapper, size_t chunk)
{
    return mmapper->start + ((uintptr_t)chunk << mmapper->log_grain);
}

static size_t chunks_bytes(const struct ter_mmapper *mmapper, size_t first, size_t end)
{
    return (end - first) << mmapper->log_grain;
}

/* ---- Chunks that are mapped in parts; under the lock ---- */

#define PIECES ((unsigned)(TER_BYTES_IN_CHUNK / TER_BYTES_IN_PIECE))
#define ALL_PIECES ((UINT32_C(1) << PIECES) - 1)

static uintptr_t part_start(const struct ter_mmapper_part *part)
{
    return atomic_load_explicit(&part->start, memory_order_relaxed);
}

/* The part that begins at `start`, or one that is free for 0; NULL for none. */
static struct ter_mmapper_part *find_part(struct ter_mmapper *mmapper, uintptr_t start)
{
    for (unsigned i = 0; i < TER_MMAPPER_PARTS; i++)
        if (part_start(&mmapper->parts[i]) == start)
            return &mmapper->parts[i];
    return NULL;
}

static ter_status commit(const struct ter_mmapper *mmapper, uintptr_t start, size_t bytes)
{
    return mmapper->by_need ? ter_os_commit_at(start, bytes) : ter_os_commit(start, bytes);
}

static ter_status map_run(struct ter_mmapper *mmapper, size_t first, size_t end, const char *name)
{
    uintptr_t start = chunk_start(mmapper, first);
    size_t bytes = chunks_bytes(mmapper, first, end);
    ter_status status = commit(mmapper, start, bytes);

    if (status != TER_OK)
        return status;
    ter_os_name(start, bytes, name);
    if (mmapper->huge_pages)
        ter_os_want_huge_pages(start, bytes);
    set_states(mmapper, first, end, TER_CHUNK_MAPPING);
    return TER_OK;
}

/* Of a run to which nobody has written: a refusal leaves access to what nobody will use. */
static void forget_run(const struct ter_mmapper *mmapper, uintptr_t start, size_t bytes)
{
    if (mmapper->by_need)
        ter_os_release(start, bytes);
    else
        (void)ter_os_protect(start, bytes);
}

/* The runs of this call: they have their access for good now, or lose it. */
static void settle_runs(struct ter_mmapper *mmapper, size_t first, size_t end, bool keep)
{
    while (first < end) {
        size_t next = run_end(mmapper, first, end);

        if (grain_state(mmapper, first) == TER_CHUNK_MAPPING) {
            if (!keep)
                forget_run(mmapper, chunk_start(mmapper, first),
                           chunks_bytes(mmapper, first, next));
            set_states(mmapper, first, next, keep ? TER_CHUNK_MAPPED : TER_CHUNK_RESERVED);
        }
        first = next;
    }
}

ter_status ter_mmapper_map(struct ter_mmapper *mmapper, uintptr_t start, size_t bytes,
                           const char *name)
{
    size_t offset = start - mmapper->start;
    size_t range_bytes = mmapper->chunks << mmapper->log_grain;
    size_t first = offset >> mmapper->log_grain;
    size_t next = first, end;
    ter_status status = TER_OK;

    TER_CHECK(bytes > 0 && offset < range_bytes && bytes <= range_bytes - offset);
    end = ((offset + bytes - 1) >> mmapper->log_grain) + 1;
    ter_lock_acquire(&mmapper->lock);
    while (next < end && status == TER_OK) {
        size_t run = next;

        next = run_end(mmapper, run, end);
        if (grain_state(mmapper, run) != TER_CHUNK_MAPPED)
            status = map_run(mmapper, run, next, name);
    }
    settle_runs(mmapper, first, end, status == TER_OK);
    ter_lock_release(&mmapper->lock);
    return status;
}

/* Pieces that the system keeps stay mapped; the others are not. */
static ter_status uncommit_part(struct ter_mmapper_part *part)
{
    uintptr_t start = part_start(part);
    ter_status status = TER_OK;

    for (unsigned i = 0; i < PIECES && status == TER_OK; i++) {
        uint32_t pieces = atomic_load_explicit(&part->pieces, memory_order_relaxed);

        if ((pieces >> i & 1) == 0)
            continue;
        atomic_store_explicit(&part->pieces, pieces & ~(UINT32_C(1) << i), memory_order_release);
        status = ter_os_uncommit(start + i * TER_BYTES_IN_PIECE, TER_BYTES_IN_PIECE);
        if (status != TER_OK)
            atomic_store_explicit(&part->pieces, pieces, memory_order_release);
    }
    if (status == TER_OK)
        atomic_store_explicit(&part->start, 0, memory_order_release);
    return status;
}

static ter_status uncommit(struct ter_mmapper *mmapper, uintptr_t start, size_t bytes)
{
    struct ter_mmapper_part *part;
    ter_status status;

    if (mmapper->by_need) {
        part = find_part(mmapper, start);
        return part != NULL ? uncommit_part(part) : ter_os_uncommit(start, bytes);
    }
    status = ter_os_decommit(start, bytes);
    return status == TER_OK ? ter_os_protect(start, bytes) : status;
}

static ter_status unmap_run(struct ter_mmapper *mmapper, size_t first, size_t end)
{
    uintptr_t start = chunk_start(mmapper, first);
    size_t bytes = chunks_bytes(mmapper, first, end);
    ter_status status;

    set_states(mmapper, first, end, TER_CHUNK_RESERVED);
    ter_asan_access(start, bytes);
    status = uncommit(mmapper, start, bytes);
    if (status != TER_OK)
        set_states(mmapper, first, end, TER_CHUNK_MAPPED);
    return status;
}

/* A chunk in parts is a run of its own. */
static size_t unmapped_together(struct ter_mmapper *mmapper, size_t first, size_t end)
{
    size_t next = run_end(mmapper, first, end);

    for (unsigned i = 0; i < TER_MMAPPER_PARTS; i++) {
        uintptr_t start = part_start(&mmapper->parts[i]);
        size_t chunk = (start - mmapper->start) >> mmapper->log_grain;

        if (start != 0 && chunk >= first && chunk < next)
            next = chunk == first ? first + 1 : chunk;
    }
    return next;
}

ter_status ter_mmapper_unmap(struct ter_mmapper *mmapper, uintptr_t start, size_t bytes)
{
    size_t first = (start - mmapper->start) >> mmapper->log_grain;
    size_t end = first + (bytes >> mmapper->log_grain);
    ter_status status = TER_OK;

    TER_CHECK(ter_is_aligned(start | bytes, grain_bytes(mmapper)) && end <= mmapper->chunks);
    ter_lock_acquire(&mmapper->lock);
    while (first < end && status == TER_OK) {
        size_t next = unmapped_together(mmapper, first, end);

        if (grain_state(mmapper, first) == TER_CHUNK_MAPPED)
            status = unmap_run(mmapper, first, next);
        first = next;
    }
    ter_lock_release(&mmapper->lock);
    return status;
}

/*
 * Whether all of the chunk is free: any other answer than that it is not is about the size. Where
 * the first piece is parked it was; somebody who came since is found when that piece is wanted.
 */
static bool somebody_lies_at(uintptr_t start)
{
    ter_status status;

    if (ter_os_is_parked(start, TER_BYTES_IN_PIECE))
        return false;
    status = ter_os_reserve_at(start, TER_BYTES_IN_CHUNK);

    if (status == TER_OK)
        ter_os_release(start, TER_BYTES_IN_CHUNK);
    return status == TER_ERROR_OWNED;
}

static ter_status begin_part(struct ter_mmapper *mmapper, uintptr_t start)
{
    size_t chunk = (start - mmapper->start) >> mmapper->log_grain;
    struct ter_mmapper_part *part = find_part(mmapper, 0);

    TER_CHECK(chunk < mmapper->chunks);
    if (grain_state(mmapper, chunk) == TER_CHUNK_MAPPED)
        return TER_OK; /* whole or in parts, by a growth that failed later */
    if (part == NULL)
        return TER_ERROR_FULL;
    if (somebody_lies_at(start))
        return TER_ERROR_OWNED;
    atomic_store_explicit(&part->pieces, 0, memory_order_relaxed);
    atomic_store_explicit(&part->start, start, memory_order_release);
    set_states(mmapper, chunk, chunk + 1, TER_CHUNK_MAPPED);
    return TER_OK;
}

ter_status ter_mmapper_map_in_parts(struct ter_mmapper *mmapper, uintptr_t start)
{
    ter_status status;

    TER_CHECK(mmapper->by_need && mmapper->log_grain == TER_LOG_BYTES_IN_CHUNK);
    TER_CHECK(ter_is_aligned(start, TER_BYTES_IN_CHUNK));
    ter_lock_acquire(&mmapper->lock);
    status = begin_part(mmapper, start);
    ter_lock_release(&mmapper->lock);
    return status;
}

/* A part with all its pieces is a chunk like others. */
static ter_status fill_piece(struct ter_mmapper_part *part, unsigned piece, const char *name)
{
    uint32_t pieces = atomic_load_explicit(&part->pieces, memory_order_relaxed);
    uintptr_t start = part_start(part) + piece * TER_BYTES_IN_PIECE;
    ter_status status;

    if ((pieces >> piece & 1) != 0)
        return TER_OK;
    status = ter_os_commit_at(start, TER_BYTES_IN_PIECE);
    if (status != TER_OK)
        return status;
    ter_os_name(start, TER_BYTES_IN_PIECE, name);
    pieces |= UINT32_C(1) << piece;
    atomic_store_explicit(&part->pieces, pieces, memory_order_release);
    if (pieces == ALL_PIECES)
        atomic_store_explicit(&part->start, 0, memory_order_release);
    return TER_OK;
}

ter_status ter_mmapper_fill(struct ter_mmapper *mmapper, uintptr_t start, size_t bytes,
                            const char *name)
{
    ter_status status = TER_OK;

    ter_lock_acquire(&mmapper->lock);
    for (unsigned i = 0; i < TER_MMAPPER_PARTS && status == TER_OK; i++) {
        struct ter_mmapper_part *part = &mmapper->parts[i];
        uintptr_t chunk = part_start(part);
        uintptr_t first = ter_max(start, chunk);
        uintptr_t last = ter_min(start + (bytes - 1), chunk + (TER_BYTES_IN_CHUNK - 1));

        if (chunk == 0 || first > last)
            continue;
        for (unsigned piece = (unsigned)((first - chunk) >> TER_LOG_BYTES_IN_PIECE);
             status == TER_OK && piece <= (last - chunk) >> TER_LOG_BYTES_IN_PIECE; piece++)
            if (part_start(part) != 0)
                status = fill_piece(part, piece, name);
    }
    ter_lock_release(&mmapper->lock);
    return status;
}

static void release_pieces(const struct ter_mmapper_part *part)
{
    uint32_t pieces = atomic_load_explicit(&part->pieces, memory_order_relaxed);

    for (unsigned i = 0; i < PIECES; i++)
        if ((pieces >> i & 1) != 0)
            ter_os_retire_at(part_start(part) + i * TER_BYTES_IN_PIECE, TER_BYTES_IN_PIECE);
}

/* Are the states of this chunk and the next seven in the table, and all RESERVED? */
static bool are_eight_reserved(const struct ter_mmapper *mmapper, size_t chunk)
{
    const _Atomic uint8_t *states = &mmapper->states[chunk];

    return chunk % 8 == 0 && chunk + 8 <= mmapper->chunks &&
           __atomic_load_n((const uint64_t *)(const void *)states, __ATOMIC_RELAXED) == 0;
}

/* The first group from this one on in which something was mapped; all of them: there is none. */
static size_t next_touched(const struct ter_mmapper *mmapper, size_t group)
{
    while (group < TER_MMAPPER_GROUPS) {
        uint64_t left = mmapper->touched[group / 64] >> group % 64;

        if (left != 0)
            return group + ter_count_trailing_zeros(left);
        group = (group / 64 + 1) * 64;
    }
    return TER_MMAPPER_GROUPS;
}

static size_t next_mapped(const struct ter_mmapper *mmapper, size_t first)
{
    while (first < mmapper->chunks) {
        size_t group = first >> mmapper->log_group, touched = next_touched(mmapper, group);

        if (touched != group)
            first = touched << mmapper->log_group;
        else if (are_eight_reserved(mmapper, first))
            first += 8;
        else if (grain_state(mmapper, first) != TER_CHUNK_MAPPED)
            first++;
        else
            return first;
    }
    return mmapper->chunks;
}

static size_t group_end(const struct ter_mmapper *mmapper, size_t chunk)
{
    size_t end = ((chunk >> mmapper->log_group) + 1) << mmapper->log_group;

    return ter_min(end, mmapper->chunks);
}

/* Others may lie between the runs that are mapped. */
static void release_runs(struct ter_mmapper *mmapper)
{
    for (size_t first = next_mapped(mmapper, 0), next; first < mmapper->chunks;
         first = next_mapped(mmapper, next)) {
        uintptr_t start = chunk_start(mmapper, first);

        next = unmapped_together(mmapper, first, group_end(mmapper, first));
        if (find_part(mmapper, start) != NULL)
            release_pieces(find_part(mmapper, start));
        else
            ter_os_retire_at(start, chunks_bytes(mmapper, first, next));
    }
}

/* Whoever gets the addresses next may use all that lies there. */
static void give_access(const struct ter_mmapper *mmapper)
{
    for (size_t first = next_mapped(mmapper, 0), next; first < mmapper->chunks;
         first = next_mapped(mmapper, next)) {
        next = run_end(mmapper, first, group_end(mmapper, first));
        ter_asan_access(chunk_start(mmapper, first), chunks_bytes(mmapper, first, next));
    }
}

void ter_mmapper_fini(struct ter_mmapper *mmapper)
{
    if (TER_HAS_ASAN)
        give_access(mmapper);
    if (mmapper->by_need)
        release_runs(mmapper);
    else
        ter_os_release(mmapper->start, mmapper->chunks << mmapper->log_grain);
    fini(mmapper);
}
