/* SPDX-License-Identifier: MIT */
/*
 * Floor `plan`: how a heap is divided into spaces and how it is collected. One file per plan; today
 * there is one, mark-sweep, whole heap, non-moving, conservative.
 */
#pragma once

#include "plan/collection.h"
#include "plan/mark_sweep.h"
#include "plan/trigger.h"
