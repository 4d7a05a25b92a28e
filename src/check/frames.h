/* SPDX-License-Identifier: MIT */
/*
 * Whether frames of exact roots may be where they are. Two frames of one function lie in any order,
 * so nothing is said of that.
 */
#pragma once

#include "check/checking.h"

typedef void ter_check_frame_visitor(void *context, struct ter_frame *frame);

/*
 * Calls `visit` for every frame of every mutator and of stacks that nobody is on; stops at one that
 * is there twice, or whose function has ended.
 */
void ter_check_frames(struct ter_checking *checking, ter_check_frame_visitor *visit, void *context);
