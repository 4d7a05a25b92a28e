/* SPDX-License-Identifier: MIT */
/* Small objects of all kinds on shelves, large ones in pages; what is not reached is freed. */
#include "plan/plan.h"

static const struct ter_plan_space shelves_spaces[] = {
    {&ter_policy_shelf, TER_SERVES_SMALL | TER_SERVES_UNCOLLECTABLE},
    {&ter_policy_large, TER_SERVES_LARGE},
};

const struct ter_plan ter_plan_shelves = {
    .spaces = shelves_spaces,
    .space_count = TER_ARRAY_LENGTH(shelves_spaces),
    .loop = &ter_policy_loop,
    .barrier = TER_BARRIER_NONE,
};
