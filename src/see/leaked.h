/* SPDX-License-Identifier: MIT */
/*
 * What was lost, by who allocated it: objects that nobody refers to and nobody freed, where a
 * program is to free all that it allocates.
 *
 * Invariant: what was told is forgotten.
 */
#pragma once

#include "see/samples.h"

/* Under the lock, while the object is there: false: no sample has it. */
bool ter_leaked_note(struct ter_samples *samples, uintptr_t object);

struct ter_leaked;
/* What was noted since the last time; NULL: nothing, or no memory. Under the lock. */
struct ter_leaked *ter_leaked_begin(struct ter_samples *samples);
/* Says it in lines, and gives memory back. Not under the lock. */
void ter_leaked_tell(struct ter_leaked *lost, void (*line)(void *context, const char *text),
                     void *context);
