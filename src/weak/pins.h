/* SPDX-License-Identifier: MIT */
/*
 * Objects that the program has pinned, with how often.
 *
 * Invariant: an object in the table is traced as an ambiguous word would be, before anything moves:
 * so it is kept and stays where it is, and the table's keys never change. Under the heap lock.
 */
#pragma once

#include "trace/trace.h"
#include "weak/passes.h"

struct ter_pins {
    struct ter_weak_table table;
};

void ter_pins_init(struct ter_pins *pins);
void ter_pins_fini(struct ter_pins *pins);

ter_status ter_pins_add(struct ter_pins *pins, uintptr_t object);
/* False: it is not pinned. */
bool ter_pins_remove(struct ter_pins *pins, uintptr_t object);
bool ter_pins_has(const struct ter_pins *pins, uintptr_t object);
/* Calls `visit` for each object once. */
void ter_pins_for_each(const struct ter_pins *pins, void (*visit)(void *context, uintptr_t object),
                       void *context);
/* During a collection: traces them. `recent`: those that were pinned since the last one. */
void ter_pins_reach(struct ter_pins *pins, bool recent, struct ter_tracer *tracer);
/* Traces all, for who only looks. */
void ter_pins_visit(const struct ter_pins *pins, struct ter_tracer *tracer);
