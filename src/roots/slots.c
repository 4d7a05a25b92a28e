/* SPDX-License-Identifier: MIT */
#include "roots/roots.h"

#include <string.h>

static size_t range_bytes(size_t capacity)
{
    return capacity * sizeof(struct ter_slot_range);
}

void ter_slot_ranges_fini(struct ter_slot_ranges *list)
{
    if (list->capacity != 0)
        ter_os_release((uintptr_t)list->ranges, range_bytes(list->capacity));
    *list = (struct ter_slot_ranges){0};
}

/* Whole pages, however many words a range has. */
static ter_status have_range_room(struct ter_slot_ranges *list)
{
    size_t capacity = list->capacity == 0 ? ter_os_page_size() : list->capacity * 2;
    void *memory = list->ranges;
    ter_status status;

    if (list->count < list->capacity)
        return TER_OK;
    status = ter_os_reallocate(&memory, range_bytes(list->capacity), range_bytes(capacity));
    if (status != TER_OK)
        return status;
    list->ranges = memory;
    list->capacity = capacity;
    return TER_OK;
}

/* The first range that ends after `address`. */
static size_t first_after(const struct ter_slot_ranges *list, uintptr_t address)
{
    size_t low = 0, high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (list->ranges[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* There is room. */
static void insert_at(struct ter_slot_ranges *list, size_t at, const struct ter_slot_range *range)
{
    memmove(&list->ranges[at + 1], &list->ranges[at], range_bytes(list->count - at));
    list->ranges[at] = *range;
    list->count++;
}

static void delete_at(struct ter_slot_ranges *list, size_t at)
{
    list->count--;
    memmove(&list->ranges[at], &list->ranges[at + 1], range_bytes(list->count - at));
}

ter_status ter_slot_ranges_add(struct ter_slot_ranges *list, const struct ter_slot_range *range)
{
    size_t at = first_after(list, range->start);
    ter_status status = have_range_room(list);

    if (at < list->count && list->ranges[at].start < range->end)
        return TER_ERROR_INVALID;
    if (status == TER_OK)
        insert_at(list, at, range);
    return status;
}

ter_status ter_slot_ranges_remove(struct ter_slot_ranges *list, uintptr_t start, uintptr_t end)
{
    size_t at = first_after(list, start);
    struct ter_slot_range *range = &list->ranges[at], above;
    ter_status status = TER_OK;

    if (at == list->count || start < range->start || range->end < end)
        return TER_ERROR_INVALID;
    above = (struct ter_slot_range){end, range->end, range->form};
    if (range->start < start && end < range->end) {
        status = have_range_room(list);
        if (status != TER_OK)
            return status;
        list->ranges[at].end = start;
        insert_at(list, at + 1, &above);
    } else if (range->start < start) {
        range->end = start;
    } else if (end < range->end) {
        range->start = end;
    } else {
        delete_at(list, at);
    }
    return TER_OK;
}

void ter_slot_ranges_visit(const struct ter_slot_ranges *list, struct ter_root_visit *visit)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct ter_slot_range *range = &list->ranges[i];

        ter_visit_slots(visit, (void *)range->start,
                        (range->end - range->start) / sizeof(uintptr_t), range->form);
    }
}
