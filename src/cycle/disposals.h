/* SPDX-License-Identifier: MIT */
/*
 * Dead objects that are still to be disposed of: a list in memory of its own. Under the heap lock.
 *
 * Invariant: it is empty but between the marking of a collection and the end of that.
 */
#pragma once

#include "layout/layout.h"
#include "os/os.h"

struct ter_disposals {
    bool wanted; /* there is a kind whose objects are to be disposed of */
    uintptr_t *objects;
    size_t count, capacity;
};

/* Without memory the object is forgotten. */
void ter_disposals_add(struct ter_disposals *disposals, uintptr_t object);
void ter_disposals_fini(struct ter_disposals *disposals);
