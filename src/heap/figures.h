/* SPDX-License-Identifier: MIT */
/*
 * What is remembered of collections.
 *
 * Invariant: a histogram counts every pause; the log holds the first collections, as many as fit,
 * and is only kept when a report was asked for. Under the heap lock.
 */
#pragma once

#include "plan/plan.h"

/* Log-linear: 64 steps in each power of two, so a percentile is right to 1.6 percent. */
#define TER_PAUSE_STEPS_LOG 6u
#define TER_PAUSE_BUCKETS ((64u - TER_PAUSE_STEPS_LOG + 1) << TER_PAUSE_STEPS_LOG)

struct ter_pauses {
    uint64_t count;
    uint64_t total_ns;
    uint64_t max_ns;
    uint32_t histogram[TER_PAUSE_BUCKETS];
};

struct ter_figures {
    uint64_t by_reason[TER_REASON_COUNT];
    uint64_t collection_total_ns; /* pauses, and what the collecting thread did after them */
    uint64_t collection_max_ns;
    uint64_t mark_total_ns;
    uint64_t sweep_total_ns;
    size_t peak_live_bytes;
    struct ter_collection *log;
    size_t log_capacity;
    size_t log_count;
    struct ter_pauses all;
    struct ter_pauses young; /* of them: of collections of young objects alone */
};

/*
 * With `log_capacity` 0 no log is kept. `figures` is zero, and stays untouched for the most part
 * until there is something to count.
 */
ter_status ter_figures_init(struct ter_figures *figures, size_t log_capacity);
void ter_figures_fini(struct ter_figures *figures);
void ter_figures_add(struct ter_figures *figures, const struct ter_collection *collection);
/* The pause that `percent` of all pauses do not exceed; 0 without pauses. */
uint64_t ter_pauses_percentile(const struct ter_pauses *pauses, unsigned percent);
