/* SPDX-License-Identifier: MIT */
#include "plan/table.h"

#include <string.h>

#define PLAN_DECLARATION(identifier, name, help) extern const struct ter_plan ter_plan_##identifier;
TER_PLANS(PLAN_DECLARATION)
#undef PLAN_DECLARATION

#define PLAN_ROW(identifier, name, help) {name, help, &ter_plan_##identifier},
const struct ter_plan_row ter_plans[TER_PLAN_COUNT] = {TER_PLANS(PLAN_ROW)};
#undef PLAN_ROW

const struct ter_plan *ter_plan_named(const char *name)
{
    for (size_t i = 0; i < TER_PLAN_COUNT; i++)
        if (strcmp(ter_plans[i].name, name) == 0)
            return ter_plans[i].plan;
    return NULL;
}
