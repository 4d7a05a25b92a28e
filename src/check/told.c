/* SPDX-License-Identifier: MIT */
#include "check/check.h"

#include <string.h>

/* ---- Allocation ---- */

/* May the memory of a new object hold anything until the next safepoint? */
static bool is_filled_by_program(const struct ter_checking *checking, unsigned kind)
{
    const struct ter_allocator *allocator = &checking->collector->allocator;

    if (!allocator->kinds[kind].zeroed)
        return true;
    return allocator->safepoints && (allocator->details[kind].flags & TER_KIND_FILLED) != 0;
}

void ter_checking_allocated(struct ter_checking *checking, uintptr_t object, unsigned kind,
                            size_t asked, uintptr_t site)
{
    struct ter_allocator *allocator = &checking->collector->allocator;
    size_t given = ter_collector_object_bytes(checking->collector, object);
    struct ter_origin origin = {.object = object,
                                .site = checking->sites ? site : 0,
                                .asked = asked,
                                .given = given,
                                .kind = (uint8_t)kind};

    ter_allocator_lock(allocator);
    ter_ledger_add(&checking->ledger, &origin);
    ter_allocator_unlock(allocator);
    if (checking->poisons && is_filled_by_program(checking, kind))
        memset((void *)object, TER_POISON_NEW, asked != 0 ? asked : given);
}

void ter_checking_moved(struct ter_checking *checking, uintptr_t before, uintptr_t object,
                        unsigned kind, size_t asked, uintptr_t site)
{
    struct ter_collector *collector = checking->collector;
    struct ter_origin origin = {.object = object,
                                .site = checking->sites ? site : 0,
                                .asked = asked,
                                .given = ter_collector_object_bytes(collector, object),
                                .kind = (uint8_t)kind};

    ter_allocator_lock(&collector->allocator);
    ter_ledger_freed(&checking->ledger, before, (uint32_t)collector->collections);
    ter_ledger_add(&checking->ledger, &origin);
    ter_allocator_unlock(&collector->allocator);
}

/* ---- Freeing ---- */

static void require_freeable(struct ter_checking *checking, uintptr_t object, const char *call)
{
    char what[TER_CHECK_TEXT];

    if (ter_collector_is_object(checking->collector, object))
        return;
    ter_check_explain(checking, object, what, sizeof what);
    ter_fatal("%s: %#zx %s", call, (size_t)object, what);
}

void ter_checking_free(struct ter_checking *checking, uintptr_t object, const char *call)
{
    struct ter_collector *collector = checking->collector;

    ter_allocator_lock(&collector->allocator);
    require_freeable(checking, object, call);
    ter_ledger_freed(&checking->ledger, object, (uint32_t)collector->collections);
    ter_allocator_unlock(&collector->allocator);
    if (checking->poisons && !ter_collector_space(collector, object)->policy->owned_by_program)
        memset((void *)object, TER_POISON_GONE, ter_collector_object_bytes(collector, object));
}

/* ---- The end ---- */

void ter_checking_end(struct ter_checking *checking)
{
    const struct ter_weak_table *pins = &checking->collector->pins.table;
    char text[TER_CHECK_TEXT];

    if (checking->walks == 0 || ter_weak_table_is_empty(pins))
        return;
    for (size_t bucket = 0; bucket < pins->capacity; bucket++) {
        const uintptr_t *object = ter_weak_table_at(pins, bucket);

        if (object == NULL)
            continue;
        ter_check_describe(checking, *object, text, sizeof text);
        ter_fatal("check_heap: the heap ends while %zu objects are pinned, one of them %s: ter_pin "
                  "is undone by ter_unpin(heap, object), as often as it was called",
                  pins->count, text);
    }
}
