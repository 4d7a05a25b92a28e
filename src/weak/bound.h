/* SPDX-License-Identifier: MIT */
/*
 * How many registrations of one sort there may be before a collection is wanted, which ends those
 * whose objects are gone. Who registers much and allocates little would have none: no finalizer
 * would run, and the tables would grow for garbage. Under the heap lock.
 *
 * Source of the rule: Boehm's collector, which collects when such a table of 4096 or more is full,
 * and makes it twice as large only if less than a quarter went.
 */
#pragma once

#include "base/base.h"

#define TER_LEAST_WEAK_BOUND 4096u

struct ter_weak_bound {
    size_t registrations;
};

TER_INLINE void ter_weak_bound_init(struct ter_weak_bound *bound)
{
    bound->registrations = TER_LEAST_WEAK_BOUND;
}

TER_INLINE bool ter_weak_bound_is_passed(const struct ter_weak_bound *bound, size_t count)
{
    return count > bound->registrations;
}

/* After a collection, which left so many. */
TER_INLINE void ter_weak_bound_renew(struct ter_weak_bound *bound, size_t count)
{
    while (count > bound->registrations - bound->registrations / 4)
        bound->registrations *= 2;
}
