/* SPDX-License-Identifier: MIT */
/* Floor `space`: one file a policy. A space is a record that begins with its SFT. */
#pragma once

#include "pages/pages.h"
#include "sft/sft.h"
#include "trace/trace.h"
#include "space/size_class.h"
#include "space/common.h"
#include "space/block.h"
#include "space/large.h"
#include "space/block_trace.h"
#include "space/large_trace.h"
#include "space/outside_space.h"
#include "space/malloc_space.h"
#include "space/vm_space.h"

/* Of the largest space: what the map of a ground needs to know. */
union ter_any_space {
    struct ter_block_space block;
    struct ter_large_space large;
    struct ter_malloc_space malloc;
    struct ter_vm_space vm;
};
#define TER_SPACE_RECORD_BYTES sizeof(union ter_any_space)
