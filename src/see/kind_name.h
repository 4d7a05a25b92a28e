/* SPDX-License-Identifier: MIT */
/* What kinds of objects are called where people read it. Any thread. */
#pragma once

#include "cycle/cycle.h"

/* Has the program named it? */
bool ter_kind_has_name(const struct ter_collector *collector, unsigned kind);
/* Its name, or "normal" and so on, or "kind 7". */
void ter_kind_add_name(struct ter_text *text, const struct ter_collector *collector, unsigned kind);
