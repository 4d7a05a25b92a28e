/* SPDX-License-Identifier: MIT */
/*
 * What grows: the live bytes of each stack of the samples, after collections of all objects, and
 * a text that says of which there are more and more.
 *
 * Invariant: some marks are kept, evenly spread over all collections there were, and the last one.
 * A mark for which there is no memory is left out. Under the heap lock, but for writing.
 */
#pragma once

#include "see/samples.h"

/* Marks that are kept: when there are so many, every other one goes. */
#define TER_GROWTH_MARKS 16u

struct ter_growth {
    struct ter_samples *samples; /* NULL: it was not begun */
    struct ter_callbacks callbacks;
    uint64_t collections;                 /* of all objects */
    uint64_t step;                        /* each so-many-th has a mark */
    unsigned count;                       /* marks; one more is that of the last collection */
    uint64_t marks[TER_GROWTH_MARKS + 1]; /* collections, by their number */
    struct ter_weak_list values;          /* struct ter_stack_growth, by the number of the stack */
};

/* At each mark. */
struct ter_stack_growth {
    double bytes[TER_GROWTH_MARKS + 1];
    double objects; /* at the last one */
};

/* Before the heap has mutators, and after the samples were begun. */
void ter_growth_begin(struct ter_growth *growth, struct ter_samples *samples);
void ter_growth_fini(struct ter_growth *growth);

struct ter_growth_report;
/* As it is now. Under the heap lock. To be finished if it is TER_OK. */
ter_status ter_growth_report_begin(struct ter_growth_report **report,
                                   const struct ter_growth *growth);
/* Writes it as text, and gives memory back. Not under the lock. TER_ERROR_SYSTEM, with errno: it
 * cannot be written. */
ter_status ter_growth_report_finish(struct ter_growth_report *report, int file);
