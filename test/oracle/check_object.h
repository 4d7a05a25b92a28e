/* SPDX-License-Identifier: MIT */
/* One object against what the model says of it. */
#pragma once

#include "world.h"

/* Stops the run at the first difference. The node's address is where it must be. */
void check_object(struct world *world, const struct node *node);
/* A line about the node for people; valid until the next call by the same thread. */
const char *check_describe(const struct node *node);
