/* SPDX-License-Identifier: MIT */
#include "cycle/unchecked.h"

static void define_marks(const struct ter_space *space)
{
    const struct ter_side_table *marks = ter_space_table(space, TER_SIDE_MARK);
    uintptr_t end = 0, start;

    while ((start = ter_range_next(&space->range, space->arena, end, &end)) != 0) {
        struct ter_side_extent extent = ter_side_extent_of(marks, start, end);

        ter_valgrind_defined(extent.first, extent.last - extent.first + 1);
    }
}

void ter_unchecked_begin(void)
{
    if (ter_on_valgrind())
        ter_valgrind_errors_off();
}

void ter_unchecked_end(const struct ter_collector *collector)
{
    if (!ter_on_valgrind())
        return;
    for (unsigned i = 0; i < collector->space_count; i++)
        if ((collector->spaces[i].space->policy->side & TER_SIDE_SET(MARK)) != 0)
            define_marks(collector->spaces[i].space);
    ter_valgrind_errors_on();
}
