/* SPDX-License-Identifier: MIT */
#include "weak/weak.h"

#include <string.h>

#define MET ((uintptr_t)1) /* a bit that no key has, and that its home does not depend on */

/* ---- What is recent ---- */

static uintptr_t *recent_key(const struct ter_weak_table *table, size_t index)
{
    return ter_weak_list_at(&table->recent.keys, index);
}

static void forget_met(const struct ter_weak_table *table)
{
    for (size_t i = 0; i < table->recent.keys.count; i++) {
        uintptr_t *record = ter_weak_table_find(table, *recent_key(table, i) | MET);

        if (record != NULL)
            *record &= ~MET;
    }
}

/* What was taken out, and what is there already, goes from the list. */
static void make_single(struct ter_weak_table *table)
{
    struct ter_weak_recent *recent = &table->recent;
    size_t kept = 0;

    if (recent->single)
        return;
    for (size_t i = 0; i < recent->keys.count; i++) {
        uintptr_t key = *recent_key(table, i), *record = ter_weak_table_find(table, key);

        if (record == NULL)
            continue;
        *record |= MET;
        *recent_key(table, kept++) = key;
    }
    recent->keys.count = kept;
    forget_met(table);
    recent->single = true;
}

/* Does the pass go by the list? */
static bool by_list(struct ter_weak_table *table, bool recent)
{
    if (!recent || !table->recent.watched || table->recent.all)
        return false;
    make_single(table);
    return true;
}

/* ---- Walking ---- */

static void walk_all_records(const struct ter_weak_table *table, ter_weak_record_step *step,
                             void *context)
{
    for (size_t bucket = 0; bucket < table->capacity; bucket++) {
        void *record = ter_weak_table_at(table, bucket);

        if (record != NULL)
            step(record, context);
    }
}

static void walk_recent_records(const struct ter_weak_table *table, ter_weak_record_step *step,
                                void *context)
{
    for (size_t i = 0; i < table->recent.keys.count; i++) {
        void *record = ter_weak_table_find(table, *recent_key(table, i));

        if (record != NULL)
            step(record, context);
    }
}

void ter_weak_table_walk(struct ter_weak_table *table, bool recent, ter_weak_record_step *step,
                         void *context)
{
    if (ter_weak_table_is_empty(table))
        return;
    if (by_list(table, recent))
        walk_recent_records(table, step, context);
    else
        walk_all_records(table, step, context);
}

/* ---- Sifting ---- */

/* Removing shifts later records back, so a bucket is looked at until it holds nothing to remove. */
static void sift_all(struct ter_weak_table *table, ter_weak_record_test *goes, void *context)
{
    size_t bucket = 0;

    while (bucket < table->capacity) {
        uintptr_t *record = ter_weak_table_at(table, bucket);

        if (record != NULL && goes(record, context))
            ter_weak_table_remove(table, *record);
        else
            bucket++;
    }
}

static void sift_recent(struct ter_weak_table *table, ter_weak_record_test *goes, void *context)
{
    for (size_t i = 0; i < table->recent.keys.count; i++) {
        uintptr_t *record = ter_weak_table_find(table, *recent_key(table, i));

        if (record != NULL && goes(record, context))
            ter_weak_table_remove(table, *record);
    }
}

void ter_weak_table_sift(struct ter_weak_table *table, bool recent, ter_weak_record_test *goes,
                         void *context)
{
    if (ter_weak_table_is_empty(table))
        return;
    if (by_list(table, recent))
        sift_recent(table, goes, context);
    else
        sift_all(table, goes, context);
}

/* ---- New keys ---- */

/* Out with the old one first: then there is room for the new one. */
static void change_key(struct ter_weak_table *table, const void *record, uintptr_t key)
{
    uintptr_t copy[TER_WEAK_RECORD_WORDS];
    uintptr_t *moved;

    memcpy(copy, record, table->record_bytes);
    ter_weak_table_remove(table, copy[0]);
    moved = ter_weak_table_add(table, key);
    TER_CHECK(moved != NULL);
    memcpy(moved + 1, copy + 1, table->record_bytes - sizeof(uintptr_t));
}

/*
 * A new key may be the old one of a record that is still to get another: so new ones are marked
 * until all are there.
 */
static void rekey_record(struct ter_weak_table *table, uintptr_t *record, uintptr_t key)
{
    if (key == *record)
        *record |= MET;
    else
        change_key(table, record, key | MET);
}

/* Taking a record out shifts later ones back, so a bucket is looked at until what it holds is new.
 */
static void rekey_all(struct ter_weak_table *table,
                      uintptr_t (*now_at)(void *context, uintptr_t key), void *context)
{
    size_t bucket = 0;
    uintptr_t *record;

    while (bucket < table->capacity) {
        record = ter_weak_table_at(table, bucket);
        if (record == NULL || (*record & MET) != 0)
            bucket++;
        else
            rekey_record(table, record, now_at(context, *record));
    }
    for (bucket = 0; bucket < table->capacity; bucket++) {
        record = ter_weak_table_at(table, bucket);
        if (record != NULL)
            *record &= ~MET;
    }
}

/* The key of what was taken out may become that of another: it goes from the list. */
static void rekey_recent(struct ter_weak_table *table,
                         uintptr_t (*now_at)(void *context, uintptr_t key), void *context)
{
    size_t kept = 0;

    for (size_t i = 0; i < table->recent.keys.count; i++) {
        uintptr_t key = *recent_key(table, i), *record = ter_weak_table_find(table, key);

        if (record == NULL)
            continue;
        key = now_at(context, key);
        rekey_record(table, record, key);
        *recent_key(table, kept++) = key;
    }
    table->recent.keys.count = kept;
    forget_met(table);
}

void ter_weak_table_rekey(struct ter_weak_table *table, bool recent,
                          uintptr_t (*now_at)(void *context, uintptr_t key), void *context)
{
    if (ter_weak_table_is_empty(table))
        return;
    if (by_list(table, recent))
        rekey_recent(table, now_at, context);
    else
        rekey_all(table, now_at, context);
}
