/* SPDX-License-Identifier: MIT */
/*
 * What a checked heap does in a collection.
 *
 * Invariant: the walk comes before the collector looks at anything, so that it, and not the
 * collector, trips over what the program did; and once more when what was not reached is gone.
 */
#pragma once

#include "check/checking.h"

/* For the collector's callbacks. */
void ter_checking_passed(void *context, const struct ter_passage *passage);
/* Under a plan that never collects: the walk, with the world stopped. */
void ter_checking_look(struct ter_checking *checking);
