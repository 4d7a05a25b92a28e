/* SPDX-License-Identifier: MIT */
/*
 * A walk through the heap by ways of its own: from every root that the program lists through every
 * slot, with no mark, no mark stack and no loop of the collector's. It stops at the first slot that
 * does not hold the address of an object or 0, at a slot that is reported twice, and at a size that
 * its kind cannot mean.
 *
 * Where stacks are scanned too, it begins with all objects that a collection left.
 *
 * With the world stopped, under the heap lock. The tables of what was seen stay filled until
 * ter_check_walk_end, for who wants to look further.
 */
#pragma once

#include "check/checking.h"

/* `after`: a collection has just released what it did not reach. */
void ter_check_walk(struct ter_checking *checking, bool after);
void ter_check_walk_end(struct ter_checking *checking);
