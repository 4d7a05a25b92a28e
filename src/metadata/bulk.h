/* SPDX-License-Identifier: MIT */
/*
 * Changes of the values of whole ranges of data.
 *
 * Invariant: values outside [start, end) stay as others leave them, also when they share a byte or
 * word with values inside; there the change is atomic. The values inside are the caller's own while
 * it lasts. No order is promised: who publishes the range says when it may be read.
 *
 * `start` and `end` are multiples of a region, and mapped. Any thread.
 */
#pragma once

#include "metadata/table.h"

/* Every value of the range becomes `value`. */
void ter_side_fill_range(const struct ter_side_table *table, uintptr_t start, uintptr_t end,
                         uint64_t value);
void ter_side_zero_range(const struct ter_side_table *table, uintptr_t start, uintptr_t end);
/* Sets every bit of every value. */
void ter_side_set_range(const struct ter_side_table *table, uintptr_t start, uintptr_t end);

/* Every value of the range becomes the one in `from`, a table of the same widths. */
void ter_side_copy_range(const struct ter_side_table *to, const struct ter_side_table *from,
                         uintptr_t start, uintptr_t end);
