/* SPDX-License-Identifier: MIT */
/*
 * A search from the roots, breadth first: what is reachable, and by which shortest path.
 *
 * Invariant: each object found stands in `found` once, after the one that led to it, so the list is
 * the queue of the search and holds its tree. What was seen is known by a bit for each granule, a
 * word of them for each KiB in which something was found. All in memory of the system's, none in
 * recursion; when there is no more of it, `status` says so and the search has ended. What a value
 * of an ephemeron leads to waits, by the key, until that is found. With the world stopped.
 */
#pragma once

#include "cycle/edges.h"

struct ter_found {
    uintptr_t object;
    size_t holder; /* its number, from 1; 0: a root */
    const void *word;
    enum ter_reference_place place;
    bool exact;
};

struct ter_search {
    uintptr_t wanted; /* the search ends when this is found; 0: it goes through all */
    unsigned without; /* roots of these places do not count: TER_WITHOUT */
    ter_status status;
    struct ter_found *found;
    size_t count;
    size_t capacity;
    struct ter_weak_table seen;
    struct ter_weak_list values;  /* of ephemerons whose keys were not found, linked by key */
    struct ter_weak_table by_key; /* the last of them */
    size_t holder;                /* whose references are looked at */
    size_t at;                    /* number of `wanted`; 0: not found */
};

void ter_search_init(struct ter_search *search);
void ter_search_fini(struct ter_search *search);
/* Takes the references of roots and objects: a ter_edge_visitor. */
void ter_search_edge(void *context, const struct ter_edge *edge);
/* After the roots: goes on until there is nothing new, or what is wanted is found. */
void ter_search_objects(struct ter_search *search, struct ter_edges *edges);
/*
 * Turns the path to number `at` around: from now on `holder` of each of its members is the number
 * of the next one, 0 for the last. Returns the number of the first, which lies in a root. The tree
 * is none any more.
 */
size_t ter_search_turn(struct ter_search *search, size_t at);
