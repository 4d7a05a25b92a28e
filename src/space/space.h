/* SPDX-License-Identifier: MIT */
/* Floor `space`: one file a policy. A space is a record that begins with its SFT. */
#pragma once

#include "pages/pages.h"
#include "sft/sft.h"
#include "space/kind.h"
#include "space/size_class.h"
#include "space/common.h"
#include "space/block.h"
#include "space/large.h"

/* Of the largest space: what the map of a ground needs to know. */
#define TER_SPACE_RECORD_BYTES                                                                     \
    (sizeof(struct ter_block_space) > sizeof(struct ter_large_space)                               \
         ? sizeof(struct ter_block_space)                                                          \
         : sizeof(struct ter_large_space))
