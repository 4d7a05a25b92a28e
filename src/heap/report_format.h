/* SPDX-License-Identifier: MIT */
/* The two formats of a report. */
#pragma once

#include "heap/instance.h"
#include "heap/occupancy.h"
#include "heap/parcels.h"
#include "see/see.h"

void ter_report_text(struct ter_heap *heap, struct ter_writer *writer);
void ter_report_json(struct ter_heap *heap, struct ter_writer *writer);
