/* SPDX-License-Identifier: MIT */
/*
 * Memory ahead: what is going to be used soon gets its memory at once, by one call into the system,
 * and not page by page, by a fault each. It is a wish: nothing depends on its coming true.
 *
 * How much follows the heap's size, and never leads past its limit, so that little heaps do not
 * grow by it. Under the heap lock.
 */
#pragma once

#include "pages/arena.h"

/*
 * How many bytes, `unit` at least, are worth asking for together, when clean memory is taken; 0:
 * none.
 */
size_t ter_ahead_bytes(const struct ter_arena *arena, size_t unit);

/*
 * Puts memory behind [start, start + bytes), which reads zero and stays so. A system that refuses
 * once is not asked again.
 */
void ter_ahead_populate(struct ter_arena *arena, uintptr_t start, size_t bytes);
