/* SPDX-License-Identifier: MIT */
/*
 * As immix, with young blocks: those that mutators took since the last collection. A collection of
 * young objects alone copies what it reaches in them to old blocks, into their holes first, and
 * leaves what must not move where it is: its block is old then. What else is looked at are the
 * roots and the stores that were logged. When the old ones have grown, all are collected as under
 * immix.
 *
 * After Blackburn and McKinley: "Immix", PLDI 2008, and Appel: "Simple Generational Garbage
 * Collection and Fast Allocation", 1989, whose young space is all that is free.
 */
#include "plan/immix.h"

static const struct ter_plan_space young_immix_spaces[] = {TER_COPYING_SPACES};

static void prepare_young_of_immix(struct ter_collector *collector)
{
    copying_space(collector)->in_place = true;
    copying_prepare_young(collector);
}

const struct ter_plan ter_plan_young_immix = {
    .spaces = young_immix_spaces,
    .space_count = TER_ARRAY_LENGTH(young_immix_spaces),
    .loop = &ter_immix_loop,
    .barrier = TER_BARRIER_LOGGED,
    .prepare = ter_immix_prepare,
    .prepare_young = prepare_young_of_immix,
};
