/* SPDX-License-Identifier: MIT */
/* The two formats of a report. */
#pragma once

#include "heap/instance.h"
#include "heap/occupancy.h"
#include "heap/writer.h"

void ter_report_text(struct ter_heap *heap, struct ter_writer *writer);
void ter_report_json(struct ter_heap *heap, struct ter_writer *writer);

/* "heap full" and so on. */
const char *ter_report_reason(enum ter_collection_reason reason);
