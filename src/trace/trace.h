/* SPDX-License-Identifier: MIT */
/* Floor `trace`: the queue of objects that were reached and not yet scanned. */
#pragma once

#include "trace/mark_stack.h"
