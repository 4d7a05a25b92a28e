/* SPDX-License-Identifier: MIT */
/* Floor `sft`: the table of functions, EMPTY and the map are public, for use on their own. */
#pragma once

#include <terrier/sft.h>

#include "base/base.h"
#include "layout/layout.h"

/* Number of a space of the map: 1 for the first that was added. 0 is EMPTY's. */
uint8_t ter_sft_space_number(const struct ter_sft_map *map, const struct ter_sft *space);

/*
 * From now on every change of the map is a line of the log; if wanted, the whole map follows each,
 * a line for every run. `map` stays where it is.
 */
void ter_sft_log_changes(const struct ter_sft_map *map, bool whole_map);
