/* SPDX-License-Identifier: MIT */
/*
 * No collection: what is allocated stays, one object after another, until the heap is full and
 * allocation fails. For short programs, and for what collecting costs in others.
 */
#include "plan/plan.h"

static const struct ter_plan_space no_gc_spaces[] = {
    {&ter_policy_bump, TER_SERVES_SMALL | TER_SERVES_UNCOLLECTABLE},
    {&ter_policy_large, TER_SERVES_LARGE},
};

const struct ter_plan ter_plan_no_gc = {
    .spaces = no_gc_spaces,
    .space_count = TER_ARRAY_LENGTH(no_gc_spaces),
    .barrier = TER_BARRIER_NONE,
};
