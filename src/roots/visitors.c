/* SPDX-License-Identifier: MIT */
#include "roots/roots.h"

#include <string.h>

/* `count` when it is not there. */
static size_t find_visitor(const struct ter_roots_visitors *list, struct ter_roots_visitor visitor)
{
    size_t i = 0;

    while (i < list->count && (list->visitors[i].function != visitor.function ||
                               list->visitors[i].context != visitor.context))
        i++;
    return i;
}

ter_status ter_roots_visitors_add(struct ter_roots_visitors *list, struct ter_roots_visitor visitor)
{
    if (find_visitor(list, visitor) != list->count)
        return TER_ERROR_INVALID;
    if (list->count == TER_MOST_ROOT_VISITORS)
        return TER_ERROR_FULL;
    list->visitors[list->count++] = visitor;
    return TER_OK;
}

ter_status ter_roots_visitors_remove(struct ter_roots_visitors *list,
                                     struct ter_roots_visitor visitor)
{
    size_t at = find_visitor(list, visitor);

    if (at == list->count)
        return TER_ERROR_INVALID;
    list->count--;
    memmove(&list->visitors[at], &list->visitors[at + 1],
            (list->count - at) * sizeof list->visitors[0]);
    return TER_OK;
}

void ter_roots_visitors_call(const struct ter_roots_visitors *list, struct ter_root_visit *visit)
{
    for (size_t i = 0; i < list->count; i++)
        list->visitors[i].function(list->visitors[i].context, visit);
}
