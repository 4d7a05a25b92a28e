/* SPDX-License-Identifier: MIT */
/* Floor `pages`: who owns which chunks, blocks and pages. */
#pragma once

#include "pages/accounting.h"
#include "pages/blocks.h"
#include "pages/chunks.h"
#include "pages/runs.h"
