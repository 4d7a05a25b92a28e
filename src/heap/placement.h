/* SPDX-License-Identifier: MIT */
/*
 * Where a heap is to lie: the layout that the options name, made to fit what the process may use.
 *
 * Invariant: what ter_heap_choose_layout gives is valid and has room for each space of the plan.
 * Its start is a hint; where it has a limit, the start was free a moment ago; where it is by need,
 * no heap of this process has the placement. Any thread; no lock of a heap's.
 */
#pragma once

#include <terrier/options.h>

#include "layout/layout.h"

/*
 * TER_ERROR_INVALID, with the rule in the log, when the options ask for what is no layout.
 * *placement is 0 at first; asked again, the next placement is chosen, as long as there are more.
 */
ter_status ter_heap_choose_layout(const struct ter_options *options, unsigned *placement,
                                  struct ter_layout *layout);
/* What the layout takes of the process's addresses, side metadata included where it lies beside. */
size_t ter_heap_taken_bytes(const struct ter_layout *layout);

/* Says so when the range that the heap got cannot hold the heap's maximum. */
void ter_heap_check_room(const struct ter_options *options, const struct ter_layout *layout);
