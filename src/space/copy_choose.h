/* SPDX-License-Identifier: MIT */
/*
 * Which blocks a collection leaves, where a plan marks the others in place.
 *
 * Those with the fewest live bytes, as far as there is room for these, and never by the number of
 * holes: a block with few objects in its middle has two. What lives in a block is known from the
 * last collection; of what was allocated since, as much is expected to live as did then.
 */
#pragma once

#include "space/copy_block.h"

/* For the next collection, in which copies may take so many bytes of blocks. */
void ter_copy_choose(struct ter_copy_space *space, size_t room_bytes);
/* Is the block, which is in use, to be left? Asked before its state is changed. */
bool ter_copy_is_chosen(const struct ter_copy_space *space, uintptr_t block);
