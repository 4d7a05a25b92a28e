/* SPDX-License-Identifier: MIT */
/* Floor `roots`: where references into a heap may lie outside it. */
#pragma once

#include "roots/exact.h"
#include "roots/ranges.h"
#include "roots/stack.h"
