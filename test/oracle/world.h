/* SPDX-License-Identifier: MIT */
/*
 * A world: a model and what there is of it in a heap.
 *
 * Invariant: between two operations each word that the model knows of holds what the model says: a
 * root's slot, an edge's word, a local's word, a cell. The address of a node is believed only when
 * the last walk came by it, which is after the last collection.
 */
#pragma once

#include "model.h"
#include "stage.h"

struct world {
    struct stage *stage;
    struct run *run;
    struct model model;
    uint64_t walk;             /* number of the last one */
    unsigned collections_seen; /* of those that the stage counts */
    unsigned exact_roots;      /* slots below are exact roots, the others ambiguous ones */
    uintptr_t slots[ROOTS];
    uintptr_t cells[CELLS];
    volatile uintptr_t *locals[ACTORS]; /* NULL: there is no such thread */
    bool judges; /* what a collection must take away is known: roots are exact, one thread runs */
    uint64_t allocated_bytes;
};

/* Does each collection of the plan see to all objects? */
bool world_collects_all(const char *plan);

void world_open(struct world *world, struct stage *stage, uint32_t most_numbers);
/* Its slots are 0 from now on. */
void world_close(struct world *world);

/* The word that an edge, root or local with this reference holds. */
TER_INLINE uintptr_t world_word(const struct reference *reference)
{
    return reference->target == NULL ? 0 : reference->target->address + reference->displacement;
}

void world_set_root(struct world *world, unsigned slot, struct node *node, size_t displacement);
void world_set_local(struct world *world, unsigned actor, unsigned local, struct node *node,
                     size_t displacement);
/* The word of a node that the last walk came by. */
TER_INLINE uintptr_t *world_word_of(const struct node *node, size_t word)
{
    return (uintptr_t *)node->address + word;
}

/* Where the word of a link is. */
uintptr_t *world_link_word(struct world *world, const struct link *link);
/* Can the program get at it? */
bool world_has_link(const struct link *link);
/* The link is no more, nor in the heap when it is `registered` there; its word is 0. */
void world_end_link(struct world *world, struct link *link, bool registered);
