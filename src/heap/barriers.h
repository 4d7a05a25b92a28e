/* SPDX-License-Identifier: MIT */
/*
 * The option check_barriers: when what barrier/check.h keeps is compared and written down.
 *
 * Invariant: both happen with the world stopped. Under a plan that never collects, ter_collect
 * stops it for this alone.
 */
#pragma once

#include "heap/instance.h"

/* Before the first mutator. */
void ter_heap_check_barriers(struct ter_heap *heap);
/* For a plan that never collects; under the heap lock. Does nothing without the option. */
void ter_heap_compare_barriers(struct ter_heap *heap);
void ter_heap_end_barriers(struct ter_heap *heap);
/* Another mutator may join: with signals, which stop a thread before its store, there is one. */
bool ter_heap_barriers_allow(const struct ter_heap *heap);
