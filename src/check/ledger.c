/* SPDX-License-Identifier: MIT */
#include "check/check.h"

/* Collections after which the gone are forgotten. */
#define REMEMBERED 1000u

void ter_ledger_init(struct ter_ledger *ledger)
{
    *ledger = (struct ter_ledger){0};
    ter_weak_table_init(&ledger->table, sizeof(struct ter_origin));
    ter_weak_table_init(&ledger->other, sizeof(struct ter_origin));
}

void ter_ledger_fini(struct ter_ledger *ledger)
{
    ter_weak_table_fini(&ledger->table);
    ter_weak_table_fini(&ledger->other);
}

static struct ter_origin *enter(struct ter_weak_table *table, const struct ter_origin *origin)
{
    struct ter_origin *record = ter_weak_table_insert(table, origin->object);

    if (record != NULL)
        *record = *origin;
    return record;
}

void ter_ledger_add(struct ter_ledger *ledger, const struct ter_origin *origin)
{
    struct ter_origin *record = enter(&ledger->table, origin);

    ledger->count++;
    if (record != NULL)
        record->number = ledger->count;
}

const struct ter_origin *ter_ledger_find(const struct ter_ledger *ledger, uintptr_t address)
{
    return address == 0 ? NULL : ter_weak_table_find(&ledger->table, address);
}

void ter_ledger_freed(struct ter_ledger *ledger, uintptr_t object, uint32_t collection)
{
    struct ter_origin *record = object == 0 ? NULL : ter_weak_table_find(&ledger->table, object);

    if (record == NULL)
        return;
    record->fate = TER_FATE_FREED;
    record->collection = collection;
}

/* ---- Before a collection ---- */

struct ledger_refresh {
    struct ter_ledger *ledger;
    const struct ter_collector *collector;
};

/* Cells that a mutator may still hand out are none yet. */
static void refresh_object(void *context, uintptr_t object, size_t bytes,
                           const struct ter_kind *kind)
{
    const struct ledger_refresh *refresh = context;
    struct ter_origin *record;

    if (!ter_collector_is_object(refresh->collector, object))
        return;
    record = ter_weak_table_insert(&refresh->ledger->table, object);
    if (record == NULL)
        return;
    if (record->fate != TER_FATE_ALIVE)
        *record = (struct ter_origin){.object = object};
    record->given = bytes;
    record->kind = (uint8_t)(kind - refresh->collector->allocator.kinds);
}

/* What went by ways that nobody told of, such as after its dispose function. */
static void refresh_gone(struct ter_origin *record, const struct ter_collector *collector)
{
    if (record->fate != TER_FATE_ALIVE || ter_collector_is_object(collector, record->object))
        return;
    record->fate = TER_FATE_COLLECTED;
    record->collection = (uint32_t)collector->collections;
}

void ter_ledger_refresh(struct ter_ledger *ledger, struct ter_collector *collector)
{
    struct ledger_refresh refresh = {ledger, collector};

    for (size_t bucket = 0; bucket < ledger->table.capacity; bucket++) {
        struct ter_origin *record = ter_weak_table_at(&ledger->table, bucket);

        if (record != NULL)
            refresh_gone(record, collector);
    }
    ter_collector_visit_objects(collector, refresh_object, &refresh);
}

/* ---- In a collection ---- */

static uintptr_t address_now(const struct ter_collector *collector, uintptr_t object)
{
    const struct ter_sft *owner = ter_collector_owner(collector, object);
    ter_object moved = owner->forwarded_object(owner, ter_object_at(object));

    return ter_object_is_none(moved) ? object : moved.bits;
}

/* The record as it is from now on. */
static struct ter_origin follow_one(const struct ter_origin *record,
                                    const struct ter_collector *collector, uint32_t collection)
{
    struct ter_origin now = *record;

    if (record->fate != TER_FATE_ALIVE)
        return now;
    now.now_at = address_now(collector, record->object);
    if (now.now_at != record->object)
        now.fate = TER_FATE_LEFT;
    else if (!ter_collector_is_reached(collector, record->object))
        now.fate = TER_FATE_COLLECTED;
    now.collection = collection;
    return now;
}

static void keep_gone(struct ter_ledger *ledger, const struct ter_origin *record,
                      uint32_t collection)
{
    if (record->fate != TER_FATE_ALIVE && collection - record->collection < REMEMBERED)
        enter(&ledger->other, record);
}

/* Where it is; whatever was there before is of no interest any more. */
static void keep_alive(struct ter_ledger *ledger, const struct ter_origin *record)
{
    struct ter_origin alive = *record;

    if (record->fate != TER_FATE_ALIVE && record->fate != TER_FATE_LEFT)
        return;
    alive.object = record->now_at;
    alive.fate = TER_FATE_ALIVE;
    alive.now_at = 0;
    alive.collection = 0;
    enter(&ledger->other, &alive);
}

void ter_ledger_follow(struct ter_ledger *ledger, const struct ter_collector *collector,
                       uint32_t collection)
{
    struct ter_weak_table before = ledger->table;

    for (unsigned alive = 0; alive < 2; alive++)
        for (size_t bucket = 0; bucket < before.capacity; bucket++) {
            const struct ter_origin *record = ter_weak_table_at(&before, bucket);
            struct ter_origin now;

            if (record == NULL)
                continue;
            now = follow_one(record, collector, collection);
            if (alive == 0)
                keep_gone(ledger, &now, collection);
            else if (record->fate == TER_FATE_ALIVE)
                keep_alive(ledger, &now);
        }
    ter_weak_table_clear(&before);
    ledger->table = ledger->other;
    ledger->other = before;
}
