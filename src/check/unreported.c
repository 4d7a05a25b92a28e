/* SPDX-License-Identifier: MIT */
#include "check/check.h"

static bool just_went(const struct ter_checking *checking, uintptr_t word)
{
    const struct ter_origin *origin = ter_ledger_find(&checking->ledger, word);

    return origin != NULL && origin->fate != TER_FATE_ALIVE &&
           origin->collection == (uint32_t)checking->collector->collections;
}

TER_COLD TER_NORETURN static void refuse_unreported(const struct ter_checking *checking,
                                                    uintptr_t object, uintptr_t address,
                                                    uintptr_t word)
{
    char holder[TER_CHECK_TEXT], what[TER_CHECK_TEXT * 2];

    ter_check_describe(checking, object, holder, sizeof holder);
    ter_check_explain(checking, word, what, sizeof what);
    ter_fatal("check_heap: the word at +%zu of %s is no slot by its layout or visitor, and holds "
              "%#zx, %s",
              (size_t)(address - object), holder, (size_t)word, what);
}

static void look_at_unreported(const struct ter_checking *checking, uintptr_t object)
{
    const struct ter_collector *collector = checking->collector;
    const struct ter_kind *kind =
        &collector->allocator.kinds[ter_collector_object_kind(collector, object)];
    size_t bytes = ter_collector_object_bytes(collector, object);
    uintptr_t end = object + ter_min(bytes, ter_kind_size(kind, object, bytes));

    if (!ter_kind_trusts_contents(kind))
        return;
    for (uintptr_t at = object; end - at >= sizeof(uintptr_t); at += sizeof(uintptr_t)) {
        uintptr_t word = *(const uintptr_t *)at;

        if (just_went(checking, word) && ter_weak_table_find(&checking->seen_slots, at) == NULL)
            refuse_unreported(checking, object, at, word);
    }
}

void ter_check_unreported(struct ter_checking *checking)
{
    const struct ter_weak_table *seen = &checking->seen_objects;

    for (size_t bucket = 0; bucket < seen->capacity; bucket++) {
        const uintptr_t *object = ter_weak_table_at(seen, bucket);

        if (object != NULL)
            look_at_unreported(checking, *object);
    }
}
