/* SPDX-License-Identifier: MIT */
/*
 * All slots that a layout names, one by one, for checks. The loop of a trace has its own way, with
 * the form of a slot compiled in (trace/loop.h), so that the one can be held against the other.
 */
#pragma once

#include "object/kind.h"

typedef void ter_slot_visitor(void *context, uintptr_t address);

/* Of an object in [start, end) whose kind has a layout. */
void ter_layout_for_each_slot(const struct ter_kind *kind, uintptr_t start, uintptr_t end,
                              ter_slot_visitor *visit, void *context);
/* The same, of its header alone. */
void ter_layout_for_each_slot_of_header(const struct ter_kind *kind, uintptr_t start, uintptr_t end,
                                        ter_slot_visitor *visit, void *context);
