/* SPDX-License-Identifier: MIT */
/* What other plans share with immix: how it reaches objects, and what it does before. */
#pragma once

#include "plan/copying.h"

extern const struct ter_loop ter_immix_loop;

/* Chooses the blocks that are left, and prepares all spaces. */
void ter_immix_prepare(struct ter_collector *collector);
