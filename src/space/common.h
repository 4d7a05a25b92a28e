/* SPDX-License-Identifier: MIT */
/* What every space has, and the answers that all spaces which never move objects share. */
#pragma once

#include "pages/pages.h"
#include "space/policy.h"
#include "trace/trace.h"

struct ter_space {
    struct ter_sft sft;     /* first: what the map answers with */
    struct ter_range range; /* holds nothing where the policy is not in the layout */
    struct ter_arena *arena;
    const struct ter_policy *policy; /* of EMPTY's record too, once the arena has a space */
    const struct ter_kind *kinds;
};

/* The space of a record that the map answered with; of an arena with any space. */
TER_INLINE struct ter_space *ter_space_of(const struct ter_sft *sft)
{
    return (struct ter_space *)(uintptr_t)sft;
}

TER_INLINE const struct ter_side_table *ter_space_table(const struct ter_space *space,
                                                        enum ter_side_id id)
{
    return &space->arena->side.tables[id];
}

/* The policy of EMPTY's record. No space has it. */
extern const struct ter_policy ter_policy_empty;

/*
 * Adds a space to the map of `arena`; its record lives as long as the arena. `slot` counts in
 * contiguous layouts. TER_ERROR_FULL: the map has no room for another space.
 */
ter_status ter_space_new(struct ter_arena *arena, const struct ter_policy *policy, unsigned slot,
                         const struct ter_kind *kinds, struct ter_space **space);
/* Gives back what the space has beside its record. */
void ter_space_fini(struct ter_space *space);

/* ---- Answers that several policies give ---- */

/* trace_object of policies that may stand beside a loop which does not know them. */
ter_object ter_space_trace_object(const struct ter_sft *sft, struct ter_trace *trace,
                                  ter_object object);

/* By the mark bits of the arena's side metadata. */
bool ter_space_is_marked(const struct ter_space *space, uintptr_t object);
void ter_space_set_mark(const struct ter_space *space, uintptr_t object, bool marked);
/* In chunks of the layout's range: does the word lie in memory that the space has? */
bool ter_space_is_gone(const struct ter_space *space, uintptr_t word);
