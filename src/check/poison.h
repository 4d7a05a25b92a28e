/* SPDX-License-Identifier: MIT */
/*
 * Overwrites the memory of objects that the collection of just now freed or moved.
 *
 * Invariant: what is overwritten is memory that its space holds for dirty, so nobody relies on what
 * is there, but for bytes at the beginning that its policy keeps for itself (gone_bytes).
 */
#pragma once

#include "check/checking.h"

void ter_check_poison(struct ter_checking *checking);
