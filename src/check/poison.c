/* SPDX-License-Identifier: MIT */
#include "check/check.h"

#include <string.h>

static void poison_one(const struct ter_checking *checking, const struct ter_origin *origin)
{
    const struct ter_space *space = ter_collector_space(checking->collector, origin->object);
    size_t skipped = space->policy->gone_bytes;

    if (space->policy->owned_by_program || origin->given <= skipped)
        return;
    ter_asan_access(origin->object + skipped, origin->given - skipped);
    memset((void *)(origin->object + skipped), TER_POISON_GONE, origin->given - skipped);
    ter_asan_no_access(origin->object + skipped, origin->given - skipped);
}

void ter_check_poison(struct ter_checking *checking)
{
    const struct ter_weak_table *table = &checking->ledger.table;

    for (size_t bucket = 0; bucket < table->capacity; bucket++) {
        const struct ter_origin *origin = ter_weak_table_at(table, bucket);

        if (origin != NULL && origin->collection == (uint32_t)checking->collector->collections &&
            (origin->fate == TER_FATE_COLLECTED || origin->fate == TER_FATE_LEFT))
            poison_one(checking, origin);
    }
}
