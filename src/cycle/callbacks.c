/* SPDX-License-Identifier: MIT */
#include "cycle/callbacks.h"

const char *ter_collection_reason_name(enum ter_collection_reason reason)
{
#define REASON_TEXT(identifier, text) text,
    static const char *const texts[] = {TER_COLLECTION_REASONS(REASON_TEXT)};
#undef REASON_TEXT

    return (unsigned)reason < TER_REASON_COUNT ? texts[reason] : "?";
}

void ter_callbacks_add(struct ter_callbacks **first, struct ter_callbacks *callbacks)
{
    while (*first != NULL)
        first = &(*first)->next;
    callbacks->next = NULL;
    *first = callbacks;
}

bool ter_callbacks_allowed(const struct ter_callbacks *first, enum ter_collection_reason reason)
{
    for (; first != NULL; first = first->next)
        if (first->allowed != NULL && !first->allowed(first->context, reason))
            return false;
    return true;
}

bool ter_callbacks_due(const struct ter_callbacks *first)
{
    for (; first != NULL; first = first->next)
        if (first->due != NULL && first->due(first->context))
            return true;
    return false;
}

void ter_callbacks_passed(const struct ter_callbacks *first, const struct ter_passage *passage)
{
    for (; first != NULL; first = first->next)
        if (first->passed != NULL)
            first->passed(first->context, passage);
}

void ter_callbacks_resized(const struct ter_callbacks *first, size_t limit_bytes)
{
    for (; first != NULL; first = first->next)
        if (first->resized != NULL)
            first->resized(first->context, limit_bytes);
}
