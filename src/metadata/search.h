/* SPDX-License-Identifier: MIT */
/*
 * Finding values that are not zero.
 *
 * Invariant: the answer is the one that looking at the regions one by one would give, where regions
 * outside the table's data or not mapped count as zero; memory that is not mapped is never read.
 * Only regions that begin in the range count. Values may change meanwhile: each is then taken as it
 * was at some moment of the search, so who needs more loads it again.
 *
 * The search downward finds the object around a word (valid.h). Those upward are for policies to
 * come: the next used line ends a hole, each pin and each object that stays where it is is visited.
 *
 * Words are read 64 bits at a time, runs of zeros with vectors. Any thread; no lock. Tables of
 * values of 1 to 64 bits.
 */
#pragma once

#include "metadata/table.h"

/* The first in [from, end); *found is the region's first byte. False: none. */
bool ter_side_find_next_non_zero(const struct ter_side_table *table, uintptr_t from, uintptr_t end,
                                 uintptr_t *found);

/* The last in [lowest, from], `from` included. */
bool ter_side_find_previous_non_zero(const struct ter_side_table *table, uintptr_t from,
                                     uintptr_t lowest, uintptr_t *found);

/* False to look no further. May change the value that it is called for, and those behind it. */
typedef bool ter_side_visitor(void *context, uintptr_t address);

/* Each in [start, end), upward. False when the visitor stopped it. */
bool ter_side_for_each_non_zero(const struct ter_side_table *table, uintptr_t start, uintptr_t end,
                                ter_side_visitor *visit, void *context);

/* Is the value for `address` one that may be read? False outside the table's data. */
bool ter_side_is_mapped(const struct ter_side_table *table, uintptr_t address);
