/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

#define ENTRIES ((TER_KIB(4) - 2 * sizeof(size_t)) / sizeof(uintptr_t))
#define MOST_SPARE 64u /* chunks that are kept for later */

struct ter_store_chunk {
    struct ter_store_chunk *next;
    size_t count;
    uintptr_t entries[ENTRIES];
};

struct store_entry {
    uintptr_t address;
    unsigned form;
    uintptr_t end; /* of forms with one */
};

/* There is room for it. */
static void add_entry(struct ter_store_chunk *chunk, const struct store_entry *entry)
{
    unsigned bits = entry->form & TER_STORE_FORMS, elements = 0;

    if (entry->form == TER_STORE_ELEMENTS) {
        bits = TER_STORE_RANGE;
        elements = 1;
    }
    chunk->entries[chunk->count++] = entry->address | bits;
    if (bits >= TER_STORE_RANGE)
        chunk->entries[chunk->count++] = entry->end | elements;
}

static struct store_entry next_entry(const struct ter_store_chunk *chunk, size_t *index)
{
    uintptr_t word = chunk->entries[(*index)++];
    struct store_entry entry = {.address = word & ~(uintptr_t)TER_STORE_FORMS,
                                .form = word & TER_STORE_FORMS};

    if (entry.form < TER_STORE_RANGE)
        return entry;
    entry.end = chunk->entries[(*index)++];
    if ((entry.end & 1) != 0) {
        entry.form = TER_STORE_ELEMENTS;
        entry.end--;
    }
    return entry;
}

static size_t store_chunk_bytes(void)
{
    return ter_align_up(sizeof(struct ter_store_chunk), ter_os_page_size());
}

void ter_stores_init(struct ter_stores *stores)
{
    *stores = (struct ter_stores){0};
    ter_mutex_init(&stores->mutex);
}

static void release_store_chunks(struct ter_store_chunk **list)
{
    while (*list != NULL) {
        struct ter_store_chunk *chunk = *list;

        *list = chunk->next;
        ter_os_retire((uintptr_t)chunk, store_chunk_bytes());
    }
}

void ter_stores_fini(struct ter_stores *stores)
{
    release_store_chunks(&stores->full);
    release_store_chunks(&stores->taken);
    release_store_chunks(&stores->spare);
    ter_mutex_fini(&stores->mutex);
}

void ter_stores_hold(struct ter_stores *stores)
{
    ter_mutex_acquire(&stores->mutex);
}

void ter_stores_let_go(struct ter_stores *stores)
{
    ter_mutex_release(&stores->mutex);
}

void ter_stores_lose(struct ter_stores *stores)
{
    atomic_store_explicit(&stores->lost, true, memory_order_relaxed);
}

/* ---- By mutators ---- */

static struct ter_store_chunk *take_store_chunk(struct ter_stores *stores)
{
    struct ter_store_chunk *chunk;
    void *memory;

    ter_mutex_acquire(&stores->mutex);
    chunk = stores->spare;
    if (chunk != NULL) {
        stores->spare = chunk->next;
        stores->spare_count--;
    }
    ter_mutex_release(&stores->mutex);
    if (chunk == NULL &&
        ter_os_allocate_named(store_chunk_bytes(), "terrier:stores", &memory) == TER_OK)
        chunk = memory;
    if (chunk != NULL)
        chunk->count = 0;
    return chunk;
}

void ter_stores_hand_over(struct ter_mutator *mutator)
{
    struct ter_stores *stores = &mutator->allocator->stores;
    struct ter_store_chunk *chunk = mutator->stores;

    if (chunk == NULL)
        return;
    mutator->stores = NULL;
    ter_mutex_acquire(&stores->mutex);
    chunk->next = stores->full;
    stores->full = chunk;
    ter_mutex_release(&stores->mutex);
}

/* A chunk with room for one entry of any form; NULL: there is no memory. */
static struct ter_store_chunk *store_chunk_of(struct ter_mutator *mutator)
{
    if (mutator->stores != NULL && mutator->stores->count + 2 <= ENTRIES)
        return mutator->stores;
    ter_stores_hand_over(mutator);
    mutator->stores = take_store_chunk(&mutator->allocator->stores);
    return mutator->stores;
}

void ter_stores_log(struct ter_mutator *mutator, uintptr_t address, unsigned form, uintptr_t end)
{
    TER_KEEP_ERRNO;
    struct ter_store_chunk *chunk = store_chunk_of(mutator);

    if (chunk == NULL) {
        ter_stores_lose(&mutator->allocator->stores);
        return;
    }
    add_entry(chunk, &(struct store_entry){address, form, end});
}

void ter_stores_log_born_old(struct ter_mutator *mutator, uintptr_t object)
{
    ter_stores_log(mutator, object, TER_STORE_OBJECT, 0);
}

void ter_stores_log_run(struct ter_mutator *mutator, const struct ter_cell_run *run)
{
    if (run->cursor < run->limit)
        ter_stores_log(mutator, run->cursor, TER_STORE_RUN, run->limit);
}

/* ---- By the collector ---- */

void ter_stores_take(struct ter_stores *stores)
{
    TER_CHECK(stores->taken == NULL);
    stores->taken = stores->full;
    stores->full = NULL;
    atomic_store_explicit(&stores->lost, false, memory_order_relaxed);
}

size_t ter_stores_count_taken(const struct ter_stores *stores)
{
    size_t count = 0;

    for (const struct ter_store_chunk *chunk = stores->taken; chunk != NULL; chunk = chunk->next)
        count += chunk->count;
    return count;
}

void ter_stores_visit_taken(const struct ter_stores *stores, ter_store_visitor *visit,
                            void *context)
{
    const struct ter_store_chunk *chunk = stores->taken;

    for (; chunk != NULL; chunk = chunk->next)
        for (size_t i = 0; i < chunk->count;) {
            struct store_entry entry = next_entry(chunk, &i);

            visit(context, entry.address, entry.form, entry.end);
        }
}

void ter_stores_sift_taken(struct ter_stores *stores, ter_store_test *stays, void *context)
{
    struct ter_store_chunk *chunk = stores->taken;

    for (; chunk != NULL; chunk = chunk->next) {
        size_t count = chunk->count;

        chunk->count = 0;
        for (size_t i = 0; i < count;) {
            struct store_entry entry = next_entry(chunk, &i);

            if (stays(context, entry.address, entry.form))
                add_entry(chunk, &entry);
        }
    }
}

void ter_stores_keep(struct ter_stores *stores, uintptr_t object)
{
    struct ter_store_chunk *chunk = stores->full;

    if (chunk == NULL || chunk->count + 2 > ENTRIES) {
        chunk = take_store_chunk(stores);
        if (chunk == NULL) {
            ter_stores_lose(stores);
            return;
        }
        chunk->next = stores->full;
        stores->full = chunk;
    }
    chunk->entries[chunk->count++] = object | TER_STORE_OBJECT;
}

void ter_stores_forget_taken(struct ter_stores *stores)
{
    while (stores->taken != NULL) {
        struct ter_store_chunk *chunk = stores->taken;

        stores->taken = chunk->next;
        if (stores->spare_count == MOST_SPARE) {
            ter_os_retire((uintptr_t)chunk, store_chunk_bytes());
            continue;
        }
        chunk->next = stores->spare;
        stores->spare = chunk;
        stores->spare_count++;
    }
}
