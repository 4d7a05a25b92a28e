/* SPDX-License-Identifier: MIT */
/*
 * The threads of a run that can be replayed. They take turns: one operation at a time is done, by
 * the thread that it names, while all others wait, inside the heap or outside.
 *
 * Invariant: `actor` 0 is the thread that gives the turns; it has a mutator always. A thread that
 * has ended left no locals.
 */
#pragma once

#include <pthread.h>

#include "world.h"

struct actor {
    struct world *world;
    struct ter_mutator *mutator;
    unsigned number;
    pthread_t thread;
    bool exists;
    struct actors *all;
};

struct actors {
    struct world *world;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned turn; /* whose; 0: the first thread's */
    const struct operation *operation;
    struct actor of[ACTORS];
};

void actors_init(struct actors *actors, struct world *world, struct ter_mutator *mutator);
/* Ends all but the first. */
void actors_fini(struct actors *actors);
/* Has the operation done by its thread; nothing happens when there is no such thread. */
void actors_do(struct actors *actors, const struct operation *operation);
/* Those that have a mutator now. */
unsigned actors_count(const struct actors *actors);

/* Two operations are done here. */
void actors_start(struct actors *actors, unsigned number);
void actors_end(struct actors *actors, unsigned number, bool unbinds);
