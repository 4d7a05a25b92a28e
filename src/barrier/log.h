/* SPDX-License-Identifier: MIT */
/*
 * Logging stores into old objects, for collections of young ones: each slot once between two
 * collections, or a whole object.
 *
 * A slot of an old object has its bit in the table SLOT_LOG; the first barrier before a store to it
 * clears the bit and logs the slot. The first granule of an old object has one in OBJECT_LOG, for
 * the form that announces stores into all of the object. What is young has none of these bits, so
 * the one test of the inline part serves both. Objects whose slots are not plain are logged whole,
 * whichever form is called.
 *
 * Invariant: between collections, a slot of an old object refers to nothing young, or it is logged,
 * or its object is. No stop falls between a barrier and its store: threads stop at safepoints only.
 */
#pragma once

#include "alloc/alloc.h"

/* ---- By mutators, where the bit may be set ---- */

void ter_log_store(struct ter_mutator *mutator, uintptr_t object, uintptr_t slot);
void ter_log_stores(struct ter_mutator *mutator, uintptr_t object, uintptr_t first, size_t bytes);
void ter_log_object(struct ter_mutator *mutator, uintptr_t object);
