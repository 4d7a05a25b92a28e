/* SPDX-License-Identifier: MIT */
/*
 * A random object graph on a heap beside a shadow of it in malloc memory.
 *
 * Invariant: a node of the shadow knows its object's address (hidden from scans), kind, size,
 * contents and links. Objects that the shadow can reach from its roots must be there, whole; the
 * others are forgotten, and must go.
 */
#pragma once

#include <terrier/terrier.h>

#include "support.h"

#define SHADOW_NODES 1200u
#define SHADOW_LINKS 6u
#define SHADOW_ROOTS 64u
#define SHADOW_NONE UINT32_MAX

struct shadow_node {
    uintptr_t hidden; /* 0: the node is free */
    size_t bytes;
    unsigned kind;
    unsigned seed; /* where in the pattern the contents begin */
    unsigned links;
    uint32_t target[SHADOW_LINKS];
    size_t offset[SHADOW_LINKS];
    uintptr_t word[SHADOW_LINKS]; /* as stored in the object */
    bool reached;
};

struct shadow {
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    struct ter_random random;
    unsigned traced_kind;
    size_t largest;       /* object */
    uint64_t collections; /* as last seen */
    uint64_t refused;     /* allocations that gave NULL */
    uint64_t checked;     /* objects compared */
    uintptr_t *roots;     /* the registered range */
    uint32_t root_of[SHADOW_ROOTS];
    struct shadow_node nodes[SHADOW_NODES];
    uint32_t stack[SHADOW_NODES];
};

/* A heap with these options, in "name=value,..."; NULL when the heap cannot be made. */
struct shadow *shadow_new(const char *options, struct ter_random random);
void shadow_free(struct shadow *shadow);

/* One random operation: allocate, link, drop, free, grow. */
void shadow_step(struct shadow *shadow);
/* Compares everything when there was a collection since the last comparison. */
void shadow_check_if_collected(struct shadow *shadow);
/* Forgets what is not reachable and compares the rest; returns how many objects there are. */
size_t shadow_check(struct shadow *shadow);
/* Collects, with a clean stack. */
void shadow_collect(struct shadow *shadow);
/* Drops all roots and frees what is uncollectable. */
void shadow_drop_all(struct shadow *shadow);
