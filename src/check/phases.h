/* SPDX-License-Identifier: MIT */
/*
 * What a checked heap does in a collection.
 *
 * Invariant: the walk comes before the collector looks at anything, so that it, and not the
 * collector, trips over what the program did; and once more when what was not reached is gone.
 */
#pragma once

#include "check/checking.h"

/* With the options and `is_foreign` filled in, and the rest zero. */
void ter_checking_init(struct ter_checking *checking, struct ter_collector *collector);
void ter_checking_fini(struct ter_checking *checking);

/* Under a plan that never collects: the walk, with the world stopped. */
void ter_checking_look(struct ter_checking *checking);
