/* SPDX-License-Identifier: MIT */
#include "object/object.h"

#define BITMAP_WORDS 64u

static const char *check_offsets(const struct ter_slots *slots, size_t bytes, size_t unit)
{
    for (size_t i = 0; i < slots->count; i++) {
        if (!ter_is_aligned(slots->offsets[i], unit))
            return "a slot is not aligned to a word";
        if (slots->offsets[i] >= bytes)
            return "a slot lies outside of its part of the object";
        if (i > 0 && slots->offsets[i] <= slots->offsets[i - 1])
            return "offsets of slots do not ascend";
    }
    return NULL;
}

static const char *check_bitmap(const struct ter_slots *slots, size_t bytes, size_t unit)
{
    size_t words = bytes / unit;

    if (slots->count != 0)
        return "slots are counted, but there is no list of offsets";
    if (words < BITMAP_WORDS && slots->bitmap >> words != 0)
        return "a slot lies outside of its part of the object";
    return NULL;
}

static const char *check_part(const struct ter_slots *slots, size_t bytes, size_t unit)
{
    if (!ter_is_aligned(bytes, unit))
        return "a part of an object is no whole number of words";
    if (slots->offsets == NULL)
        return check_bitmap(slots, bytes, unit);
    if (slots->bitmap != 0)
        return "slots have a list and a bitmap";
    return check_offsets(slots, bytes, unit);
}

static bool has_slots(const struct ter_slots *slots)
{
    return slots->count != 0 || slots->bitmap != 0;
}

const char *ter_object_layout_check(const struct ter_object_layout *layout, size_t unit)
{
    const char *wrong = check_part(&layout->header, layout->header_bytes, unit);

    if (wrong != NULL)
        return wrong;
    if (layout->element_bytes == 0 && has_slots(&layout->element))
        return "elements have slots, but no size";
    return check_part(&layout->element, layout->element_bytes, unit);
}

const char *ter_kind_check(const struct ter_kind *kind)
{
    if (kind->scan == TER_SCAN_VISITOR && kind->visitor == NULL && !kind->ephemerons)
        return "there is no visitor";
    if (kind->scan != TER_SCAN_LAYOUT && !kind->ephemerons)
        return NULL;
    if (kind->layout == NULL)
        return "there is no layout";
    if (kind->ephemerons && !has_slots(&kind->layout->element))
        return "ephemerons are elements of a layout, with a slot for the key";
    if (!kind->zeroed)
        return "objects with a layout begin as zero";
    return ter_object_layout_check(kind->layout, ter_kind_slot_bytes(kind));
}
