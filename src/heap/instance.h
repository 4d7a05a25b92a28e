/* SPDX-License-Identifier: MIT */
/* What a heap is made of. */
#pragma once

#include <terrier/heap.h>

#include "heap/figures.h"
#include "plan/plan.h"

struct ter_heap {
    struct ter_collector collector;
    struct ter_callbacks callbacks; /* the heap's own: figures */
    struct ter_options options;
    struct ter_figures figures;
    uint64_t born_ns;
    unsigned process; /* that made it: a forked child writes no report in its name */
};

/*
 * Stops with a line that names `call` when there is no such heap (any more), or in a callback under
 * a lock.
 */
void ter_heap_require(const struct ter_heap *heap, const char *call);

/* The name of an option with a value that it cannot have; NULL when all is well. */
const char *ter_options_invalid(const struct ter_options *options);

/* What ter_reallocate and ter_free do with an object, asking less of where they are called. */
void *ter_object_resize(struct ter_mutator *mutator, void *object, size_t bytes);
void ter_object_free(struct ter_mutator *mutator, void *object);

/* Fills in everything; under the heap lock. */
void ter_heap_statistics_locked(const struct ter_heap *heap, struct ter_statistics *statistics);
