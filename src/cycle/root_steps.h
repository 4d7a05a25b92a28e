/* SPDX-License-Identifier: MIT */
/*
 * Roots, as a list of steps: each marks what one sort of root refers to. Static roots are marked
 * under the loader's lock, so that no library goes meanwhile; the others after that.
 */
#pragma once

#include "cycle/collector.h"

/*
 * The list that static roots need; false, with a line in the log, when there is no memory for
 * it.
 */
bool ter_root_steps_refresh(struct ter_collector *collector);

/* With the world stopped. `own_stack`: where the stack of the collecting thread ends. */
void ter_root_steps_static(struct ter_collector *collector);
void ter_root_steps_other(struct ter_collector *collector, uintptr_t own_stack);

/* Once more, with a loop that updates: those that are exact. */
void ter_root_steps_update(struct ter_collector *collector);

/*
 * Goes through all roots without marking anything: `tracer` has a loop that only looks, and is told
 * of objects that are roots themselves; `place` says which form of root it is at. With the world
 * stopped, under the loader's lock. What callbacks would add in a collection is not seen.
 */
void ter_root_steps_look(struct ter_collector *collector, uintptr_t own_stack,
                         struct ter_tracer *tracer, struct ter_root_place *place);
