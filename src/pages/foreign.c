/* SPDX-License-Identifier: MIT */
/* Records of chunks: how they come and go. Objects are in foreign_objects.c. */
#include "pages/pages.h"

#include <stddef.h>

/* Free records that keep their memory, for a chunk that comes and goes. */
#define WARM_RECORDS 4u

static size_t record_bytes(void)
{
    return ter_align_up(sizeof(struct ter_foreign_chunk), ter_os_page_size());
}

static size_t foreign_table_bytes(const struct ter_foreign *foreign)
{
    return ter_align_up(foreign->count * sizeof foreign->table[0], ter_os_page_size());
}

ter_status ter_foreign_init(struct ter_foreign *foreign, uintptr_t last)
{
    void *table;
    ter_status status;

    *foreign =
        (struct ter_foreign){.count = (last >> TER_LOG_BYTES_IN_CHUNK) + 1, .low = UINTPTR_MAX};
    status = ter_os_allocate_sparse(foreign_table_bytes(foreign), "terrier:foreign-table", &table);
    if (status == TER_OK)
        foreign->table = table;
    return status;
}

static void release_records(struct ter_foreign_chunk *chunk)
{
    while (chunk != NULL) {
        struct ter_foreign_chunk *next = chunk->next;

        ter_os_release((uintptr_t)chunk, record_bytes());
        chunk = next;
    }
}

void ter_foreign_fini(struct ter_foreign *foreign)
{
    release_records(foreign->free);
    if (foreign->table != NULL)
        ter_os_release((uintptr_t)foreign->table, foreign_table_bytes(foreign));
    *foreign = (struct ter_foreign){0};
}

void ter_foreign_set_init(struct ter_foreign_set *set, const struct ter_sft *owner)
{
    *set = (struct ter_foreign_set){.owner = owner};
}

/* ---- Records ---- */

static void store_record(const struct ter_foreign *foreign, uintptr_t start,
                         struct ter_foreign_chunk *chunk)
{
    __atomic_store_n(&foreign->table[start >> TER_LOG_BYTES_IN_CHUNK], chunk, __ATOMIC_RELEASE);
}

/* Odd while the record says something about a chunk. */
static void begin_or_end_use(struct ter_foreign_chunk *chunk)
{
    __atomic_store_n(&chunk->generation, chunk->generation + 1, __ATOMIC_RELEASE);
}

static ter_status take_record(struct ter_foreign *foreign, struct ter_foreign_chunk **chunk)
{
    void *memory;
    ter_status status;

    if (foreign->free != NULL) {
        *chunk = foreign->free;
        foreign->free = (*chunk)->next;
        foreign->free_count--;
        return TER_OK;
    }
    status = ter_os_allocate_sparse(record_bytes(), "terrier:foreign", &memory);
    if (status == TER_OK)
        *chunk = memory;
    return status;
}

static ter_status add_record(struct ter_foreign *foreign, struct ter_foreign_set *set,
                             uintptr_t start)
{
    struct ter_foreign_chunk *chunk;
    ter_status status = take_record(foreign, &chunk);

    if (status != TER_OK)
        return status;
    TER_CHECK(chunk->top == 0 && chunk->users == 0);
    __atomic_store_n(&chunk->start, start, __ATOMIC_RELEASE);
    __atomic_store_n(&chunk->set, set, __ATOMIC_RELEASE);
    chunk->previous = NULL;
    chunk->next = set->first;
    if (set->first != NULL)
        set->first->previous = chunk;
    set->first = chunk;
    set->chunks++;
    begin_or_end_use(chunk);
    foreign->low = ter_min(foreign->low, start);
    foreign->high = ter_max(foreign->high, start + (TER_BYTES_IN_CHUNK - 1));
    store_record(foreign, start, chunk);
    return TER_OK;
}

/* What is left in a record is without meaning, so memory goes back only to save it. */
static void give_back_memory(struct ter_foreign_chunk *chunk)
{
    uintptr_t end = (uintptr_t)chunk + record_bytes();
    uintptr_t start = ter_align_up((uintptr_t)chunk + offsetof(struct ter_foreign_chunk, starts),
                                   ter_os_page_size());

    if (start < end)
        (void)ter_os_decommit(start, end - start);
}

static void remove_record(struct ter_foreign *foreign, struct ter_foreign_chunk *chunk)
{
    struct ter_foreign_set *set = chunk->set;

    TER_CHECK(chunk->users == 0 && chunk->top == 0 && chunk->bytes == 0);
    store_record(foreign, chunk->start, NULL);
    begin_or_end_use(chunk);
    if (chunk->previous != NULL)
        chunk->previous->next = chunk->next;
    else
        set->first = chunk->next;
    if (chunk->next != NULL)
        chunk->next->previous = chunk->previous;
    set->chunks--;
    if (foreign->free_count >= WARM_RECORDS)
        give_back_memory(chunk);
    __atomic_store_n(&chunk->set, NULL, __ATOMIC_RELEASE);
    chunk->next = foreign->free;
    foreign->free = chunk;
    foreign->free_count++;
}

/* ---- Users ---- */

static uintptr_t chunk_start_of(uintptr_t address)
{
    return ter_align_down(address, TER_BYTES_IN_CHUNK);
}

/* Does [start, last] reach the chunk at `at`, which begins no lower? Also at the top of all. */
static bool reaches(uintptr_t start, uintptr_t last, uintptr_t at)
{
    return at - chunk_start_of(start) <= last - chunk_start_of(start);
}

/* Records that nobody uses leave again. */
static void remove_unused(struct ter_foreign *foreign, const struct ter_foreign_set *set,
                          uintptr_t start, uintptr_t last)
{
    for (uintptr_t at = chunk_start_of(start); reaches(start, last, at); at += TER_BYTES_IN_CHUNK) {
        struct ter_foreign_chunk *chunk = ter_foreign_chunk_of(foreign, at);

        if (chunk != NULL && chunk->set == set && chunk->users == 0)
            remove_record(foreign, chunk);
    }
}

/* Records for all chunks of the range; *added says whether one is new. */
static ter_status add_records(struct ter_foreign *foreign, struct ter_foreign_set *set,
                              uintptr_t start, uintptr_t last, bool *added,
                              struct ter_sft_conflict *conflict)
{
    for (uintptr_t at = chunk_start_of(start); reaches(start, last, at); at += TER_BYTES_IN_CHUNK) {
        const struct ter_foreign_chunk *chunk = ter_foreign_chunk_of(foreign, at);
        ter_status status;

        if (chunk != NULL && chunk->set != set) {
            if (conflict != NULL)
                *conflict = (struct ter_sft_conflict){
                    .claimant = set->owner, .owner = chunk->set->owner, .start = at};
            return TER_ERROR_OWNED;
        }
        if (chunk != NULL)
            continue;
        status = add_record(foreign, set, at);
        if (status != TER_OK)
            return status;
        *added = true;
    }
    return TER_OK;
}

/* The one chunk of a range, if it is of the set; else NULL. */
static struct ter_foreign_chunk *only_chunk(const struct ter_foreign *foreign,
                                            const struct ter_foreign_set *set, uintptr_t start,
                                            uintptr_t last)
{
    struct ter_foreign_chunk *chunk = ter_foreign_chunk_of(foreign, start);

    return chunk != NULL && chunk->set == set && last - chunk->start < TER_BYTES_IN_CHUNK ? chunk
                                                                                          : NULL;
}

static void count_users(const struct ter_foreign *foreign, uintptr_t start, uintptr_t last,
                        bool more)
{
    for (uintptr_t at = chunk_start_of(start); reaches(start, last, at); at += TER_BYTES_IN_CHUNK) {
        struct ter_foreign_chunk *chunk = ter_foreign_chunk_of(foreign, at);
        uintptr_t low = ter_max(start, at);
        size_t bytes = ter_min(last, at + (TER_BYTES_IN_CHUNK - 1)) - low + 1;

        TER_CHECK(more || (chunk->users > 0 && chunk->bytes >= bytes));
        chunk->users = more ? chunk->users + 1 : chunk->users - 1;
        chunk->bytes = more ? chunk->bytes + bytes : chunk->bytes - bytes;
    }
}

ter_status ter_foreign_use(struct ter_foreign *foreign, const struct ter_sft_map *map,
                           struct ter_foreign_set *set, uintptr_t start, size_t bytes,
                           struct ter_sft_conflict *conflict)
{
    uintptr_t last = start + (bytes - 1);
    struct ter_foreign_chunk *only;
    bool added = false;
    ter_status status;

    if (bytes == 0 || last < start || last >> TER_LOG_BYTES_IN_CHUNK >= foreign->count)
        return TER_ERROR_OUT_OF_RANGE;
    only = only_chunk(foreign, set, start, last);
    if (TER_LIKELY(only != NULL)) {
        only->users++;
        only->bytes += bytes;
        set->bytes += bytes;
        return TER_OK;
    }
    status = add_records(foreign, set, start, last, &added, conflict);
    if (status == TER_OK && added)
        status = ter_sft_map_claim(map, set->owner, start, bytes, conflict);
    if (status != TER_OK) {
        remove_unused(foreign, set, start, last);
        return status;
    }
    count_users(foreign, start, last, true);
    set->bytes += bytes;
    return TER_OK;
}

void ter_foreign_let_go(struct ter_foreign *foreign, const struct ter_sft_map *map,
                        struct ter_foreign_set *set, uintptr_t start, size_t bytes)
{
    uintptr_t last = start + (bytes - 1);
    struct ter_foreign_chunk *only = only_chunk(foreign, set, start, last);

    set->bytes -= bytes;
    if (TER_LIKELY(only != NULL) && only->users > 1) {
        TER_CHECK(only->bytes >= bytes);
        only->users--;
        only->bytes -= bytes;
        return;
    }
    count_users(foreign, start, last, false);
    for (uintptr_t at = chunk_start_of(start); reaches(start, last, at); at += TER_BYTES_IN_CHUNK) {
        struct ter_foreign_chunk *chunk = ter_foreign_chunk_of(foreign, at);

        if (chunk->users != 0)
            continue;
        TER_CHECK(ter_sft_map_release(map, set->owner, at, TER_BYTES_IN_CHUNK, NULL) == TER_OK);
        remove_record(foreign, chunk);
    }
}
