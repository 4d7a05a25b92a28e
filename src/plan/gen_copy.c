/* SPDX-License-Identifier: MIT */
/*
 * As semispace, with young objects: those that came since the last collection. A collection of them
 * alone copies what it reaches of them, and leaves their blocks. When the old ones have grown, all
 * are copied as under semispace.
 *
 * After Appel: "Simple Generational Garbage Collection and Fast Allocation", 1989.
 */
#include "plan/semispace.h"

static const struct ter_plan_space gen_copy_spaces[] = {TER_COPYING_SPACES};

const struct ter_plan ter_plan_gen_copy = {
    .spaces = gen_copy_spaces,
    .space_count = TER_ARRAY_LENGTH(gen_copy_spaces),
    .loop = &ter_semispace_loop,
    .barrier = TER_BARRIER_LOGGED,
    .prepare = ter_semispace_prepare,
    .prepare_young = copying_prepare_young,
};
