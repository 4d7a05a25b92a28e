/* SPDX-License-Identifier: MIT */
/* The plans by name. The rows are those of include/terrier/plans.h. */
#pragma once

#include <terrier/plans.h>

#include "cycle/cycle.h"

struct ter_plan_row {
    const char *name;
    const char *help;
    const struct ter_plan *plan;
};

#define TER_PLAN_ENUM(identifier, name, help) TER_PLAN_NUMBER_##identifier,
enum ter_plan_number { TER_PLANS(TER_PLAN_ENUM) TER_PLAN_COUNT };
#undef TER_PLAN_ENUM

extern const struct ter_plan_row ter_plans[TER_PLAN_COUNT];

/* NULL: there is none of that name. */
const struct ter_plan *ter_plan_named(const char *name);
