/* SPDX-License-Identifier: MIT */
/* Objects with pages of their own that keep their addresses until they are gone. */
#include "space/protect_policy.h"

const struct ter_policy ter_policy_protect_fixed = {
    TER_PROTECT_POLICY,
    .help = "objects that never move, each in pages of its own, which cannot be touched afterwards",
    .functions = {.kind = TER_SPACE_OTHER,
                  .name = "protect-fixed",
                  .find_object_from_interior = ter_protect_find},
};
