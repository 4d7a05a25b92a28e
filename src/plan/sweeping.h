/* SPDX-License-Identifier: MIT */
/* What the plans share in which nothing moves and small objects lie in cells of blocks. */
#pragma once

#include "plan/plan.h"

/* Where most references lead: first. */
#define TER_SWEEPING_SPACES                                                                        \
    {&ter_policy_mark_sweep, TER_SERVES_SMALL}, {&ter_policy_immortal, TER_SERVES_UNCOLLECTABLE},  \
        {&ter_policy_large, TER_SERVES_LARGE},

/* Of mark-sweep. */
extern const struct ter_loop ter_mark_sweep_loop;
