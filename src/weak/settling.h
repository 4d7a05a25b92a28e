/* SPDX-License-Identifier: MIT */
/*
 * Settling ephemerons: what its two ways share. In rounds, in ephemerons.c, by the plan's loop; by
 * key, in settling.c, where each object and each element is looked at once, however they hang
 * together.
 */
#pragma once

#include "weak/elements.h"
#include "weak/ephemerons.h"

/* An object with ephemerons that was reached. */
struct ter_ephemeron_table {
    uintptr_t object;
    size_t bytes;
    const struct ter_kind *kind;
};

struct ter_settling {
    struct ter_ephemerons *ephemerons;
    struct ter_tracer *tracer;
    const struct ter_reach *reach;
};

/* Reaches what the slots refer to from where the cursor is; of the element. */
void ter_element_trace(struct ter_tracer *tracer, const struct ter_element *element,
                       struct ter_slot_cursor values);

/*
 * Until nothing more is reached. The tracer has nothing left. False: there was no memory, and the
 * tracer may have something left.
 */
bool ter_settle_by_key(const struct ter_settling *settling);

TER_INLINE bool ter_settling_reached(const struct ter_settling *settling, uintptr_t object)
{
    return settling->reach->is_reached(settling->reach->context, object);
}

TER_INLINE const struct ter_ephemeron_table *ter_ephemeron_table_at(
    const struct ter_ephemerons *ephemerons, size_t index)
{
    return ter_weak_list_at(&ephemerons->tables, index);
}

TER_INLINE struct ter_element_range ter_ephemeron_table_elements(
    const struct ter_ephemeron_table *table)
{
    return ter_elements_of(table->kind, table->object, table->bytes);
}
