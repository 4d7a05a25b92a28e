/* SPDX-License-Identifier: MIT */
/*
 * Collections of young objects alone, under plans that have them: which collection is one, and what
 * it looks at beside the roots.
 *
 * Invariant: afterwards nothing is young, and nothing is logged. Spaces whose objects are never
 * young are not prepared and not released: all that is in them counts as reached.
 */
#pragma once

#include "cycle/collector.h"

/* Is the next collection, for that reason, to be one of young objects alone? */
bool ter_young_is_next(const struct ter_collector *collector, enum ter_collection_reason reason);
/* Was so much allocated that young objects are to be collected before the heap is full? */
bool ter_young_is_due(const struct ter_collector *collector);
/* All that mutators have logged is here; before anything is looked at. */
void ter_young_take_logs(struct ter_collector *collector);
/* What ambiguous words of logged objects lead to does not move. */
void ter_young_pin_from_logged(struct ter_collector *collector);
/* Reaches what logged slots and objects lead to. */
void ter_young_reach_logged(struct ter_collector *collector);
/* What was logged is as other old objects from now on. Before anything is released. */
void ter_young_end_logs(struct ter_collector *collector);
/*
 * When all was released: where some of the log was lost, old objects whose bits a barrier took are
 * in no list, so all get them again.
 */
void ter_young_restore_logs(struct ter_collector *collector);
/*
 * After a collection: is the next one to be of all objects, since the old have grown, there is
 * little room, or those of young objects are not worth it? Then, but for the first, it comes when
 * the heap is full, and what lies free among old objects serves until then.
 */
void ter_young_decide(struct ter_collector *collector);
/* What the heap may take before all of it is collected, beside what lived after the last time: the
 * old may grow by so much, what is young comes to that, and lies beside its copies for a moment. */
size_t ter_young_expected(const struct ter_collector *collector);
/* After its pause: how much may be allocated before the next one. `before`: what lived until it. */
void ter_young_learn(struct ter_collector *collector, const struct ter_collection *collection,
                     size_t before);
