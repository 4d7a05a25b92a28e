/* SPDX-License-Identifier: MIT */
/*
 * The heap against the model. Each of these stops the run at the first difference.
 *
 * Invariant: none of them allocates or changes the heap.
 */
#pragma once

#include "world.h"

/*
 * Was there a collection? Then the model is told, the addresses are found anew from the roots on,
 * and all is compared. Called after whatever may collect, before any address is used.
 */
void check_notice_collections(struct world *world);

/*
 * Goes from the roots through all edges: each leads to where the model says, and everything there
 * is right. Addresses that are not known any more are found by this.
 */
void check_walk(struct world *world);
/* The same from one object on, which the roots need not lead to. */
void check_walk_from(struct world *world, struct node *node, uintptr_t address);

/* All that can be compared at any time. */
void check_everything(struct world *world);

/*
 * Right after a collection that was asked for, before anything else is allocated: what it had to
 * take away is gone; with one mutator alone, the heap holds nothing but the members.
 */
void check_gone(struct world *world, bool alone);
