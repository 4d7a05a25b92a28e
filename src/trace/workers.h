/* SPDX-License-Identifier: MIT */
/*
 * Threads that help a collector.
 *
 * Invariant: between two rounds every helper waits; a round is over when every helper has come back
 * from the function. The thread that runs rounds is member 0, helpers are 1 up to `count`. All
 * calls are made by one thread at a time (in a heap: under the heap lock).
 *
 * Helpers are started outside a pause: to start a thread may need locks that a stopped thread
 * holds.
 */
#pragma once

#include <pthread.h>

#include "os/os.h"

#define TER_MAX_HELPERS 15u

typedef void ter_round(void *context, unsigned member);

struct ter_workers {
    pthread_mutex_t lock;
    pthread_cond_t wake; /* helpers wait for a round */
    pthread_cond_t over; /* the caller waits for its end */
    unsigned count;      /* helpers there are */
    unsigned running;    /* of them, in this round */
    unsigned round;      /* changes when one begins */
    bool ending;
    ter_round *function;
    void *context;
    struct ter_os_worker threads[TER_MAX_HELPERS];
};

void ter_workers_init(struct ter_workers *workers);
/* Ends all helpers. */
void ter_workers_fini(struct ter_workers *workers);
/* In the child of a fork: there are no helpers. */
void ter_workers_forget(struct ter_workers *workers);

/* Starts helpers until there are `wanted`, or the system refuses; returns how many there are. */
unsigned ter_workers_start(struct ter_workers *workers, unsigned wanted);

/* Runs `function` in the caller and in every helper, and returns when all have come back. */
void ter_workers_run(struct ter_workers *workers, ter_round *function, void *context);
