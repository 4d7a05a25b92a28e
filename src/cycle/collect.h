/* SPDX-License-Identifier: MIT */
/*
 * A collection: the order of its steps, written once for all plans.
 *
 * Invariant: between the stop and the resuming of threads no mutator allocates; the heap lock is
 * held throughout.
 */
#pragma once

#include "cycle/collector.h"

/*
 * Collects now; under the heap lock, from a thread that is a mutator or has no references. False,
 * with nothing done, when there is no memory to find the roots, or under a plan that never
 * collects.
 */
bool ter_collector_collect(struct ter_collector *collector, enum ter_collection_reason reason);

/* Gives all free memory back to the system, under the heap lock; returns the bytes. */
size_t ter_collector_release_memory(struct ter_collector *collector);
