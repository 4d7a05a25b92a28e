/* SPDX-License-Identifier: MIT */
/* What happened in a collection, for statistics, events and reports. */
#pragma once

#include <terrier/collections.h>

#include "alloc/alloc.h"
#include "weak/weak.h"

/*
 * Times are counted from the decision to collect. The pause ends when the last thread may run
 * again; what the collecting thread does after that is in the whole time alone.
 */
struct ter_collection {
    uint64_t number; /* from 1 */
    enum ter_collection_reason reason;
    bool young; /* of young objects alone */
    uint64_t start_ns;
    uint64_t pause_ns;
    uint64_t mark_ns;         /* of the pause: up to the end of marking */
    uint64_t sweep_ns;        /* of the pause: from there on */
    uint64_t total_ns;        /* with the freeing, trimming and callbacks that follow the pause */
    uint64_t looked_ns;       /* what callbacks took to look at the heap; in none of these times */
    size_t allocated_bytes;   /* since the collection before */
    size_t used_before_bytes; /* blocks and pages in use */
    size_t used_after_bytes;
    size_t heap_bytes; /* the limit at the time */
    struct ter_live live;
};
