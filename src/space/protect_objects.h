/* SPDX-License-Identifier: MIT */
/*
 * Spaces in which each object has pages of its own, that are used once (pages/guarded_runs.h).
 *
 * An object ends where its run does: a use of what is behind it faults at once, and that is the
 * common mistake. What lies before it in its first page can be touched, and is nobody's. With
 * alignment to a granule of 16 bytes, and sizes in classes, the end is that of what was given, not
 * of what was asked for.
 *
 * The record of a run's first page, in the table LARGE, says what the object is, and stays when it
 * is gone. An object is one when its valid-object bit is set.
 *
 * In a collection, of a space that moves objects: what is reached by an exact reference, is not
 * pinned and finds room is copied to a run of its own, and the run that it leaves is given up; its
 * memory goes at the latest when it is wanted, so one run more than there were is room enough. Its
 * record says where the object went: nothing is written to what was left, and nothing read. With
 * several workers one at a time reaches objects here: that takes no time beside the calls of the
 * system.
 */
#pragma once

#include "space/common.h"

/* Flags of an object, changed one by one; the upper half is how it was lost, an enum ter_loss. */
enum {
    TER_PROTECT_PINNED = 1,
    TER_PROTECT_STAYS = 2, /* in this collection */
    TER_PROTECT_FIRST_PAGE = 4,
    TER_PROTECT_LOG_LOSS = 4
};

struct ter_protect_record {
    uint16_t slack; /* granules of the run before the object */
    uint8_t kind;
    uint8_t flags;
    uint32_t number;     /* the space's so-and-so-many-th object */
    uint32_t collection; /* since which it is gone */
    uint32_t moved;      /* of one that has moved: pages from the range's start to its new run */
};

struct ter_protect_space {
    struct ter_space space;
    struct ter_guarded_runs runs;
    struct ter_mutex reaching; /* of several workers that may move objects */
    size_t most_used;          /* bytes that the heap may use while objects move */
    uint32_t collections;      /* that prepared this space */
    uint32_t objects;          /* that were allocated */
    bool collecting;           /* since prepare, until release */
};

TER_INLINE struct ter_protect_space *ter_protect_space_of(const struct ter_space *space)
{
    return (struct ter_protect_space *)(uintptr_t)space;
}

TER_INLINE struct ter_protect_record *ter_protect_record_of(const struct ter_arena *arena,
                                                            uintptr_t run)
{
    return TER_SIDE_RECORD(arena->side, LARGE, run);
}

/* The first byte of the object that a run has or had. */
TER_INLINE uintptr_t ter_protect_object_of(const struct ter_arena *arena, uintptr_t run)
{
    uint16_t slack = __atomic_load_n(&ter_protect_record_of(arena, run)->slack, __ATOMIC_RELAXED);

    return run + ((uintptr_t)slack << TER_LOG_BYTES_IN_GRANULE);
}

TER_INLINE size_t ter_protect_bytes_of(const struct ter_arena *arena, uintptr_t run)
{
    return run + ter_guarded_run_bytes(arena, run) - ter_protect_object_of(arena, run);
}

/* The run of an object. */
TER_INLINE uintptr_t ter_protect_run_of(const struct ter_space *space, uintptr_t object)
{
    enum ter_guarded_state state;

    return ter_guarded_runs_find(&space->range, space->arena, object, &state);
}

/* An object for which a run was taken; its mark is set, as of any outside of a collection. */
uintptr_t ter_protect_make(struct ter_protect_space *space, uintptr_t run, size_t bytes,
                           struct ter_protect_record record);
/* The run's object is none any more, for that reason. The run is left, to be closed. */
void ter_protect_lose(struct ter_protect_space *space, uintptr_t run, enum ter_loss loss);

/* ---- Of the policies ---- */

ter_object ter_protect_find(const struct ter_sft *sft, uintptr_t word);
size_t ter_protect_object_bytes(const struct ter_space *space, uintptr_t object);
unsigned ter_protect_object_kind(const struct ter_space *space, uintptr_t object);
bool ter_protect_lost(const struct ter_space *space, uintptr_t word, struct ter_lost *lost);
ter_status ter_protect_init(struct ter_space *space);
void ter_protect_fini(struct ter_space *space);
size_t ter_protect_admit_bytes(size_t bytes);
ter_status ter_protect_allocate(struct ter_space *space, uintptr_t *window, unsigned kind,
                                size_t bytes, uintptr_t *object, bool *zeroed);
size_t ter_protect_free(struct ter_space *space, uintptr_t object);
void ter_protect_keep_by_first_page(struct ter_space *space, uintptr_t object);
void ter_protect_for_each(const struct ter_space *space, ter_object_visitor *visit, void *context);
size_t ter_protect_used_bytes(const struct ter_space *space);
size_t ter_protect_used_in_chunk(const struct ter_space *space, uintptr_t chunk);
void ter_protect_for_each_parcel(const struct ter_space *space, ter_parcel_visitor *visit,
                                 void *context);
void ter_protect_check(const struct ter_space *space);
