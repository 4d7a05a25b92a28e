/* SPDX-License-Identifier: MIT */
/* What a heap is made of. */
#pragma once

#include <terrier/heap.h>

#include "heap/figures.h"
#include "plan/plan.h"

struct ter_heap {
    struct ter_plan plan;
    struct ter_options options;
    struct ter_figures figures;
    uint64_t born_ns;
    unsigned process; /* that made it: a forked child writes no report in its name */
};

/* Fills in everything; under the heap lock. */
void ter_heap_statistics_locked(const struct ter_heap *heap, struct ter_statistics *statistics);
