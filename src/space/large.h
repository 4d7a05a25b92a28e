/* SPDX-License-Identifier: MIT */
/*
 * Large object space: each object in a run of pages of its own.
 *
 * Invariant: a used run holds one object, which begins at its first byte; its record and its
 * valid-object bit say so. Uncollectable large objects live here too; they are roots.
 */
#pragma once

#include "space/common.h"

struct ter_large_record {
    size_t bytes; /* what the object has, a multiple of a granule, at most the run */
    uint8_t kind;
    uint8_t scan;
    bool first_page_only; /* words that point past the first page do not keep it */
};

struct ter_large_space {
    struct ter_space space;
    struct ter_runs runs;
    const struct ter_kind *kinds;
};

ter_status ter_large_space_new(struct ter_ground *ground, unsigned slot,
                               const struct ter_kind *kinds, struct ter_large_space **space);

/* ---- Allocation; under the heap lock ---- */

/* *zeroed says that the memory reads zero; clearing it is the caller's, outside the lock. */
ter_status ter_large_space_allocate(struct ter_large_space *space, size_t bytes, unsigned kind,
                                    uintptr_t *object, bool *zeroed);
void ter_large_space_free(struct ter_large_space *space, uintptr_t object);
/* Grows an object where it is; the new part is zero before it counts, if the kind wants that. */
bool ter_large_space_extend(struct ter_large_space *space, uintptr_t object, size_t bytes);

/* ---- Collection; with the world stopped ---- */

void ter_large_space_prepare(struct ter_large_space *space);
void ter_large_space_sweep(struct ter_large_space *space, struct ter_live *live);
void ter_large_space_for_each(const struct ter_large_space *space, ter_object_visitor *visit,
                              void *context);

/* Gives up to about `bytes` of free memory back to the system; returns how much. */
size_t ter_large_space_trim(struct ter_large_space *space, size_t bytes);

/* ---- Questions ---- */

TER_INLINE struct ter_large_record *ter_large_record_of(const struct ter_ground *ground,
                                                        uintptr_t object)
{
    return TER_SIDE_RECORD(ground->side, LARGE, object);
}
