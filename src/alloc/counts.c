/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

void ter_mutator_fold_counts(struct ter_mutator *mutator)
{
    ter_allocator_count(mutator->allocator, mutator->uncounted);
    __atomic_store_n(&mutator->uncounted, 0, __ATOMIC_RELAXED);
    mutator->allocator->freed_since_collection += mutator->freed_uncounted;
    __atomic_store_n(&mutator->freed_uncounted, 0, __ATOMIC_RELAXED);
}

/* Of a count that each mutator has at that offset. */
static size_t sum_of(const struct ter_allocator *allocator, size_t offset)
{
    size_t bytes = 0;

    for (const struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        bytes += __atomic_load_n((const size_t *)((const char *)m + offset), __ATOMIC_RELAXED);
    return bytes;
}

size_t ter_mutators_uncounted(const struct ter_allocator *allocator)
{
    return sum_of(allocator, offsetof(struct ter_mutator, uncounted));
}

size_t ter_mutators_allocated(const struct ter_allocator *allocator)
{
    return allocator->allocated_since_collection + ter_mutators_uncounted(allocator);
}

/*
 * Of a run that its thread moves meanwhile, the cursor may belong to a newer run than the limit, of
 * another block: then the difference is no number of bytes, and little of the new one is gone.
 */
static size_t left_of(const struct ter_cell_run *run)
{
    uintptr_t limit = __atomic_load_n(&run->limit, __ATOMIC_ACQUIRE);
    uintptr_t left = limit - __atomic_load_n(&run->cursor, __ATOMIC_RELAXED);

    return left > TER_BYTES_IN_BLOCK ? 0 : left;
}

static size_t held_by(const struct ter_mutator *mutator)
{
    size_t bytes = 0;

    for (unsigned kind = 0; kind < mutator->allocator->kind_count; kind++) {
        uint64_t classes = ter_mutator_used(mutator, kind);

        while (classes != 0)
            bytes += left_of(&mutator->cell_runs[kind][ter_size_class_take(&classes)]);
    }
    return bytes;
}

size_t ter_mutators_held(const struct ter_allocator *allocator)
{
    size_t bytes = 0;

    for (const struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        bytes += held_by(m);
    return bytes + (allocator->common != NULL ? held_by(allocator->common) : 0);
}

size_t ter_mutators_handed_out(const struct ter_allocator *allocator)
{
    size_t taken = ter_mutators_allocated(allocator) + allocator->held_at_collection;
    size_t held = ter_mutators_held(allocator);

    return held < taken ? taken - held : 0;
}

size_t ter_mutators_freed_uncounted(const struct ter_allocator *allocator)
{
    return sum_of(allocator, offsetof(struct ter_mutator, freed_uncounted));
}

size_t ter_mutators_freed(const struct ter_allocator *allocator)
{
    return allocator->freed_since_collection + ter_mutators_freed_uncounted(allocator);
}
