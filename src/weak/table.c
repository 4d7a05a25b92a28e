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

static void *slot_record(const struct ter_weak_table *table, size_t slot)
{
    return table->records + slot * table->record_bytes;
}

static uintptr_t slot_key(const struct ter_weak_table *table, size_t slot)
{
    return *(const uintptr_t *)slot_record(table, slot);
}

static size_t home_of(const struct ter_weak_table *table, uintptr_t key)
{
    uint64_t hash = (uint64_t)(key >> 3) * UINT64_C(0x9e3779b97f4a7c15);

    return (size_t)(hash >> 32) & (table->capacity - 1);
}

/* The slot of the key, or the empty slot where it would go. */
static size_t probe(const struct ter_weak_table *table, uintptr_t key)
{
    size_t slot = home_of(table, key);

    while (slot_key(table, slot) != 0 && slot_key(table, slot) != key)
        slot = (slot + 1) & (table->capacity - 1);
    return slot;
}

void *ter_weak_table_find(const struct ter_weak_table *table, uintptr_t key)
{
    size_t slot;

    if (table->count == 0)
        return NULL;
    slot = probe(table, key);
    return slot_key(table, slot) == key ? slot_record(table, slot) : NULL;
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
    for (size_t slot = 0; slot < old.capacity; slot++)
        if (slot_key(&old, slot) != 0)
            memcpy(slot_record(table, probe(table, slot_key(&old, slot))), slot_record(&old, slot),
                   table->record_bytes);
    if (old.capacity != 0)
        ter_os_release((uintptr_t)old.records, bytes_for(&old, old.capacity));
    return true;
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
    record = slot_record(table, probe(table, key));
    memset(record, 0, table->record_bytes);
    *record = key;
    __atomic_store_n(&table->count, table->count + 1, __ATOMIC_RELAXED);
    return record;
}

bool ter_weak_table_remove(struct ter_weak_table *table, uintptr_t key)
{
    size_t mask = table->capacity - 1;
    size_t hole, slot;

    if (ter_weak_table_find(table, key) == NULL)
        return false;
    hole = probe(table, key);
    for (slot = (hole + 1) & mask; slot_key(table, slot) != 0; slot = (slot + 1) & mask) {
        size_t home = home_of(table, slot_key(table, slot));

        /* Does the record's home lie cyclically outside (hole, slot]? Then it may move back. */
        if (((slot - home) & mask) >= ((slot - hole) & mask)) {
            memcpy(slot_record(table, hole), slot_record(table, slot), table->record_bytes);
            hole = slot;
        }
    }
    memset(slot_record(table, hole), 0, table->record_bytes);
    __atomic_store_n(&table->count, table->count - 1, __ATOMIC_RELAXED);
    return true;
}

void *ter_weak_table_at(const struct ter_weak_table *table, size_t slot)
{
    return slot_key(table, slot) == 0 ? NULL : slot_record(table, slot);
}
