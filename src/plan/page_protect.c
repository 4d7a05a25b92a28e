/* SPDX-License-Identifier: MIT */
/*
 * To find uses of what is gone: each object has pages of its own, and those of one that was not
 * reached, was freed or has moved cannot be touched any more. Whoever does is told what was there.
 * Small objects move in every collection unless something pins them, so that references to living
 * ones are found too that the heap was not told of.
 *
 * After the idea of Perens's Electric Fence, 1987, and MMTk's plan PageProtect.
 */
#include "plan/plan.h"

static const struct ter_plan_space page_protect_spaces[] = {
    {&ter_policy_protect, TER_SERVES_SMALL},
    {&ter_policy_protect_fixed, TER_SERVES_FIXED | TER_SERVES_UNCOLLECTABLE | TER_SERVES_LARGE},
};

/* Copies stay below the maximum of the heap; what finds no room does not move. */
static void prepare_page_protect(struct ter_collector *collector)
{
    size_t most = collector->trigger.max_bytes;

    ter_spaces_prepare(collector);
    ter_protect_begin(collector->spaces[0].space, most == 0 ? SIZE_MAX : most);
}

const struct ter_plan ter_plan_page_protect = {
    .spaces = page_protect_spaces,
    .space_count = TER_ARRAY_LENGTH(page_protect_spaces),
    .loop = &ter_policy_loop,
    .barrier = TER_BARRIER_NONE,
    .prepare = prepare_page_protect,
};
