/* SPDX-License-Identifier: MIT */
/* Moving objects when all was reached, for plans that say how. With the world stopped. */
#pragma once

#include "cycle/collector.h"

/*
 * Behind the plan's `lay_out`, before anything is released: tells all who refer to objects, and
 * moves them.
 */
void ter_move_steps(struct ter_collector *collector);
