/* SPDX-License-Identifier: MIT */
/*
 * The one list of heaps of the process: from any word to the heap whose range holds it.
 *
 * Invariant: an entry's bounds are written before its heap, and its heap is cleared before others
 * take its place; a reader without a lock looks at the heap again after reading the bounds. Every
 * region of addresses that a heap touches has the number of its entry, or says that there are
 * several, from before the heap is written until after it is cleared. So an answer is one load of a
 * region and one entry, but where heaps are smaller than a region and share it.
 */
#pragma once

#include "base/base.h"

struct ter_heap;

/* Most heaps that are alive at once. */
#define TER_MAX_HEAPS 512u

/*
 * The heap has [start, start + bytes); up to `taken_bytes` nobody else may have any of it.
 * TER_ERROR_FULL: the process has TER_MAX_HEAPS heaps.
 */
ter_status ter_directory_add(struct ter_heap *heap, uintptr_t start, size_t bytes,
                             size_t taken_bytes);
void ter_directory_remove(struct ter_heap *heap);

/* Is there such a heap? It is not looked into. */
bool ter_directory_holds(const struct ter_heap *heap);
/* Does a heap have any of [start, start + bytes), to its `taken_bytes`? */
bool ter_directory_touches(uintptr_t start, size_t bytes);
size_t ter_directory_count(void);

/* The heap with the number `index`, below TER_MAX_HEAPS; NULL for none. */
struct ter_heap *ter_directory_at(size_t index);
/* Around a fork: no heap comes or goes between hold and let go. */
void ter_directory_hold(void);
void ter_directory_let_go(void);
void ter_directory_reset_after_fork(void);

/*
 * Stops with a line that names `call` when there is no such heap (any more), or in a callback under
 * a lock.
 */
void ter_heap_require(const struct ter_heap *heap, const char *call);
