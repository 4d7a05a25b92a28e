/* SPDX-License-Identifier: MIT */
/*
 * The design that the map grew from, MMTk's, in C: an entry is 16 bytes, a record and the table of
 * its functions, loaded at once; the map is reached through a table of functions.
 *
 *   space map    folds the address space onto 32 entries; no range test
 *   dense map    asks first whether the side metadata of the chunk is mapped; that is a look into a
 *                hash table, and takes a mutex for what is not in it
 *   sparse map   range test as a branch; the table begins at address 0 and is filled eagerly
 *
 * A vector load of 16 bytes is atomic on the processors that have AVX. The original finds out at
 * run time what the processor has and goes through a pointer; that is left out here.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { FOLDED_ENTRIES = 32, LOG_SLAB_CHUNKS = 8, LOG_SLABS = 10, MAPPED = 2 };

/* A vector, so that it is loaded and stored at once. */
typedef uintptr_t entry __attribute__((vector_size(2 * sizeof(uintptr_t))));

struct slab {
    uintptr_t base; /* 0: free */
    uint8_t *states;
};

struct before_table {
    entry empty;
    entry *entries;
    size_t entry_bytes;
    uintptr_t count;
    unsigned log_slot_bytes;
    uintptr_t fold;
    /* Of a dense map. */
    uint8_t *index;
    size_t index_bytes;
    struct slab slabs[1 << LOG_SLABS];
    uint8_t states[1 << LOG_SLAB_CHUNKS];
    pthread_mutex_t lock;
    struct before_functions functions[MAX_SPACES + 1];
};

static struct before_answer load_entry(const entry *place)
{
    entry both = *(const volatile entry *)place;

    return (struct before_answer){(const struct ter_sft *)both[0],
                                  (const struct before_functions *)both[1]};
}

static struct before_answer space_get(const struct before_map *map, uintptr_t word)
{
    const struct before_table *table = map->table;

    return load_entry(&table->entries[(word & table->fold) >> table->log_slot_bytes]);
}

/* ---- Dense ---- */

static unsigned slab_hash(uintptr_t address)
{
    uintptr_t rest = address >> (TER_SFT_LOG_BYTES_IN_CHUNK + LOG_SLAB_CHUNKS), hash = 0;

    for (; rest != 0; rest >>= LOG_SLABS)
        hash ^= rest & ((1 << LOG_SLABS) - 1);
    return (unsigned)hash;
}

static const uint8_t *slab_of(struct before_table *table, uintptr_t address)
{
    uintptr_t base = address >> (TER_SFT_LOG_BYTES_IN_CHUNK + LOG_SLAB_CHUNKS)
                                    << (TER_SFT_LOG_BYTES_IN_CHUNK + LOG_SLAB_CHUNKS);
    unsigned hash = slab_hash(address);

    for (;; hash = (hash + 1) % (1 << LOG_SLABS)) {
        const struct slab *slab = &table->slabs[hash];
        bool is_free;

        if (__atomic_load_n(&slab->base, __ATOMIC_RELAXED) == base)
            return slab->states;
        pthread_mutex_lock(&table->lock);
        is_free = slab->base == 0;
        pthread_mutex_unlock(&table->lock);
        if (is_free)
            return NULL;
    }
}

static bool is_index_mapped(struct before_table *table, uintptr_t word)
{
    uintptr_t address = (uintptr_t)table->index + (word >> TER_SFT_LOG_BYTES_IN_CHUNK);
    const uint8_t *states = slab_of(table, address);
    size_t chunk = (address >> TER_SFT_LOG_BYTES_IN_CHUNK) % (1 << LOG_SLAB_CHUNKS);

    return states != NULL && __atomic_load_n(&states[chunk], __ATOMIC_RELAXED) == MAPPED;
}

static struct before_answer dense_get(const struct before_map *map, uintptr_t word)
{
    struct before_table *table = map->table;
    uint8_t number;

    if (!is_index_mapped(table, word))
        return load_entry(&table->empty);
    number = __atomic_load_n(&table->index[word >> TER_SFT_LOG_BYTES_IN_CHUNK], __ATOMIC_RELAXED);
    if (number >= table->count)
        return load_entry(&table->empty);
    number = __atomic_load_n(&table->index[word >> TER_SFT_LOG_BYTES_IN_CHUNK], __ATOMIC_RELAXED);
    return load_entry(&table->entries[number]);
}

static struct before_answer sparse_get(const struct before_map *map, uintptr_t word)
{
    const struct before_table *table = map->table;
    uintptr_t chunk = word >> TER_SFT_LOG_BYTES_IN_CHUNK;

    if (chunk >= table->count)
        return load_entry(&table->empty);
    return load_entry(&table->entries[chunk]);
}

/* ---- Life ---- */

static bool in_no_space(const struct ter_sft *space, uintptr_t word)
{
    (void)space, (void)word;
    return false;
}

static void *map_memory(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        stop("no memory for the design before");
    return memory;
}

static void fill_dense(struct before_table *table, uintptr_t start, uintptr_t bytes,
                       const uint8_t *owner_of, const entry *spaces)
{
    uintptr_t first = start >> TER_SFT_LOG_BYTES_IN_CHUNK;
    uintptr_t address, slab;

    table->index_bytes = (size_t)1 << 25;
    table->index = map_memory(table->index_bytes);
    for (uintptr_t i = 0; i < bytes >> TER_SFT_LOG_BYTES_IN_CHUNK; i++) {
        table->index[first + i] = (uint8_t)(owner_of[i] + 1);
        address = (uintptr_t)&table->index[first + i];
        table->states[(address >> TER_SFT_LOG_BYTES_IN_CHUNK) % (1 << LOG_SLAB_CHUNKS)] = MAPPED;
    }
    /* The index may lie in two slabs; they share their states, which are told apart by chunk. */
    for (address = (uintptr_t)table->index;; address += TER_SFT_BYTES_IN_CHUNK) {
        slab = address >> (TER_SFT_LOG_BYTES_IN_CHUNK + LOG_SLAB_CHUNKS);
        table->slabs[slab_hash(address)].base = slab
                                                << (TER_SFT_LOG_BYTES_IN_CHUNK + LOG_SLAB_CHUNKS);
        table->slabs[slab_hash(address)].states = table->states;
        if (address - (uintptr_t)table->index >= table->index_bytes)
            break;
    }
    memcpy(table->entries, spaces, (MAX_SPACES + 1) * sizeof *spaces);
}

static struct before_answer (*const get_of[])(const struct before_map *,
                                              uintptr_t) = {space_get, dense_get, sparse_get};
static struct before_operations operations_of[3];

bool before_create(struct before_map *map, enum ter_sft_map_kind kind, uintptr_t start,
                   uintptr_t bytes, unsigned log_slot_bytes, struct ter_sft *const *records,
                   const uint8_t *owner_of)
{
    struct before_table *table = aligned_alloc(64, (sizeof *table + 63) / 64 * 64);
    entry spaces[MAX_SPACES + 1];
    uintptr_t first = start >> TER_SFT_LOG_BYTES_IN_CHUNK;
    uintptr_t chunks = bytes >> TER_SFT_LOG_BYTES_IN_CHUNK;

    if (table == NULL)
        return false;
    memset(table, 0, sizeof *table);
    pthread_mutex_init(&table->lock, NULL);
    table->functions[0].is_in_space = in_no_space;
    spaces[0] = (entry){(uintptr_t)table, (uintptr_t)&table->functions[0]};
    for (unsigned i = 0; i < MAX_SPACES; i++) {
        const struct ter_sft *record = records[i] != NULL ? records[i] : records[0];

        table->functions[i + 1].is_in_space = record->is_in_space;
        spaces[i + 1] = (entry){(uintptr_t)record, (uintptr_t)&table->functions[i + 1]};
    }
    table->empty = spaces[0];
    table->log_slot_bytes = log_slot_bytes;
    table->fold = ((uintptr_t)FOLDED_ENTRIES << log_slot_bytes) - 1;
    table->count = kind == TER_SFT_SPACE_MAP   ? FOLDED_ENTRIES
                   : kind == TER_SFT_DENSE_MAP ? MAX_SPACES + 1
                                               : first + chunks + 1;
    table->entry_bytes = table->count * sizeof(entry);
    table->entries = map_memory(table->entry_bytes);
    for (uintptr_t i = 0; i < table->count; i++)
        table->entries[i] = table->empty;
    for (uintptr_t i = 0; i < chunks; i++) {
        uintptr_t address = start + (i << TER_SFT_LOG_BYTES_IN_CHUNK);

        if (kind == TER_SFT_SPACE_MAP)
            table->entries[(address & table->fold) >> log_slot_bytes] = spaces[owner_of[i] + 1];
        else if (kind == TER_SFT_SPARSE_MAP)
            table->entries[first + i] = spaces[owner_of[i] + 1];
    }
    if (kind == TER_SFT_DENSE_MAP)
        fill_dense(table, start, bytes, owner_of, spaces);
    operations_of[kind].get_checked = get_of[kind];
    *map = (struct before_map){&operations_of[kind], table};
    return true;
}

void before_destroy(struct before_map *map)
{
    struct before_table *table = map->table;

    munmap(table->entries, table->entry_bytes);
    if (table->index != NULL)
        munmap(table->index, table->index_bytes);
    pthread_mutex_destroy(&table->lock);
    free(table);
}
