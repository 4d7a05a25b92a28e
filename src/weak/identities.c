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

void ter_identities_update(struct ter_identities *identities, const struct ter_reach *reach,
                           uintptr_t (*now)(void *context, uintptr_t object))
{
    struct ter_weak_table before = identities->table;

    if (before.count == 0)
        return;
    for (size_t bucket = 0; bucket < before.capacity; bucket++) {
        const struct identity *identity = ter_weak_table_at(&before, bucket);

        if (identity != NULL && reach->is_reached(reach->context, identity->object))
            keep(identities, identity, now(reach->context, identity->object));
    }
    ter_weak_table_clear(&before);
    identities->table = identities->other;
    identities->other = before;
}

void ter_identities_follow(struct ter_identities *identities, const struct ter_reach *reach)
{
    ter_weak_table_rekey(&identities->table, reach->now_at, reach->context);
}
