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
/* Objects of uncollectable kinds are roots, wherever they live: marks and scans them. */
void ter_collector_mark_uncollectable(struct ter_collector *collector);
