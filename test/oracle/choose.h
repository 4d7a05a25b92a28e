/* SPDX-License-Identifier: MIT */
/* What is done next: by chance, but so that there is always something to do it to. */
#pragma once

#include "operations.h"

/* The chosen operation is one of the thread that may do it. */
void choose_operation(struct world *world, const struct actors *actors, struct ter_random *random,
                      struct operation *operation);
