/* SPDX-License-Identifier: MIT */
/*
 * Which addresses inside an object keep it when not all do: those of its first byte and at
 * displacements that the program registered, for all objects. Under the lock.
 */
#pragma once

#include "libgc/state.h"

/* `displacement` is below TER_HEAP_DISPLACEMENTS. */
void ter_libgc_add_displacement(size_t displacement);
/* Any time. */
bool ter_libgc_has_displacement(size_t displacement);

/* The heap goes by these from now on, or any byte counts. */
void ter_libgc_count_interior(struct ter_heap *heap, bool everywhere);
