/* SPDX-License-Identifier: MIT */
#include "weak/weak.h"

struct identity {
    uintptr_t object; /* the key */
    uintptr_t number;
};

void ter_identities_init(struct ter_identities *identities)
{
    ter_weak_table_init(&identities->table, sizeof(struct identity));
    ter_weak_table_init(&identities->other, sizeof(struct identity));
}

void ter_identities_fini(struct ter_identities *identities)
{
    ter_weak_table_fini(&identities->table);
    ter_weak_table_fini(&identities->other);
}

/* Numbers in turn, spread over the word, so that a program may take any of their bits. */
static uintptr_t spread(uintptr_t number)
{
    return (uintptr_t)ter_spread(number) | 1u;
}

uintptr_t ter_identities_of(struct ter_identities *identities, uintptr_t object)
{
    struct identity *identity = ter_weak_table_insert(&identities->table, object);

    if (identity == NULL)
        return 0;
    if (identity->number != 0)
        return identity->number;
    if (!ter_weak_table_match(&identities->other, &identities->table)) {
        (void)ter_weak_table_remove(&identities->table, object);
        return 0;
    }
    identity->number = spread(++identities->given);
    return identity->number;
}

static void keep(struct ter_identities *identities, const struct identity *identity,
                 uintptr_t object)
{
    struct identity *kept = ter_weak_table_insert(&identities->other, object);

    TER_CHECK(kept != NULL);
    kept->number = identity->number;
}

/* What is recent is noted of the one that is asked. */
static void exchange_tables(struct ter_identities *identities)
{
    struct ter_weak_table before = identities->table;

    identities->table = identities->other;
    identities->table.recent = before.recent;
    before.recent = identities->other.recent;
    identities->other = before;
}

static void update_all(struct ter_identities *identities, const struct ter_reach *reach)
{
    const struct ter_weak_table before = identities->table;

    for (size_t bucket = 0; bucket < before.capacity; bucket++) {
        const struct identity *identity = ter_weak_table_at(&before, bucket);

        if (identity != NULL && reach->is_reached(reach->context, identity->object))
            keep(identities, identity, reach->now_at(reach->context, identity->object));
    }
    ter_weak_table_clear(&identities->table);
    exchange_tables(identities);
}

static bool is_unreached(void *record, void *context)
{
    const struct ter_reach *reach = context;
    const struct identity *identity = record;

    return !reach->is_reached(reach->context, identity->object);
}

static void update_recent(struct ter_identities *identities, const struct ter_reach *reach)
{
    ter_weak_table_sift(&identities->table, true, is_unreached, (void *)reach);
    if (reach->moves)
        ter_weak_table_rekey(&identities->table, true, reach->now_at, reach->context);
}

void ter_identities_update(struct ter_identities *identities, const struct ter_reach *reach)
{
    if (ter_weak_table_is_empty(&identities->table))
        return;
    if (reach->recent)
        update_recent(identities, reach);
    else
        update_all(identities, reach);
}

void ter_identities_follow(struct ter_identities *identities, const struct ter_reach *reach)
{
    ter_weak_table_rekey(&identities->table, false, reach->now_at, reach->context);
}
