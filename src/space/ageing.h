/* SPDX-License-Identifier: MIT */
/*
 * Young objects and old ones, where a plan collects the young by themselves: the bits that tell
 * barriers of old objects (metadata/specs.h: SLOT_LOG, OBJECT_LOG).
 *
 * Invariant: between collections, what has been there since the last one has its bits set, unless a
 * barrier logged it since; what came later has none. So memory that is handed out has its bits
 * cleared first, and what a collection leaves has them set.
 */
#pragma once

#include "space/common.h"

/* Is there anything old in the heap? */
TER_INLINE bool ter_arena_ages(const struct ter_arena *arena)
{
    return (arena->side_of_all & TER_SIDE_SET(SLOT_LOG)) != 0;
}

/* Does the space have young objects and old ones? Else all are old from the beginning. */
TER_INLINE bool ter_space_ages(const struct ter_space *space)
{
    return space->policy->prepare_young != NULL && ter_arena_ages(space->arena);
}

/* Is the object old, and not logged as a whole? */
TER_INLINE bool ter_space_is_old(const struct ter_space *space, uintptr_t object)
{
    return ter_log_bit_test(ter_space_table(space, TER_SIDE_OBJECT_LOG)->bias,
                            object >> TER_LOG_BYTES_IN_GRANULE);
}

/* What lies in [start, end), of granules, is old from now on. And: has no bits any more. */
void ter_space_make_old(const struct ter_space *space, uintptr_t start, uintptr_t end);
void ter_space_make_new(const struct ter_space *space, uintptr_t start, uintptr_t end);
