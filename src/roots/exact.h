/* SPDX-License-Identifier: MIT */
/*
 * Exact roots: slots that the embedder reports, one by one, in each collection.
 *
 * Invariant: a slot that is reported holds the address of the first byte of an object, or 0. It is
 * reported by its own address, so that a plan which moves the object can write where it is now:
 * after a collection the embedder reads its slots again and believes no copy of them. Set under the
 * heap lock; the reporter is called with the world stopped, so it takes no lock and allocates
 * nothing.
 */
#pragma once

#include <terrier/object.h>

#include "roots/slots.h"
#include "roots/visitors.h"

/* Gets one slot. May change the word in it. */
typedef void ter_root_slot_visitor(void *visitor_context, ter_slot slot);

/* Calls `visit(visitor_context, slot)` for every slot that there is. */
typedef void ter_root_reporter(void *context, ter_root_slot_visitor *visit, void *visitor_context);

struct ter_exact_roots {
    ter_root_reporter *reporter; /* NULL: there are none */
    void *context;
    bool no_stacks; /* stacks and thread-local data are no roots: the slots are all there is */
    struct ter_slot_ranges slots;
    struct ter_roots_visitors visitors;
    struct ter_root_tags tags;
};

TER_INLINE void ter_exact_roots_visit(const struct ter_exact_roots *exact,
                                      ter_root_slot_visitor *visit, void *visitor_context)
{
    if (exact->reporter != NULL)
        exact->reporter(exact->context, visit, visitor_context);
}
