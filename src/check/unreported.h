/* SPDX-License-Identifier: MIT */
/*
 * Words of objects that nobody reported as slots, and which hold the address of an object that the
 * collection of just now freed or moved: slots that a visitor or a layout forgot.
 *
 * After a walk, before its end. It takes words for references that may be none, so the option has
 * a value of its own for it.
 */
#pragma once

#include "check/checking.h"

void ter_check_unreported(struct ter_checking *checking);
