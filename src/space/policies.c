/* SPDX-License-Identifier: MIT */
#include "space/space.h"

#define POLICY_ROW(identifier) &ter_policy_##identifier,
const struct ter_policy *const ter_policies[TER_POLICY_COUNT] = {TER_POLICIES(POLICY_ROW)};
#undef POLICY_ROW

size_t ter_policy_record_bytes(void)
{
    size_t bytes = sizeof(struct ter_space);

    for (size_t i = 0; i < TER_POLICY_COUNT; i++)
        bytes = ter_max(bytes, ter_policies[i]->record_bytes);
    return bytes;
}
