/* SPDX-License-Identifier: MIT */
/* What other plans share with semispace: how it reaches objects, and what it does before. */
#pragma once

#include "plan/copying.h"

extern const struct ter_loop ter_semispace_loop;

/* All blocks are left, and all spaces prepared. */
void ter_semispace_prepare(struct ter_collector *collector);
