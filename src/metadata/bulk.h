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

#include <string.h>

#include "metadata/values.h"

/*
 * Every value of the range becomes `value`. For lines to come: those that one object spans take the
 * mark of this collection.
 */
void ter_side_fill_range(const struct ter_side_table *table, uintptr_t start, uintptr_t end,
                         uint64_t value);

/* Does the range end, at both ends, where a word of the table does? */
TER_INLINE bool ter_side_is_whole_words(const struct ter_side_table *table, uintptr_t start,
                                        uintptr_t end)
{
    uintptr_t data_of_word = (uintptr_t)sizeof(uint64_t) << table->shift;

    return start < end && ((start | end) & (data_of_word - 1)) == 0;
}

TER_INLINE void ter_side_zero_range(const struct ter_side_table *table, uintptr_t start,
                                    uintptr_t end)
{
    TER_ASSERT(table->log_bits <= TER_SIDE_LOG_VALUE_BITS);
    if (TER_LIKELY(ter_side_is_whole_words(table, start, end)))
        memset((void *)ter_side_address(table, start), 0, (end - start) >> table->shift);
    else
        ter_side_fill_range(table, start, end, 0);
}

/*
 * Sets every bit of every value. For slots to come: those of an object that is old are to be
 * logged.
 */
TER_INLINE void ter_side_set_range(const struct ter_side_table *table, uintptr_t start,
                                   uintptr_t end)
{
    TER_ASSERT(table->log_bits <= TER_SIDE_LOG_VALUE_BITS);
    if (TER_LIKELY(ter_side_is_whole_words(table, start, end)))
        memset((void *)ter_side_address(table, start), 0xff, (end - start) >> table->shift);
    else
        ter_side_fill_range(table, start, end, ter_side_mask(table));
}
