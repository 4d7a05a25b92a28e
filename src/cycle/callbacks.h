/* SPDX-License-Identifier: MIT */
/*
 * What a collector calls of whoever stands above it: one record, registered once. Several may be
 * registered; they are called in that order.
 *
 * All are called under the heap lock, in the thread that collects or allocates; NULL for nothing.
 * They must not allocate in the heap nor ask for a collection.
 */
#pragma once

#include "cycle/collection.h"

struct ter_collector;

/* A collection that passes a point. */
struct ter_passage {
    enum ter_phase phase;
    struct ter_collector *collector;
    const struct ter_collection *collection; /* its figures so far; all are there at ENDED */
    uintptr_t own_stack; /* where the stack of the thread that collects ends; 0: not said */
};

struct ter_callbacks {
    /* May a collection for this reason happen now? All must agree. */
    bool (*allowed)(void *context, enum ter_collection_reason reason);
    /* The heap is full and little was allocated: is a collection due for another reason? */
    bool (*due)(void *context);
    void (*passed)(void *context, const struct ter_passage *passage);
    /* The heap's limit grew; not during a collection. */
    void (*resized)(void *context, size_t limit_bytes);
    void *context;
    struct ter_callbacks *next; /* the list's */
};

/* In a list that begins at `first`: adds a record, which stays the caller's, at the end. */
void ter_callbacks_add(struct ter_callbacks **first, struct ter_callbacks *callbacks);

bool ter_callbacks_allowed(const struct ter_callbacks *first, enum ter_collection_reason reason);
bool ter_callbacks_due(const struct ter_callbacks *first);
void ter_callbacks_passed(const struct ter_callbacks *first, const struct ter_passage *passage);
void ter_callbacks_resized(const struct ter_callbacks *first, size_t limit_bytes);
