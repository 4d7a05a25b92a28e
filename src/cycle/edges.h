/* SPDX-License-Identifier: MIT */
/*
 * References, one by one: those in roots, each with the form of the root, and those in an object.
 * For whoever looks at a heap and changes nothing: who refers to what, what is reachable, checks.
 *
 * Invariant: what is a reference is decided as a collection decides it, by the same steps through
 * the roots and the same kinds; but nothing is marked, moved or written. With the world stopped,
 * under the heap lock, outside collections: so it needs no loop of the plan's.
 */
#pragma once

#include <terrier/inspect.h>

#include "cycle/root_steps.h"

struct ter_edge {
    enum ter_reference_place place;
    bool exact;
    uintptr_t holder; /* the object that it lies in; 0: a root */
    const void *word; /* that holds it; NULL: not known, or none */
    uintptr_t object; /* that it leads to, always one */
    bool weak;        /* it is a key of an ephemeron */
    uintptr_t key;    /* of a value of an ephemeron: it counts when this is reached; 0: always */
};

typedef void ter_edge_visitor(void *context, const struct ter_edge *edge);

struct ter_edges {
    struct ter_tracer tracer; /* first: visitors are given it */
    struct ter_collector *collector;
    ter_edge_visitor *visit;
    void *context;
    struct ter_root_place place;
    uintptr_t holder;
    const struct ter_kind *kind; /* of the holder */
    bool weak;                   /* the slot that comes next: as in struct ter_edge */
    uintptr_t key;
    uintptr_t own_stack;
};

/* For looking; `own_stack` as in root_steps.h. */
void ter_edges_init(struct ter_edges *edges, struct ter_collector *collector, uintptr_t own_stack,
                    ter_edge_visitor *visit, void *context);
/* All that lie in roots. Under the loader's lock. */
void ter_edges_of_roots(struct ter_edges *edges);
/* All that lie in the object. */
void ter_edges_of_object(struct ter_edges *edges, uintptr_t object);

/* ---- With the world stopped for it ---- */

struct ter_look {
    void (*begin)(void *context); /* the world stands. Optional */
    ter_edge_visitor *edge;       /* of each root. NULL: roots are not gone through */
    void (*end)(void *context, struct ter_edges *edges); /* it still stands. Optional */
    void *context;
};

/* Stops the world, looks, and lets it go on. Under the heap lock; a safepoint. */
ter_status ter_look(struct ter_collector *collector, const struct ter_look *look);
