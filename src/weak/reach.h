/* SPDX-License-Identifier: MIT */
/* What processing weak things needs of a tracer; implemented by the plan. */
#pragma once

#include "space/space.h"

struct ter_reach {
    /* Was the object reached? True for what lies outside the heap. */
    bool (*is_reached)(void *context, uintptr_t object);
    /* Reaches the object and all that it leads to. Where that byte of it is now. */
    uintptr_t (*reach)(void *context, uintptr_t object);
    /* Only young objects are collected: what was there after the last collection is reached, and
     * stays where it is. */
    bool recent;
    /* May objects be elsewhere after this collection? Else nothing needs to be followed. */
    bool moves;
    /* Where that byte of an object is, which may have moved in this collection. */
    uintptr_t (*now_at)(void *context, uintptr_t address);
    /* Reaches what the object leads to, but not the object, unless something leads back to it. */
    void (*reach_children)(void *context, uintptr_t object);
    /* The same, but references from the object to itself do not count. */
    void (*reach_children_but_self)(void *context, uintptr_t object);
    /* Reaches all that follows from what was reached, also by ephemerons: before more is asked. */
    void (*settle)(void *context);
    /* Scans what was reached and was not scanned. */
    void (*drain)(void *context);
    void *context;
};
