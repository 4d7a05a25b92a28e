/* SPDX-License-Identifier: MIT */
/*
 * As mark-sweep, with young objects: those that came since the last collection. A collection of
 * them alone leaves the marks of all others set, so that it goes no further than to them, and
 * sweeps the blocks only that mutators took meanwhile. Nothing moves.
 *
 * After Demers, Weiser, Hayes, Boehm, Bobrow and Shenker: "Combining Generational and Conservative
 * Garbage Collection: Framework and Implementations", POPL 1990, where marks that stay are called
 * sticky.
 */
#include "plan/sweeping.h"

static const struct ter_plan_space sticky_mark_sweep_spaces[] = {TER_SWEEPING_SPACES};

const struct ter_plan ter_plan_sticky_mark_sweep = {
    .spaces = sticky_mark_sweep_spaces,
    .space_count = TER_ARRAY_LENGTH(sticky_mark_sweep_spaces),
    .loop = &ter_mark_sweep_loop,
    .barrier = TER_BARRIER_LOGGED,
};
