/* SPDX-License-Identifier: MIT */
/* Small objects in cells of blocks that live until their owner frees them. */
#include "space/block_policy.h"

/* Whatever a collection has seen of it. */
static bool is_immortal_object(const struct ter_sft *sft, ter_object object)
{
    return !ter_object_is_none(sft->find_object(sft, object.bits));
}

const struct ter_policy ter_policy_immortal = {
    TER_BLOCK_SPACE_POLICY,
    .release_young = ter_block_space_sweep_young, /* lets others take the blocks */
    .help = "small objects in size-class cells that live until freed",
    .functions = {.kind = TER_SPACE_IMMORTAL,
                  .name = "immortal",
                  .find_object_from_interior = ter_block_space_find,
                  .is_live = is_immortal_object,
                  .is_sane = is_immortal_object},
};
