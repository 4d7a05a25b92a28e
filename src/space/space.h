/* SPDX-License-Identifier: MIT */
/* Floor `space`: one file or folder a policy, each ending in one constant record. */
#pragma once

#include "pages/pages.h"
#include "sft/sft.h"
#include "trace/trace.h"
#include "space/size_class.h"
#include "space/cell_run.h"
#include "space/policy.h"
#include "space/common.h"
#include "space/block.h"
#include "space/large.h"
#include "space/block_trace.h"
#include "space/copy_block.h"
#include "space/copy_choose.h"
#include "space/copy_runs.h"
#include "space/copy_trace.h"
#include "space/copy_collect.h"
#include "space/large_trace.h"
#include "space/foreign_space.h"
#include "space/malloc_space.h"
#include "space/vm_space.h"
#include "space/policies.h"
