/* SPDX-License-Identifier: MIT */
/* What happened in a collection, for statistics, events and reports. */
#pragma once

#include "alloc/alloc.h"
#include "weak/weak.h"

/* X(identifier, text for people): why a collection happened. */
#define TER_COLLECTION_REASONS(X)                                                                  \
    X(ALLOCATION, "heap full")                                                                     \
    X(REQUEST, "requested")                                                                        \
    X(MEMORY, "out of memory")                                                                     \
    X(STRESS, "stress")

#define TER_REASON_ENUM(identifier, text) TER_REASON_##identifier,
enum ter_collection_reason { TER_COLLECTION_REASONS(TER_REASON_ENUM) TER_REASON_COUNT };
#undef TER_REASON_ENUM

struct ter_collection {
    uint64_t number; /* from 1 */
    enum ter_collection_reason reason;
    uint64_t start_ns;
    uint64_t pause_ns;
    uint64_t mark_ns;
    uint64_t sweep_ns;
    size_t allocated_bytes;   /* since the collection before */
    size_t used_before_bytes; /* blocks and pages in use */
    size_t used_after_bytes;
    size_t heap_bytes; /* the limit at the time */
    struct ter_live live;
};

/* Called under the heap lock; by default nobody listens. */
struct ter_plan_listener {
    void (*before)(void *context, enum ter_collection_reason reason);
    void (*after)(void *context, const struct ter_collection *collection);
    void *context;
};
