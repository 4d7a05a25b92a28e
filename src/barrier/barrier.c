/* SPDX-License-Identifier: MIT */
#include "barrier/barrier.h"

void ter_barrier_missing(const struct ter_mutator *mutator)
{
    ter_fatal("a store asks for barrier %zu, which there is none of",
              (size_t)mutator->head.barrier);
}
