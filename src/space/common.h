/* SPDX-License-Identifier: MIT */
/* What every space has, and the answers that all spaces which never move objects share. */
#pragma once

#include "pages/pages.h"
#include "sft/sft.h"
#include "trace/trace.h"

struct ter_space {
    struct ter_sft sft; /* first: what the map answers with */
    struct ter_range range;
    struct ter_ground *ground;
};

/* Live bytes after a collection, as the trigger wants them. */
struct ter_live {
    size_t objects;
    size_t scanned_bytes; /* of objects that may hold references */
    size_t atomic_bytes;  /* of objects that hold none */
};

/* The space of a record that the map answered with; only for kinds that are ours. */
TER_INLINE const struct ter_space *ter_space_of(const struct ter_sft *sft)
{
    return (const struct ter_space *)(const void *)sft;
}

TER_INLINE const struct ter_side_table *ter_space_table(const struct ter_space *space,
                                                        enum ter_side_id id)
{
    return &space->ground->side.tables[id];
}

/* The functions that are the same in all spaces that never move objects. */
struct ter_sft ter_space_non_moving_functions(enum ter_space_kind kind, const char *name);

/*
 * Adds a space to the map of `ground` and gives it a slot; its record is zero behind the common
 * part and lives as long as the ground. TER_ERROR_FULL: the map has no room for another space.
 */
ter_status ter_space_new(struct ter_ground *ground, const struct ter_sft *functions, unsigned slot,
                         ter_side_set side, struct ter_space **space);

/* A sweep turns what was reached into what is there: valid-object bits &= mark bits. */
bool ter_space_is_marked(const struct ter_space *space, uintptr_t object);
