/* SPDX-License-Identifier: MIT */
/*
 * Faults that are planted where the oracle and the heap meet, as if the heap had them, to show that
 * the oracle sees them. They are in no library: a heap of any plan can be given any of them.
 *
 * Invariant: without a planted fault nothing strikes. One strikes now and then, after a while, the
 * same way in each run of the same operations.
 */
#pragma once

#include "run.h"

/* Without which nobody can see a fault. */
enum fault_need {
    NEEDS_NOTHING = 0,
    NEEDS_COLLECTIONS = 1, /* the plan has them */
    NEEDS_JUDGE = 2,       /* it is known what they must take away (world.h) */
    NEEDS_YOUNG = 4        /* some are of young objects alone */
};

/* X(identifier, name, every so many chances, what it needs) */
#define FAULTS(X)                                                                                  \
    X(LOST_ROOT, "lost-root", 200, NEEDS_COLLECTIONS)                                              \
    X(UNMARKED_SLOT, "unmarked-slot", 90, NEEDS_COLLECTIONS | NEEDS_JUDGE)                         \
    X(MISSED_BARRIER, "missed-barrier", 2, NEEDS_YOUNG)                                            \
    X(FREED_LIVE, "freed-live-object", 60, NEEDS_NOTHING)                                          \
    X(WRONG_SIZE, "wrong-size", 50, NEEDS_NOTHING)                                                 \
    X(LINK_KEPT, "link-not-cleared", 2, NEEDS_COLLECTIONS | NEEDS_JUDGE)                           \
    X(LINK_CLEARED, "link-cleared-too-early", 30, NEEDS_NOTHING)                                   \
    X(FINALIZER_TWICE, "finalizer-run-twice", 2, NEEDS_COLLECTIONS)                                \
    X(FINALIZER_NEVER, "finalizer-not-run", 2, NEEDS_COLLECTIONS | NEEDS_JUDGE)                    \
    X(EPHEMERON_KEPT, "ephemeron-that-keeps-its-key", 1, NEEDS_COLLECTIONS | NEEDS_JUDGE)          \
    X(EPHEMERON_LOST, "ephemeron-that-loses-its-value", 1, NEEDS_COLLECTIONS)                      \
    X(OBJECT_KEPT, "object-not-freed", 3, NEEDS_COLLECTIONS | NEEDS_JUDGE)

#define FAULT_ENUM(identifier, name, every, needs) FAULT_##identifier,
enum fault { FAULT_NONE, FAULTS(FAULT_ENUM) FAULT_COUNT };
#undef FAULT_ENUM

/* Plants one in this process. */
void fault_plant(enum fault fault);
/* Is that one planted, and is it its time? */
bool fault_strikes(enum fault fault);
/* The same, but only the first time. */
bool fault_strikes_once(enum fault fault);
bool fault_is_planted(enum fault fault);

const char *fault_name(enum fault fault);
/* FAULT_COUNT when there is none of that name. */
enum fault fault_find(const char *name);
/* NEEDS_..., added up. */
unsigned fault_needs(enum fault fault);
