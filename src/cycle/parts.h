/* SPDX-License-Identifier: MIT */
/*
 * The parts of a collection (alloc/watch.h) as probes and whoever watches see them.
 *
 * Invariant: one part at a time, each ended by the next one; after the last there is none. Under
 * the heap lock.
 */
#pragma once

#include "cycle/collector.h"

/* "mark" and so on; never NULL. */
const char *ter_part_name(enum ter_part part);
/* The collection is in this part from now on; TER_PART_NONE: it is over. */
void ter_part_begin(struct ter_collector *collector, enum ter_part part);
/* What helpers did in the part that ends. */
void ter_part_tell_helpers(const struct ter_collector *collector);
