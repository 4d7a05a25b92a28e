/* SPDX-License-Identifier: MIT */
#include "weak/elements.h"

void ter_element_trace_slot(struct ter_tracer *tracer, const struct ter_kind *kind,
                            uintptr_t address)
{
    enum ter_slot_form form = (enum ter_slot_form)kind->slots.form;
    uintptr_t before, after;

    if (form == TER_SLOTS_PLAIN) {
        tracer->loop->slot(tracer, ter_slot_at(address));
        return;
    }
    before = ter_element_read(kind, address);
    if (before == 0)
        return;
    after = tracer->loop->object(tracer, ter_object_at(before)).bits;
    if (after != before)
        ter_slot_move(&kind->slots, form, address, after);
}

void ter_element_trace(struct ter_tracer *tracer, const struct ter_element *element,
                       struct ter_slot_cursor values)
{
    uintptr_t address;

    while (ter_element_next_slot(element, &values, &address))
        ter_element_trace_slot(tracer, element->kind, address);
}
