/* SPDX-License-Identifier: MIT */
/* Floor `pages`: who owns which chunks, blocks and pages. */
#pragma once

#include "pages/accounting.h"
#include "pages/chunk_table.h"
#include "pages/object_kinds.h"
#include "pages/arena.h"
#include "pages/monotone.h"
#include "pages/foreign.h"
#include "pages/range.h"
#include "pages/ahead.h"
#include "pages/blocks.h"
#include "pages/page_run.h"
#include "pages/free_runs.h"
#include "pages/page_runs.h"
#include "pages/guarded_runs.h"
