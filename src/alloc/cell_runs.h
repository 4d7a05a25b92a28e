/* SPDX-License-Identifier: MIT */
/*
 * What a collector does with the cell runs of mutators: gives them back, or marks what they hold.
 * Under the heap lock.
 */
#pragma once

#include "alloc/mutator.h"

/*
 * Makes every run and freed cell free for all again. Its thread is the caller, or blocked: not one
 * that a signal stopped, which may be about to move a cursor.
 */
void ter_mutator_flush(struct ter_mutator *mutator);
/* Sets the mark of every cell that the mutator's runs still hold: they stay its own. */
void ter_mutator_mark_cell_runs(const struct ter_mutator *mutator,
                                const struct ter_side_table *marks);
