/* SPDX-License-Identifier: MIT */
#include "weak/weak.h"

#define FEWEST_LIST_BYTES TER_KIB(4)

void ter_weak_list_init(struct ter_weak_list *list, size_t item_bytes)
{
    *list = (struct ter_weak_list){.item_bytes = item_bytes};
}

static size_t list_bytes(const struct ter_weak_list *list, size_t capacity)
{
    return ter_align_up(capacity * list->item_bytes, ter_os_page_size());
}

void ter_weak_list_fini(struct ter_weak_list *list)
{
    if (list->items != NULL)
        ter_os_release((uintptr_t)list->items, list_bytes(list, list->capacity));
    ter_weak_list_init(list, list->item_bytes);
}

bool ter_weak_list_reserve(struct ter_weak_list *list, size_t more)
{
    size_t capacity = ter_max(list->capacity, FEWEST_LIST_BYTES / list->item_bytes);

    if (more <= list->capacity - list->count)
        return true;
    while (capacity < list->count + more)
        capacity *= 2;
    if (ter_os_reallocate(&list->items, list_bytes(list, list->capacity),
                          list_bytes(list, capacity)) != TER_OK)
        return false;
    list->capacity = capacity;
    return true;
}

void *ter_weak_list_add(struct ter_weak_list *list)
{
    return ter_weak_list_reserve(list, 1) ? ter_weak_list_at(list, list->count++) : NULL;
}
