/* SPDX-License-Identifier: MIT */
/* Small objects in cells of blocks; what a collection does not reach goes. */
#include "space/block_policy.h"

const struct ter_policy ter_policy_mark_sweep = {
    TER_BLOCK_SPACE_POLICY,
    .prepare_young = ter_block_space_prepare_young,
    .release_young = ter_block_space_sweep_young,
    .for_each_young = ter_block_space_for_each_young,
    .open_bytes = ter_block_space_open_bytes,
    .help = "small objects in size-class cells, emptied by the sweep",
    .functions = {.kind = TER_SPACE_MARK_SWEEP,
                  .name = "mark-sweep",
                  .find_object_from_interior = ter_block_space_find},
};
