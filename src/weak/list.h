/* SPDX-License-Identifier: MIT */
/*
 * A list of records that grows, in memory that no collector scans. Under the heap lock, or a lock
 * of who has it.
 */
#pragma once

#include "layout/layout.h"
#include "os/os.h"

struct ter_weak_list {
    void *items;
    size_t item_bytes, count, capacity;
};

void ter_weak_list_init(struct ter_weak_list *list, size_t item_bytes);
void ter_weak_list_fini(struct ter_weak_list *list);

/* Room for so many more, so that adding them cannot fail. */
bool ter_weak_list_reserve(struct ter_weak_list *list, size_t more);
/* A place for one more at the end; NULL: no memory. */
void *ter_weak_list_add(struct ter_weak_list *list);

TER_INLINE void *ter_weak_list_at(const struct ter_weak_list *list, size_t index)
{
    return (char *)list->items + index * list->item_bytes;
}
