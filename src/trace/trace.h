/* SPDX-License-Identifier: MIT */
/* Floor `trace`: what was reached and not yet scanned, and who scans it. */
#pragma once

#include "trace/mark_stack.h"
#include "trace/share.h"
#include "trace/workers.h"
