/* SPDX-License-Identifier: MIT */
/*
 * Allocating: a cell run's next cell, or what comes when it is used up. By the mutator's thread.
 *
 * Invariant: nobody is asked for a cell that a run holds; without the lock only the mutator's own
 * block is asked; under it, spaces and the gate.
 */
#pragma once

#include "alloc/mutator.h"

/* A cell when the run is used up; NULL when memory is out. `bytes` fit the class. */
TER_NOINLINE void *ter_mutator_allocate_slow(struct ter_mutator *mutator, unsigned kind,
                                             unsigned size_class, size_t bytes);
/* An object of more than TER_SMALL_MAX_BYTES. */
TER_NOINLINE void *ter_mutator_allocate_large(struct ter_mutator *mutator, unsigned kind,
                                              size_t bytes);

/* The next cell of the run for so many bytes; NULL: it is used up, or there is none. */
TER_INLINE void *ter_mutator_take_cell(struct ter_mutator *mutator, unsigned kind, size_t bytes)
{
    unsigned size_class;
    struct ter_cell_run *run;
    uintptr_t cell;

    if (TER_UNLIKELY(bytes > TER_SMALL_MAX_BYTES))
        return NULL;
    size_class = mutator->class_of[(bytes + TER_BYTES_IN_GRANULE - 1) >> TER_LOG_BYTES_IN_GRANULE];
    run = &mutator->cell_runs[kind][size_class];
    cell = run->cursor;
    if (TER_UNLIKELY(cell == run->limit))
        return NULL;
    __atomic_store_n(&run->cursor, cell + ter_size_class_bytes[size_class], __ATOMIC_RELEASE);
    return (void *)cell;
}

/* An object of at least `bytes` bytes, aligned to a granule; NULL when memory is out. */
TER_INLINE void *ter_mutator_allocate(struct ter_mutator *mutator, unsigned kind, size_t bytes)
{
    unsigned size_class;
    struct ter_cell_run *run;
    uintptr_t cell;

    if (TER_UNLIKELY(bytes > TER_SMALL_MAX_BYTES))
        return ter_mutator_allocate_large(mutator, kind, bytes);
    size_class = mutator->class_of[(bytes + TER_BYTES_IN_GRANULE - 1) >> TER_LOG_BYTES_IN_GRANULE];
    run = &mutator->cell_runs[kind][size_class];
    cell = run->cursor;
    if (TER_UNLIKELY(cell == run->limit))
        return ter_mutator_allocate_slow(mutator, kind, size_class, bytes);
    __atomic_store_n(&run->cursor, cell + ter_size_class_bytes[size_class], __ATOMIC_RELEASE);
    return (void *)cell;
}

/*
 * Objects as from ter_mutator_allocate, linked through their first words, the last with NULL; up to
 * `most` of them, as many as are at hand, at least one. *list is written before the run gives up
 * the cells, so that a collection in between keeps them. False, and *list NULL: memory is out.
 */
bool ter_mutator_allocate_list(struct ter_mutator *mutator, unsigned kind, size_t bytes,
                               size_t most, void **list);
