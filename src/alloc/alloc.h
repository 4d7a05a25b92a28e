/* SPDX-License-Identifier: MIT */
/* Floor `alloc`: allocators and the mutator. */
#pragma once

#include "alloc/allocate.h"
#include "alloc/allocator.h"
#include "alloc/arrivals.h"
#include "alloc/bind.h"
#include "alloc/by_policy.h"
#include "alloc/by_runs.h"
#include "alloc/counts.h"
#include "alloc/ends.h"
#include "alloc/freeing.h"
#include "alloc/malloc_objects.h"
#include "alloc/misuse.h"
#include "alloc/mutator.h"
#include "alloc/outside.h"
#include "alloc/cell_runs.h"
#include "alloc/safepoints.h"
#include "alloc/stacks.h"
#include "alloc/standing.h"
#include "alloc/stores.h"
#include "alloc/switching.h"
#include "alloc/world.h"
