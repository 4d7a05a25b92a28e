/* SPDX-License-Identifier: MIT */
/* Floor `sft`: the table of functions, EMPTY and the map are public, for use on their own. */
#pragma once

#include <terrier/sft.h>

#include "base/base.h"
#include "layout/layout.h"

/* From now on every change of the map is a line of the log. */
void ter_sft_log_changes(const struct ter_sft_map *map);
