/* SPDX-License-Identifier: MIT */
/* What the records of mark-sweep and immortal have in common. */
#pragma once

#include "space/block.h"

#define TER_BLOCK_SPACE_POLICY                                                                     \
    .record_bytes = sizeof(struct ter_block_space), .in_layout = true, .cells = true,              \
    .side = TER_SIDE_SET(VALID_OBJECT) | TER_SIDE_SET(MARK) | TER_SIDE_SET(BLOCK) |                \
            TER_SIDE_SET(BLOCK_STATE) | TER_SIDE_SET(BLOCK_LINK),                                  \
    .init = ter_block_space_init, .fini = ter_block_space_fini,                                    \
    .prepare = ter_block_space_prepare, .release = ter_block_space_sweep,                          \
    .for_each = ter_block_space_for_each, .for_each_parcel = ter_block_space_for_each_parcel,      \
    .used_bytes = ter_block_space_used, .used_in_chunk = ter_block_space_used_in_chunk,            \
    .trim = ter_block_space_trim, .hollow = ter_block_space_hollow,                                \
    .check = ter_block_space_check, .object_bytes = ter_block_space_object_bytes,                  \
    .object_kind = ter_block_space_object_kind, .is_marked = ter_space_is_marked,                  \
    .set_mark = ter_space_set_mark, .is_gone = ter_space_is_gone
