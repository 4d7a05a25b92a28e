/* SPDX-License-Identifier: MIT */
/* What a heap answers to callers (option `live`): figures, and what it is full of. */
#pragma once

#include "base/base.h"

struct ter_heap;

/* Under the heap lock: lines of a name and a value, from the table of statistics among others. */
void ter_answer_figures(struct ter_heap *heap, struct ter_text *text);
/*
 * Likewise: kinds of objects, those with the most bytes first. Goes through all objects, and stops
 * nobody: what was not handed out yet, or has died, counts too.
 */
void ter_answer_kinds(struct ter_heap *heap, struct ter_text *text);
