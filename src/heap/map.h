/* SPDX-License-Identifier: MIT */
/* The map of a heap's blocks, when the options ask for one. */
#pragma once

#include "base/base.h"

struct ter_heap;

/* At the end of a heap: what the options `map` and `map_file` ask for, once. */
void ter_heap_write_wanted_map(struct ter_heap *heap);
/* When a collection has ended, under the heap lock: the same, if the option `map_at` names it. */
void ter_heap_map_after(struct ter_heap *heap, uint64_t collection);
