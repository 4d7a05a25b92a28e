/* SPDX-License-Identifier: MIT */
/*
 * A hash table of fixed-size records keyed by an address that is not 0, in memory that no collector
 * scans, so that what it names is not kept by it.
 *
 * Invariant: open addressing with linear probing; a record lies at or after its home bucket with no
 * empty bucket between (Knuth, vol. 3, 6.4, algorithm R for deletion). Every record begins with its
 * key. Under the heap lock.
 */
#pragma once

#include "layout/layout.h"
#include "os/os.h"

/* Most words of a record. */
#define TER_WEAK_RECORD_WORDS 8u

struct ter_weak_table {
    unsigned char *records;
    size_t record_bytes;
    size_t capacity; /* a power of two, or 0 */
    size_t count;    /* changed under the lock, read by anyone: see ter_weak_table_is_empty */
};

void ter_weak_table_init(struct ter_weak_table *table, size_t record_bytes);
void ter_weak_table_fini(struct ter_weak_table *table);

/* The record of that key, or NULL. Valid until the table changes. */
void *ter_weak_table_find(const struct ter_weak_table *table, uintptr_t key);
/* The record of that key, made with zeros behind the key if there was none; NULL: no memory. */
void *ter_weak_table_insert(struct ter_weak_table *table, uintptr_t key);
/* Makes an empty table as large as `other`; false: no memory, and it is as it was. */
bool ter_weak_table_match(struct ter_weak_table *table, const struct ter_weak_table *other);
void ter_weak_table_clear(struct ter_weak_table *table);
/* True when there was one. */
bool ter_weak_table_remove(struct ter_weak_table *table, uintptr_t key);

/*
 * Each record gets the key that `now_at` says for its own, which no other record gets. All are
 * even. Needs no memory.
 */
void ter_weak_table_rekey(struct ter_weak_table *table,
                          uintptr_t (*now_at)(void *context, uintptr_t key), void *context);

/*
 * Without the lock: a record that the calling thread knows to be in it, and that nobody takes out
 * meanwhile, is seen.
 */
TER_INLINE bool ter_weak_table_is_empty(const struct ter_weak_table *table)
{
    return __atomic_load_n(&table->count, __ATOMIC_RELAXED) == 0;
}

/* Bucket by bucket: the record in it or NULL. No insertion or removal in between. */
void *ter_weak_table_at(const struct ter_weak_table *table, size_t bucket);
