/* SPDX-License-Identifier: MIT */
#include "object/object.h"

struct each_slot {
    size_t unit; /* bytes of a slot */
    ter_slot_visitor *visit;
    void *context;
};

static void each_slot_of_part(const struct each_slot *each, const struct ter_slots *part,
                              uintptr_t start, uintptr_t end)
{
    struct ter_slot_cursor cursor = ter_slot_cursor_at(part);
    size_t offset;

    while (ter_slot_cursor_next(&cursor, each->unit, &offset) && offset < end - start)
        each->visit(each->context, start + offset);
}

void ter_layout_for_each_slot_of_header(const struct ter_kind *kind, uintptr_t start, uintptr_t end,
                                        ter_slot_visitor *visit, void *context)
{
    struct each_slot each = {ter_kind_slot_bytes(kind), visit, context};

    each_slot_of_part(&each, &kind->layout->header, start, end);
}

void ter_layout_for_each_slot(const struct ter_kind *kind, uintptr_t start, uintptr_t end,
                              ter_slot_visitor *visit, void *context)
{
    const struct ter_object_layout *layout = kind->layout;
    struct each_slot each = {ter_kind_slot_bytes(kind), visit, context};

    each_slot_of_part(&each, &layout->header, start, end);
    if (layout->element_bytes == 0 || layout->header_bytes >= end - start)
        return;
    for (start += layout->header_bytes; layout->element_bytes <= end - start;
         start += layout->element_bytes)
        each_slot_of_part(&each, &layout->element, start, end);
}
