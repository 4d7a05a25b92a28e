/* SPDX-License-Identifier: MIT */
/*
 * The part of a map that changes.
 *
 * One allocation holds, in this order: this state with its bitmaps, the records, the table. It is
 * zero at first and costs memory only where it is written.
 *
 * Invariant: entries change only under `lock`, from EMPTY to a space that was added or back; the
 * entry behind the last region is EMPTY for ever. `groups` has a group when and only when an entry
 * in it is not EMPTY.
 */
#pragma once

#include <terrier/sft.h>

#include "base/base.h"
#include "sft/groups.h"

/* Entries of a group. */
#define TER_SFT_LOG_GROUP 12u

struct ter_sft_map_state {
    struct ter_lock lock;
    size_t block_bytes;
    unsigned spaces; /* added; the records 1 up to this one are in use */
    ter_sft_tracer *tracer;
    void *tracer_context;
    struct ter_sft_groups groups;
    uint64_t group_words[];
};

/* The space of an entry, of a map of any form. */
TER_INLINE const struct ter_sft *ter_sft_map_entry(const struct ter_sft_map *map, uintptr_t index)
{
    if (map->kind == TER_SFT_SPACE_MAP)
        return ter_sft_space_entry(map, index);
    if (map->kind == TER_SFT_SPARSE_MAP)
        return ter_sft_sparse_entry(map, index);
    return ter_sft_dense_entry(map, index);
}

TER_INLINE void ter_sft_report_change(const struct ter_sft_map *map,
                                      const struct ter_sft_change *change)
{
    const struct ter_sft_map_state *state = map->state;

    if (TER_UNLIKELY(state->tracer != NULL))
        state->tracer(state->tracer_context, change);
}

/* Visits the runs of the map. Under its lock. */
void ter_sft_map_visit_runs(const struct ter_sft_map *map, ter_sft_run_visitor *visit,
                            void *context);

/* Fills in the functions that a space left out. */
void ter_sft_fill_defaults(struct ter_sft *space);

extern const struct ter_sft ter_sft_empty_functions;
