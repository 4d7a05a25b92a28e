/* SPDX-License-Identifier: MIT */
/* What nobody owns is outside of the heap. No space has this policy but EMPTY's own record. */
#include "space/space.h"

static bool is_outside_the_heap(const struct ter_space *space, uintptr_t word)
{
    (void)space, (void)word;
    return false;
}

const struct ter_policy ter_policy_empty = {
    .help = "what nobody owns",
    .record_bytes = sizeof(struct ter_space),
    .owned_by_program = true,
    .is_gone = is_outside_the_heap,
};
