/* SPDX-License-Identifier: MIT */
/* Reports: for people and, as JSON, for machines. Both derive from the table of statistics. */
#pragma once

#include "base/base.h"

struct ter_heap;

/* At the end of a heap: writes what the options `report` and `report_file` ask for, once. */
void ter_heap_write_wanted_report(struct ter_heap *heap);

/* May this process write there? A forked child speaks for itself (%p), or not at all. */
bool ter_heap_speaks(const struct ter_heap *heap, const char *pattern);
