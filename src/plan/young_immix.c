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

static struct ter_copy_space *young_space(const struct ter_collector *collector)
{
    return ter_copy_space_of(collector->spaces[0].space);
}

static void prepare_young(struct ter_collector *collector)
{
    struct ter_copy_space *space = young_space(collector);

    ter_copy_prepare_young(space);
    collector->tracer.context = space->copiers;
    ter_copy_begin(space, copying_room(collector));
}

static void release_young(struct ter_collector *collector, struct ter_live *live)
{
    ter_copy_release_young(young_space(collector), live);
}

const struct ter_plan ter_plan_young_immix = {
    .spaces = young_immix_spaces,
    .space_count = TER_ARRAY_LENGTH(young_immix_spaces),
    .loop = &ter_immix_loop,
    .barrier = TER_BARRIER_LOGGED,
    .prepare = ter_immix_prepare,
    .prepare_young = prepare_young,
    .release_young = release_young,
};
