/* SPDX-License-Identifier: MIT */
/*
 * What gc_random.c expects: its objects as a graph, and what a collection does to it by the rules
 * of gc.h (Java's rules for finalizers). The table lies in malloc's memory, with pointers hidden,
 * so that it keeps nothing.
 *
 * Nothing may become unreachable between two calls of model_collect but what the caller says, since
 * the library collects when it likes: model_collect gives the same whether it has or not.
 */
#pragma once

#include "check.h"

enum { OBJECTS = 1500, EDGES = 4, NOBODY = -1 };

enum order { NO_FINALIZER, NORMAL, IGNORE_SELF, NO_ORDER, UNREACHABLE };

struct edge {
    int target; /* NOBODY: none */
    bool keeps; /* the word is one that counts, and so is the displacement */
    size_t displacement;
};

struct object {
    bool there;
    bool reachable; /* by the program */
    bool rooted;    /* a root refers to it, or it is uncollectable */
    bool collectable;
    bool debugging; /* of the debugging functions */
    bool reallocated;
    bool resurrected;    /* once is enough */
    bool unmarked;       /* in this collection, before finalizers were looked for */
    bool gone;           /* and after that */
    unsigned family;     /* the function it is from */
    unsigned traced;     /* one bit for each edge whose word is looked at */
    unsigned references; /* edges to it, and registrations: it may not move */
    enum order order;
    bool queued;           /* its finalizer is to run */
    unsigned runs, wanted; /* of its finalizer */
    uintptr_t hidden;      /* its address */
    uintptr_t number;      /* of all that were ever made */
    size_t bytes;
    struct edge edges[EDGES];
    void *link, *long_link; /* hidden too, as they lie in malloc's memory; NULL: cleared or none */
    bool has_link, has_long_link;
};

static struct object *objects;
static int *model_stack;
static bool *marked;

static void model_start(void)
{
    objects = calloc(OBJECTS, sizeof *objects);
    model_stack = calloc(OBJECTS, sizeof *model_stack);
    marked = calloc(OBJECTS, sizeof *marked);
    if (objects == NULL || model_stack == NULL || marked == NULL)
        abort();
}

/* Marks what the edges of `from` lead to; `but` is not gone to from `from` itself. */
static void mark_behind(int from, int but)
{
    int depth = 0, next = from;

    for (;;) {
        for (int i = 0; i < EDGES; i++) {
            const struct edge *edge = &objects[next].edges[i];

            if (edge->target == NOBODY || !edge->keeps || marked[edge->target] ||
                (next == from && edge->target == but))
                continue;
            marked[edge->target] = true;
            model_stack[depth++] = edge->target;
        }
        but = NOBODY;
        if (depth == 0)
            return;
        next = model_stack[--depth];
    }
}

static void mark_with(int which)
{
    marked[which] = true;
    mark_behind(which, NOBODY);
}

static bool waits(int which, enum order order)
{
    return objects[which].there && objects[which].order == order && !objects[which].queued;
}

/* What waits for a finalizer and holds others keeps them: they come later. */
static void mark_what_waits(void)
{
    for (int i = 0; i < OBJECTS; i++)
        if ((waits(i, NORMAL) || waits(i, UNREACHABLE)) && !marked[i])
            mark_behind(i, NOBODY);
        else if (waits(i, IGNORE_SELF) && !marked[i])
            mark_behind(i, i);
}

static void queue(int which)
{
    objects[which].queued = true;
    objects[which].wanted++;
}

static void queue_finalizers(void)
{
    bool queued[OBJECTS] = {false};

    for (int i = 0; i < OBJECTS; i++)
        queued[i] = !marked[i] && objects[i].there && !objects[i].queued &&
                    objects[i].order != NO_FINALIZER;
    for (int i = 0; i < OBJECTS; i++)
        if (queued[i] && objects[i].order != UNREACHABLE) {
            queue(i);
            mark_with(i);
        }
    for (int i = 0; i < OBJECTS; i++)
        if (queued[i] && objects[i].order == UNREACHABLE && !marked[i]) {
            queue(i);
            mark_with(i);
        }
}

/* After it: which links are to be NULL, which finalizers have to run, and what is gone. */
static void model_collect(void)
{
    memset(marked, 0, OBJECTS * sizeof *marked);
    for (int i = 0; i < OBJECTS; i++)
        if (objects[i].there && objects[i].rooted && !marked[i])
            mark_with(i);
    for (int i = 0; i < OBJECTS; i++)
        objects[i].reachable = marked[i];
    for (int i = 0; i < OBJECTS; i++)
        if (objects[i].there && objects[i].queued && !marked[i])
            mark_with(i);
    for (int i = 0; i < OBJECTS; i++)
        objects[i].unmarked = objects[i].there && !marked[i];
    mark_what_waits();
    queue_finalizers();
    for (int i = 0; i < OBJECTS; i++)
        objects[i].gone = objects[i].there && !marked[i];
}
