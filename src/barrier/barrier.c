/* SPDX-License-Identifier: MIT */
#include "barrier/barrier.h"

#include <terrier/fast.h>

/* The check of a mutator whose head says that there is one. */
static struct ter_barrier_check *check_of(const struct ter_mutator *mutator)
{
    if (mutator->head.barrier != TER_BARRIER_CHECKED)
        ter_fatal("a store asks for barrier %zu, which there is none of",
                  (size_t)mutator->head.barrier);
    return mutator->allocator->barrier_check;
}

void ter_write_slow(struct ter_mutator *mutator, const void *object, const void *slot,
                    const void *value)
{
    struct ter_barrier_check *check = check_of(mutator);

    ter_mutator_require(mutator, 0, "ter_write");
    ter_barrier_check_write(check, mutator, (uintptr_t)object, (uintptr_t)slot, (uintptr_t)value);
}

void ter_write_range_slow(struct ter_mutator *mutator, const void *object, const void *first,
                          size_t bytes)
{
    struct ter_barrier_check *check = check_of(mutator);

    ter_mutator_require(mutator, 0, "ter_write_range");
    ter_barrier_check_range(check, mutator, (uintptr_t)object, (uintptr_t)first, bytes);
}

void ter_write_object_slow(struct ter_mutator *mutator, const void *object)
{
    struct ter_barrier_check *check = check_of(mutator);

    ter_mutator_require(mutator, 0, "ter_write_object");
    ter_barrier_check_object(check, (uintptr_t)object);
}
