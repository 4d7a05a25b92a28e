/* SPDX-License-Identifier: MIT */
/* Floor `roots`: where references into a heap may lie outside it. */
#pragma once

#include "roots/exact.h"
#include "roots/ranges.h"
#include "roots/slots.h"
#include "roots/stack.h"
#include "roots/visit.h"
#include "roots/visitors.h"
