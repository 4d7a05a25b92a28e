/* SPDX-License-Identifier: MIT */
#include "weak/weak.h"

#include <string.h>

void ter_weak_table_init(struct ter_weak_table *table, size_t record_bytes)
{
    TER_CHECK(record_bytes >= sizeof(uintptr_t));
    *table = (struct ter_weak_table){.record_bytes = record_bytes};
}

static size_t bytes_for(const struct ter_weak_table *table, size_t capacity)
{
    return ter_align_up(capacity * table->record_bytes, ter_os_page_size());
}

void ter_weak_table_fini(struct ter_weak_table *table)
{
    if (table->capacity != 0)
        ter_os_release((uintptr_t)table->records, bytes_for(table, table->capacity));
    ter_weak_table_init(table, table->record_bytes);
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

void *ter_weak_table_insert(struct ter_weak_table *table, uintptr_t key)
{
    uintptr_t *record = ter_weak_table_find(table, key);

    TER_CHECK(key != 0);
    if (record != NULL)
        return record;
    /* At most three quarters full. */
    if ((table->count + 1) * 4 > table->capacity * 3 && !grow_table(table))
        return NULL;
    record = bucket_record(table, probe(table, key));
    memset(record, 0, table->record_bytes);
    *record = key;
    __atomic_store_n(&table->count, table->count + 1, __ATOMIC_RELAXED);
    return record;
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

/* Out with the old one first: then there is room for the new one. */
static void change_key(struct ter_weak_table *table, const void *record, uintptr_t key)
{
    uintptr_t copy[TER_WEAK_RECORD_WORDS];
    uintptr_t *moved;

    memcpy(copy, record, table->record_bytes);
    ter_weak_table_remove(table, copy[0]);
    moved = ter_weak_table_insert(table, key);
    TER_CHECK(moved != NULL);
    memcpy(moved + 1, copy + 1, table->record_bytes - sizeof(uintptr_t));
}

#define REKEYED ((uintptr_t)1) /* a bit that no key has, and that its home does not depend on */

/*
 * A new key may be the old one of a record that is still to get another: so new ones are marked
 * until all are there. Taking a record out shifts later ones back, so a bucket is looked at until
 * what it holds is new.
 */
void ter_weak_table_rekey(struct ter_weak_table *table,
                          uintptr_t (*now_at)(void *context, uintptr_t key), void *context)
{
    size_t bucket = 0;

    while (bucket < table->capacity) {
        uintptr_t *record = ter_weak_table_at(table, bucket), key;

        if (record == NULL || (*record & REKEYED) != 0) {
            bucket++;
            continue;
        }
        key = now_at(context, *record);
        if (key == *record)
            *record |= REKEYED;
        else
            change_key(table, record, key | REKEYED);
    }
    for (bucket = 0; bucket < table->capacity; bucket++)
        *(uintptr_t *)bucket_record(table, bucket) &= ~REKEYED;
}
