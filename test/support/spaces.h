/* SPDX-License-Identifier: MIT */
/* Spaces of any policy, by their records. */
#pragma once

#include "space/space.h"

#include "arena.h"

TER_INLINE void *test_space_new(struct ter_arena *arena, const struct ter_policy *policy,
                                unsigned slot, const struct ter_kind *kinds)
{
    struct ter_space *space;

    assert_int_equal(ter_space_new(arena, policy, slot, kinds, &space), TER_OK);
    assert_ptr_equal(space->policy, policy);
    return space;
}

/* A large object; the space is a large object space. */
TER_INLINE ter_status test_allocate_large(struct ter_large_space *space, size_t bytes,
                                          unsigned kind, uintptr_t *object, bool *zeroed)
{
    uintptr_t window = 0;

    return ter_policy_large.allocate(&space->space, &window, kind, bytes, object, zeroed);
}
