/* SPDX-License-Identifier: MIT */
/*
 * Elements of an object of a kind of ephemerons: each has a slot for the key, then those of values.
 * For the collector, and for who only looks.
 */
#pragma once

#include "trace/trace.h"

struct ter_element {
    const struct ter_kind *kind;
    uintptr_t start;
};

/* The elements of an object that are not gone through yet. */
struct ter_element_range {
    struct ter_element next;
    uintptr_t end;
};

TER_INLINE bool ter_element_next_slot(const struct ter_element *element,
                                      struct ter_slot_cursor *cursor, uintptr_t *address)
{
    size_t offset;

    if (!ter_slot_cursor_next(cursor, ter_kind_slot_bytes(element->kind), &offset))
        return false;
    *address = element->start + offset;
    return true;
}

/* What the slot refers to; 0 for none. */
TER_INLINE uintptr_t ter_element_read(const struct ter_kind *kind, uintptr_t address)
{
    return ter_slot_read(&kind->slots, (enum ter_slot_form)kind->slots.form, address);
}

/*
 * What the key refers to, in the slot at *address; 0: it is no reference, and never goes. The
 * cursor is at the values.
 */
TER_INLINE uintptr_t ter_element_key(const struct ter_element *element,
                                     struct ter_slot_cursor *values, uintptr_t *address)
{
    *values = ter_slot_cursor_at(&element->kind->layout->element);
    *address = element->start;
    (void)ter_element_next_slot(element, values, address);
    return ter_element_read(element->kind, *address);
}

TER_INLINE struct ter_element_range ter_elements_of(const struct ter_kind *kind, uintptr_t object,
                                                    size_t bytes)
{
    uintptr_t end = object + bytes;
    uintptr_t start = ter_min(object + kind->layout->header_bytes, end);

    return (struct ter_element_range){{kind, start}, end};
}

TER_INLINE bool ter_elements_next(struct ter_element_range *range, struct ter_element *element)
{
    size_t bytes = range->next.kind->layout->element_bytes;

    if (bytes > range->end - range->next.start)
        return false;
    *element = range->next;
    range->next.start += bytes;
    return true;
}

/* Are there elements with more than a key? */
TER_INLINE bool ter_elements_have_values(const struct ter_kind *kind)
{
    const struct ter_slots *slots = &kind->layout->element;

    return slots->offsets != NULL ? slots->count > 1 : (slots->bitmap & (slots->bitmap - 1)) != 0;
}

/* Reaches what a slot of such an object refers to. */
void ter_element_trace_slot(struct ter_tracer *tracer, const struct ter_kind *kind,
                            uintptr_t address);
/* The same for the slots of the element from where the cursor is. */
void ter_element_trace(struct ter_tracer *tracer, const struct ter_element *element,
                       struct ter_slot_cursor values);
