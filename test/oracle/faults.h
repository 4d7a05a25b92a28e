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

/* X(identifier, name, every so many chances, needs exact roots, needs collections) */
#define FAULTS(X)                                                                                  \
    X(LOST_ROOT, "lost-root", 200, false, true)                                                    \
    X(UNMARKED_SLOT, "unmarked-slot", 90, true, true)                                              \
    X(FREED_LIVE, "freed-live-object", 60, false, false)                                           \
    X(WRONG_SIZE, "wrong-size", 50, false, false)                                                  \
    X(LINK_KEPT, "link-not-cleared", 2, true, true)                                                \
    X(LINK_CLEARED, "link-cleared-too-early", 30, false, false)                                    \
    X(FINALIZER_TWICE, "finalizer-run-twice", 2, false, true)                                      \
    X(FINALIZER_NEVER, "finalizer-not-run", 2, true, true)                                         \
    X(EPHEMERON_KEPT, "ephemeron-that-keeps-its-key", 1, true, true)                               \
    X(EPHEMERON_LOST, "ephemeron-that-loses-its-value", 1, false, true)                            \
    X(OBJECT_KEPT, "object-not-freed", 3, true, true)

#define FAULT_ENUM(identifier, name, every, exact, collects) FAULT_##identifier,
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
bool fault_needs_exact_roots(enum fault fault);
bool fault_needs_collections(enum fault fault);
