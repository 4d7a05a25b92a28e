/* SPDX-License-Identifier: MIT */
/*
 * Dead objects of kinds with a dispose function. What a program does in one, such as free(), may
 * want locks that a stopped thread has. So such objects are kept through the sweep of the
 * collection that found them dead, though not what they refer to; when the threads go on, the
 * function is called for each and its memory is free. All under the heap lock.
 *
 * Invariant: each object is found once: it is freed before the next collection.
 */
#pragma once

#include "cycle/collector.h"

/* After all that is reached was marked: marks what is to be disposed of, and remembers it. */
void ter_dispose_find(struct ter_collector *collector);
/* When the threads go on. */
void ter_dispose_run(struct ter_collector *collector);
/* At the end of the heap: for all that is left. */
void ter_dispose_all(struct ter_collector *collector);
/* One object, which the program frees; does nothing where its kind has no such function. */
void ter_dispose_object(const struct ter_collector *collector, uintptr_t object);
