/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

static void return_run(struct ter_allocator *allocator, struct ter_space *space, uintptr_t block,
                       struct ter_cell_run *run)
{
    /* In a forked child, the thread may have been about to open the run. */
    size_t left = run->limit > run->cursor ? run->limit - run->cursor : 0;

    allocator->allocated_since_collection -= left;
    allocator->allocated_total -= left;
    if (block != 0)
        ter_block_space_return_run(ter_block_space_of(space), block, run);
    else
        space->policy->return_run(space, run);
}

static void flush_class(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    struct ter_allocator *allocator = mutator->allocator;
    struct ter_cell_run *run = &mutator->cell_runs[kind][size_class];
    struct ter_mutator_slow *slow = &mutator->slow[kind][size_class];

    if (TER_UNLIKELY(mutator->sampler != NULL) && run->cursor < run->limit)
        ter_sampler_move_cells(mutator, kind, size_class, -(ptrdiff_t)(run->limit - run->cursor));
    if (slow->block != 0 || run->cursor != run->limit)
        return_run(allocator, ter_allocator_small_space(allocator, kind), slow->block, run);
    /* Who had a block gets another at once; who came to rest begins with common runs again. */
    *slow = (struct ter_mutator_slow){.common = slow->block != 0 ? SIZE_MAX / 2 : 0};
}

/* As the invariant of mutator.h says. Memory of a mutator that ended has empty runs, wherever. */
TER_INLINE bool is_empty_unless_used(const struct ter_mutator *mutator, unsigned kind)
{
    bool is_empty = true;

    for (unsigned i = 0; i < TER_SIZE_CLASSES; i++) {
        const struct ter_cell_run *run = &mutator->cell_runs[kind][i];
        const struct ter_mutator_slow *slow = &mutator->slow[kind][i];

        is_empty &= (ter_mutator_used(mutator, kind) >> i & 1) != 0 ||
                    (run->cursor == run->limit && (slow->block | slow->freed | slow->common) == 0);
    }
    return is_empty;
}

void ter_mutator_flush(struct ter_mutator *mutator)
{
    ter_mutator_fold_counts(mutator);
    for (unsigned kind = 0; kind < mutator->allocator->kind_count; kind++) {
        uint64_t classes = ter_mutator_used(mutator, kind);

        while (classes != 0)
            flush_class(mutator, kind, ter_size_class_take(&classes));
        TER_ASSERT(is_empty_unless_used(mutator, kind));
    }
}

static void mark_class(const struct ter_mutator *mutator, unsigned kind, unsigned size_class,
                       const struct ter_side_table *marks)
{
    struct ter_space *space = ter_allocator_small_space(mutator->allocator, kind);
    const struct ter_cell_run *run = &mutator->cell_runs[kind][size_class];
    size_t bytes = ter_size_class_bytes[size_class];

    if (space->policy->keep_run != NULL)
        space->policy->keep_run(space, run, bytes);
    else
        ter_bits_set_strided_shared(marks, run->cursor, run->limit, bytes);
}

void ter_mutator_mark_cell_runs(const struct ter_mutator *mutator,
                                const struct ter_side_table *marks)
{
    for (unsigned kind = 0; kind < mutator->allocator->kind_count; kind++) {
        uint64_t classes = ter_mutator_used(mutator, kind);

        while (classes != 0)
            mark_class(mutator, kind, ter_size_class_take(&classes), marks);
    }
}
