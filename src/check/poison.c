/* SPDX-License-Identifier: MIT */
#include "check/check.h"

#include <string.h>

static void poison_range(uintptr_t start, size_t bytes)
{
    ter_asan_access(start, bytes);
    memset((void *)start, TER_POISON_GONE, bytes);
    ter_asan_no_access(start, bytes);
}

/* Where objects slide, others have come to lie there, or in part of it. */
static void poison_between(const struct ter_checking *checking, uintptr_t start, uintptr_t end)
{
    for (uintptr_t next; start < end; start = next) {
        next = ter_min(end, ter_align_down(start, TER_BYTES_IN_GRANULE) + TER_BYTES_IN_GRANULE);
        if (ter_object_is_none(ter_collector_find_interior(checking->collector, start)))
            poison_range(start, next - start);
    }
}

static void poison_one(const struct ter_checking *checking, const struct ter_origin *origin)
{
    const struct ter_space *space = ter_collector_space(checking->collector, origin->object);
    size_t skipped = space->policy->gone_bytes;

    if (space->policy->owned_by_program || origin->given <= skipped)
        return;
    if (checking->collector->plan->moving != NULL)
        poison_between(checking, origin->object + skipped, origin->object + origin->given);
    else
        poison_range(origin->object + skipped, origin->given - skipped);
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
