/* SPDX-License-Identifier: MIT */
/*
 * What spaces outside of the layout's range have in common: objects described by bits in records of
 * chunks (pages/outside.h), which never move.
 */
#pragma once

#include "space/block.h"
#include "trace/trace.h"

struct ter_outside_space {
    struct ter_sft sft; /* first: what the map answers with */
    struct ter_ground *ground;
    struct ter_outside_set set; /* the chunks */
    const struct ter_kind *kinds;
};

/* Is it a space of this sort? */
TER_INLINE bool ter_sft_is_outside(const struct ter_sft *sft)
{
    return sft->kind == TER_SPACE_MALLOC || sft->kind == TER_SPACE_VM;
}

/* The space of a record that the map answered with; only for kinds that are ours. */
TER_INLINE const struct ter_outside_space *ter_outside_space_of(const struct ter_sft *sft)
{
    return (const struct ter_outside_space *)(const void *)sft;
}

/* The object that covers the word; 0 if none does. */
TER_INLINE uintptr_t ter_outside_space_find(const struct ter_outside_space *space, uintptr_t word)
{
    return ter_outside_find(&space->ground->outside, &space->set, word);
}

/*
 * Tracing for loops: a word that the map says is such a space's. Every way to set marks is the
 * atomic one, as marks of these objects lie in the records of their chunks.
 */
uintptr_t ter_outside_space_trace(struct ter_scanning *scanning, const struct ter_sft *sft,
                                  uintptr_t word, enum ter_word_form form);

/* The functions that these spaces share. */
struct ter_sft ter_outside_space_functions(enum ter_space_kind kind, const char *name);

/* Adds a space to the map; the rest of its record is zero. The ground must be made for it. */
ter_status ter_outside_space_new(struct ter_ground *ground, const struct ter_sft *functions,
                                 const struct ter_kind *kinds, struct ter_outside_space **space);

/* Calls `visit` for every object. It may remove the object that it gets. */
void ter_outside_space_for_each(const struct ter_outside_space *space, ter_object_visitor *visit,
                                void *context);
