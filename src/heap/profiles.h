/* SPDX-License-Identifier: MIT */
/* The profile that the options ask for, and what they ask of growth. */
#pragma once

#include "base/base.h"

struct ter_heap;

/* Reads the options, before the heap has mutators. */
void ter_heap_begin_profile(struct ter_heap *heap);
/* At the end of the heap or of the process: what the options ask for, once. */
void ter_heap_write_wanted_profile(struct ter_heap *heap);
/* The heap has no mutators any more. */
void ter_heap_end_profile(struct ter_heap *heap);
