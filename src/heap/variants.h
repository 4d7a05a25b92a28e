/* SPDX-License-Identifier: MIT */
/* Rows of kinds that differ from another one in what allocation forms ask for. */
#pragma once

#include <terrier/heap.h>

#include "heap/instance.h"

/*
 * The kind whose objects are as those of `base`, but never move, or are always remembered, as well;
 * made when it is first asked for. All other questions answer with the base. TER_ERROR_FULL: there
 * is room for no more.
 */
ter_status ter_heap_kind_variant(struct ter_mutator *mutator, unsigned base, bool never_moves,
                                 bool remembered, unsigned *kind);
