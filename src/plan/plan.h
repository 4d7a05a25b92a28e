/* SPDX-License-Identifier: MIT */
/*
 * Floor `plan`: how a heap is divided into spaces and how it is collected. One file a plan, which
 * ends in one constant record (cycle/plan.h), and one row in include/terrier/plans.h.
 */
#pragma once

#include "plan/table.h"
