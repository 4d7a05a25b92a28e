/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

#include <string.h>

/* ---- Small objects ---- */

/* Bytes that were freed, 0 when no object begins at `object`. While stops are held off. */
TER_INLINE size_t free_held(struct ter_mutator *mutator, const struct ter_block_space *space,
                            uintptr_t object)
{
    const struct ter_block_head *head = ter_block_head_of(space->space.arena, object);
    struct ter_mutator_slow *slow;
    bool passed;

    if (!ter_block_space_is_object(space, object) ||
        !ter_block_space_free(space, object, ter_mutator_is_alone(mutator), &passed))
        return 0;
    if (passed) {
        unsigned size_class = ter_block_state_of(space->space.arena, object)->size_class;
        unsigned kind = ter_block_kind_of(space->space.arena, object);

        ter_mutator_use(mutator, kind, size_class);
        slow = &mutator->slow[kind][size_class];
        *(uintptr_t *)object = slow->freed;
        slow->freed = object;
    }
    ter_asan_no_access(object, head->cell_bytes);
    return head->cell_bytes;
}

TER_INLINE size_t free_small(struct ter_mutator *mutator, const struct ter_sft *space,
                             uintptr_t object)
{
    size_t bytes;

    if (TER_UNLIKELY(mutator->sampler != NULL))
        ter_sampling_forget(mutator->allocator, object);
    ter_os_hold_off_begin(mutator->thread);
    bytes = free_held(mutator, ter_block_space_of(ter_space_of(space)), object);
    ter_os_hold_off_end(mutator->thread);
    return bytes;
}

bool ter_mutator_free_small(struct ter_mutator *mutator, const struct ter_sft *space,
                            uintptr_t object)
{
    size_t bytes = free_small(mutator, space, object);

    __atomic_store_n(&mutator->freed_uncounted, mutator->freed_uncounted + bytes, __ATOMIC_RELAXED);
    return bytes != 0;
}

/* While stops are held off. */
static void take_held(struct ter_mutator *mutator, unsigned kind, unsigned size_class,
                      uintptr_t cell)
{
    const struct ter_allocator *allocator = mutator->allocator;
    const struct ter_kind *how = &allocator->kinds[kind];

    ter_asan_access(cell, ter_size_class_bytes[size_class]);
    mutator->slow[kind][size_class].freed = *(uintptr_t *)cell;
    ter_block_space_reuse(ter_block_space_of(ter_allocator_small_space(allocator, kind)), cell,
                          ter_mutator_is_alone(mutator));
    /* Last: an atomic operation waits for the stores before it. */
    if (how->zeroed)
        memset((void *)cell, 0, ter_size_class_bytes[size_class]);
}

uintptr_t ter_mutator_take_freed(struct ter_mutator *mutator, unsigned kind, unsigned size_class)
{
    uintptr_t cell;

    if (mutator->slow[kind][size_class].freed == 0)
        return 0;
    ter_os_hold_off_begin(mutator->thread);
    /* Again, since a collector may have dropped the list meanwhile. */
    cell = mutator->slow[kind][size_class].freed;
    if (cell != 0)
        take_held(mutator, kind, size_class, cell);
    ter_os_hold_off_end(mutator->thread);
    if (cell != 0)
        __atomic_store_n(&mutator->uncounted, mutator->uncounted + ter_size_class_bytes[size_class],
                         __ATOMIC_RELAXED);
    return cell;
}

static void drop_freed_of(struct ter_mutator_slow *slow)
{
    slow->freed = 0;
    if (slow->block == 0)
        slow->common = 0;
}

void ter_mutator_drop_freed(struct ter_mutator *mutator)
{
    for (unsigned kind = 0; kind < mutator->allocator->kind_count; kind++) {
        uint64_t classes = ter_mutator_used(mutator, kind);

        while (classes != 0)
            drop_freed_of(&mutator->slow[kind][ter_size_class_take(&classes)]);
    }
}

/* ---- Objects of any space ---- */

static size_t free_any(struct ter_mutator *mutator, const struct ter_sft *owner, uintptr_t object)
{
    struct ter_space *space = ter_space_of(owner);
    size_t bytes;

    if (!space->policy->cells) {
        if (TER_UNLIKELY(mutator->sampler != NULL))
            ter_sampling_forget(mutator->allocator, object);
        return space->policy->free(space, object);
    }
    bytes = free_small(mutator, owner, object);
    TER_CHECK(bytes != 0);
    return bytes;
}

void ter_mutator_release_locked(struct ter_mutator *mutator, const struct ter_sft *space,
                                uintptr_t object)
{
    mutator->allocator->freed_since_collection += free_any(mutator, space, object);
}

void ter_mutator_release(struct ter_mutator *mutator, const struct ter_sft *space, uintptr_t object)
{
    if (ter_is_in_cells(space)) {
        bool freed = ter_mutator_free_small(mutator, space, object);

        TER_CHECK(freed);
        return;
    }
    ter_allocator_lock(mutator->allocator);
    TER_REQUIRE(!mutator->allocator->visiting, "%p is freed while the program visits all objects",
                (void *)object);
    ter_mutator_release_locked(mutator, space, object);
    ter_allocator_unlock(mutator->allocator);
}
