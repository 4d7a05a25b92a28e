/* SPDX-License-Identifier: MIT */
/*
 * Reaching: from an object, or from all that is marked, to everything behind it. With the world
 * stopped, by the thread that collects.
 */
#pragma once

#include "cycle/collector.h"

/*
 * Scans until nothing is left that is marked and was not scanned; with helpers if some are
 * ready.
 */
void ter_collector_drain(struct ter_collector *collector);
/* The object that the word refers to, if any, and all behind it. Where that byte is now. */
uintptr_t ter_collector_reach(struct ter_collector *collector, uintptr_t word);
/*
 * Scans an object that is marked and that nobody queued; a large one in the next drain, where
 * workers share it.
 */
void ter_collector_scan(struct ter_collector *collector, uintptr_t object, size_t bytes,
                        const struct ter_kind *kind);
/* The same of the elements that plain slots of a large object lie in, and of other slots. */
void ter_collector_scan_slots(struct ter_collector *collector, uintptr_t first, uintptr_t end);
/* Objects of uncollectable kinds are roots, wherever they live: marks and scans them. */
void ter_collector_mark_uncollectable(struct ter_collector *collector);
