/* SPDX-License-Identifier: MIT */
/*
 * What a plan is: one constant record, in a file of its own in plan/, that says which policies lie
 * side by side, which of them serves what, and what of a collection it does in its own way. The
 * order of a collection is not the plan's: see cycle/collect.c.
 */
#pragma once

#include "alloc/alloc.h"
#include "barrier/barrier.h"

struct ter_collector;

/* What a space of a plan serves; a sum of these. */
enum {
    TER_SERVES_SMALL = 1,         /* objects up to TER_SMALL_MAX_BYTES of collectable kinds */
    TER_SERVES_UNCOLLECTABLE = 2, /* the same of uncollectable kinds */
    TER_SERVES_LARGE = 4,         /* larger objects of all kinds */
    TER_SERVES_FIXED = 8          /* small ones of collectable kinds that never move, if apart */
};

struct ter_plan_space {
    const struct ter_policy *policy; /* in_layout */
    unsigned serves;
};

struct ter_plan {
    /*
     * The spaces; in a contiguous layout the first has the first address slot, and so on.
     * Everything is served by exactly one. Spaces of malloc's objects and of the program's memory
     * are beside them when the options want them.
     */
    const struct ter_plan_space *spaces;
    unsigned space_count;
    /* By which objects are reached (trace/loop.h). NULL: what is allocated stays until the end. */
    const struct ter_loop *loop;
    /* That stores into objects need. TER_BARRIER_LOGGED: there are young ones (cycle/young.h). */
    enum ter_barrier barrier;
    /*
     * Steps of a collection that differ from the usual: every space, in the order above, by its
     * policy (ter_spaces_prepare, ter_spaces_release). NULL: they do not.
     */
    void (*prepare)(struct ter_collector *collector);
    void (*release)(struct ter_collector *collector, struct ter_live *live);
    /* The same before a collection of young objects alone (ter_spaces_prepare_young). */
    void (*prepare_young)(struct ter_collector *collector);
};
