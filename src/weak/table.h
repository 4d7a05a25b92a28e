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

#include "weak/list.h"

/* Most words of a record. */
#define TER_WEAK_RECORD_WORDS 8u

/*
 * Which records came since the last collection, or were asked for by an insertion, which may change
 * them: those alone can have to do with young objects. Keys without a record are passed over.
 */
struct ter_weak_recent {
    struct ter_weak_list keys;
    bool watched; /* else nothing is noted, and all count as recent */
    bool all;     /* more than it would pay to note, or there was no memory: all are */
    bool single;  /* no key is there twice */
};

struct ter_weak_table {
    unsigned char *records;
    size_t record_bytes;
    size_t capacity; /* a power of two, or 0 */
    size_t count;    /* changed under the lock, read by anyone: see ter_weak_table_is_empty */
    struct ter_weak_recent recent;
};

void ter_weak_table_init(struct ter_weak_table *table, size_t record_bytes);
void ter_weak_table_fini(struct ter_weak_table *table);

/* The record of that key, or NULL. Valid until the table changes. */
void *ter_weak_table_find(const struct ter_weak_table *table, uintptr_t key);
/* The record of that key, made with zeros behind the key if there was none; NULL: no memory. */
void *ter_weak_table_insert(struct ter_weak_table *table, uintptr_t key);
/* The same, of a key that is not there, for who walks: it does not become recent by that. */
void *ter_weak_table_add(struct ter_weak_table *table, uintptr_t key);
/* Makes an empty table as large as `other`; false: no memory, and it is as it was. */
bool ter_weak_table_match(struct ter_weak_table *table, const struct ter_weak_table *other);
void ter_weak_table_clear(struct ter_weak_table *table);
/* True when there was one. */
bool ter_weak_table_remove(struct ter_weak_table *table, uintptr_t key);

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

/* From now on it is noted which records are recent: odd keys are not allowed then. */
void ter_weak_table_watch(struct ter_weak_table *table);
/* Nothing is recent any more. */
void ter_weak_table_settle(struct ter_weak_table *table);
