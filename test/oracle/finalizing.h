/* SPDX-License-Identifier: MIT */
/*
 * Finalizers of a world. Some of them keep their object: they put it into a root.
 *
 * Invariant: a finalizer runs once, after its object was found unreachable and before what the
 * object leads to is finalized; all that the object leads to is there, whole.
 */
#pragma once

#include "world.h"

/* Sets a finalizer or takes it away, when that can be done. */
void finalizing_set(struct world *world, struct node *node, bool wanted);
/* Runs what is ready, and holds it against the model. */
void finalizing_run(struct world *world);
