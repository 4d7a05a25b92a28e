/* SPDX-License-Identifier: MIT */
#include "weak/weak.h"

#include <string.h>

void ter_weak_table_init(struct ter_weak_table *table, size_t record_bytes)
{
    TER_CHECK(record_bytes >= sizeof(uintptr_t));
    *table = (struct ter_weak_table){.record_bytes = record_bytes};
    ter_weak_list_init(&table->recent.keys, sizeof(uintptr_t));
}

static size_t bytes_for(const struct ter_weak_table *table, size_t capacity)
{
    return ter_align_up(capacity * table->record_bytes, ter_os_page_size());
}

void ter_weak_table_fini(struct ter_weak_table *table)
{
    bool watched = table->recent.watched;

    if (table->capacity != 0)
        ter_os_release((uintptr_t)table->records, bytes_for(table, table->capacity));
    ter_weak_list_fini(&table->recent.keys);
    ter_weak_table_init(table, table->record_bytes);
    table->recent.watched = watched;
}

static void *bucket_record(const struct ter_weak_table *table, size_t bucket)
{
    return table->records + bucket * table->record_bytes;
}

static uintptr_t bucket_key(const struct ter_weak_table *table, size_t bucket)
{
    return *(const uintptr_t *)bucket_record(table, bucket);
}

static size_t home_of(const struct ter_weak_table *table, uintptr_t key)
{
    uint64_t hash = ter_spread(key >> 3);

    return (size_t)(hash >> 32) & (table->capacity - 1);
}

/* The bucket of the key, or the empty bucket where it would go. */
static size_t probe(const struct ter_weak_table *table, uintptr_t key)
{
    size_t bucket = home_of(table, key);

    while (bucket_key(table, bucket) != 0 && bucket_key(table, bucket) != key)
        bucket = (bucket + 1) & (table->capacity - 1);
    return bucket;
}

void *ter_weak_table_find(const struct ter_weak_table *table, uintptr_t key)
{
    size_t bucket;

    if (table->count == 0)
        return NULL;
    bucket = probe(table, key);
    return bucket_key(table, bucket) == key ? bucket_record(table, bucket) : NULL;
}

static bool grow_table(struct ter_weak_table *table)
{
    struct ter_weak_table old = *table;
    size_t capacity = old.capacity == 0 ? 64 : old.capacity * 2;
    void *memory;

    if (ter_os_allocate(bytes_for(table, capacity), &memory) != TER_OK)
        return false;
    table->records = memory;
    table->capacity = capacity;
    for (size_t bucket = 0; bucket < old.capacity; bucket++)
        if (bucket_key(&old, bucket) != 0)
            memcpy(bucket_record(table, probe(table, bucket_key(&old, bucket))),
                   bucket_record(&old, bucket), table->record_bytes);
    if (old.capacity != 0)
        ter_os_release((uintptr_t)old.records, bytes_for(&old, old.capacity));
    return true;
}

bool ter_weak_table_match(struct ter_weak_table *table, const struct ter_weak_table *other)
{
    void *memory;

    TER_CHECK(table->count == 0 && table->record_bytes == other->record_bytes);
    if (table->capacity == other->capacity)
        return true;
    if (ter_os_allocate(bytes_for(other, other->capacity), &memory) != TER_OK)
        return false;
    ter_weak_table_fini(table);
    table->records = memory;
    table->capacity = other->capacity;
    return true;
}

void ter_weak_table_clear(struct ter_weak_table *table)
{
    if (table->capacity != 0)
        memset(table->records, 0, table->capacity * table->record_bytes);
    __atomic_store_n(&table->count, 0, __ATOMIC_RELAXED);
}

void *ter_weak_table_add(struct ter_weak_table *table, uintptr_t key)
{
    uintptr_t *record;

    /* At most three quarters full. */
    if ((table->count + 1) * 4 > table->capacity * 3 && !grow_table(table))
        return NULL;
    record = bucket_record(table, probe(table, key));
    memset(record, 0, table->record_bytes);
    *record = key;
    __atomic_store_n(&table->count, table->count + 1, __ATOMIC_RELAXED);
    return record;
}

/* To go through more keys than there are buckets would be more work than to go through those. */
static void note_recent(struct ter_weak_table *table, uintptr_t key)
{
    struct ter_weak_recent *recent = &table->recent;
    uintptr_t *place;

    if (!recent->watched || recent->all)
        return;
    recent->single = false;
    place = recent->keys.count < table->capacity ? ter_weak_list_add(&recent->keys) : NULL;
    if (place == NULL)
        recent->all = true;
    else
        *place = key;
}

void *ter_weak_table_insert(struct ter_weak_table *table, uintptr_t key)
{
    void *record = ter_weak_table_find(table, key);

    TER_CHECK(key != 0);
    if (record == NULL)
        record = ter_weak_table_add(table, key);
    if (record != NULL)
        note_recent(table, key);
    return record;
}

void ter_weak_table_watch(struct ter_weak_table *table)
{
    table->recent.watched = true;
    table->recent.all = table->count != 0;
}

void ter_weak_table_settle(struct ter_weak_table *table)
{
    table->recent.keys.count = 0;
    table->recent.all = false;
    table->recent.single = true;
}

bool ter_weak_table_remove(struct ter_weak_table *table, uintptr_t key)
{
    size_t mask = table->capacity - 1;
    size_t hole, bucket;

    if (ter_weak_table_find(table, key) == NULL)
        return false;
    hole = probe(table, key);
    for (bucket = (hole + 1) & mask; bucket_key(table, bucket) != 0; bucket = (bucket + 1) & mask) {
        size_t home = home_of(table, bucket_key(table, bucket));

        /* Does the record's home lie cyclically outside (hole, bucket]? Then it may move back. */
        if (((bucket - home) & mask) >= ((bucket - hole) & mask)) {
            memcpy(bucket_record(table, hole), bucket_record(table, bucket), table->record_bytes);
            hole = bucket;
        }
    }
    memset(bucket_record(table, hole), 0, table->record_bytes);
    __atomic_store_n(&table->count, table->count - 1, __ATOMIC_RELAXED);
    return true;
}

void *ter_weak_table_at(const struct ter_weak_table *table, size_t bucket)
{
    return bucket_key(table, bucket) == 0 ? NULL : bucket_record(table, bucket);
}
