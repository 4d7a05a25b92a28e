/* SPDX-License-Identifier: MIT */
/*
 * The one list of heaps of the process: from any word to the heap whose range holds it.
 *
 * Invariant: an entry's bounds are written before its heap, and its heap is cleared before others
 * take its place; a reader without a lock looks at the heap again after reading the bounds.
 */
#pragma once

#include "base/base.h"

struct ter_heap;

#define TER_MAX_HEAPS 64u

/* TER_ERROR_FULL: the process has TER_MAX_HEAPS heaps. */
ter_status ter_directory_add(struct ter_heap *heap, uintptr_t start, size_t bytes);
void ter_directory_remove(struct ter_heap *heap);

/* Is there such a heap? It is not looked into. */
bool ter_directory_holds(const struct ter_heap *heap);
/* The heap in slot `index`, below TER_MAX_HEAPS; NULL for none. */
struct ter_heap *ter_directory_at(size_t index);
/* Around a fork: no heap comes or goes between hold and let go. */
void ter_directory_hold(void);
void ter_directory_let_go(void);
void ter_directory_reset_after_fork(void);
