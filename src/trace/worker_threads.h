/* SPDX-License-Identifier: MIT */
/*
 * Threads that help a collector: a parallel phase is a function that all of them run at once.
 *
 * Invariant: between two phases every helper waits; a phase is over when every helper has come back
 * from the function. The thread that runs phases is worker 0, helpers are 1 up to `count`. All
 * calls are made by one thread at a time (in a heap: under the heap lock).
 *
 * Helpers are started outside a pause: to start a thread may need locks that a stopped thread
 * holds.
 */
#pragma once

#include "os/os.h"

#define TER_MAX_HELPERS 15u

typedef void ter_worker_function(void *context, unsigned worker);

struct ter_worker_threads {
    struct ter_mutex lock;
    struct ter_condition wake; /* helpers wait for a phase */
    struct ter_condition over; /* the caller waits for its end */
    unsigned count;            /* helpers there are */
    unsigned running;          /* of them, in this phase */
    unsigned phase;            /* changes when one begins */
    bool ending;
    ter_worker_function *function;
    void *context;
    struct ter_os_worker of[TER_MAX_HELPERS];
};

void ter_worker_threads_init(struct ter_worker_threads *threads);
/* Ends all helpers. */
void ter_worker_threads_fini(struct ter_worker_threads *threads);
/* In the child of a fork: there are no helpers. */
void ter_worker_threads_forget(struct ter_worker_threads *threads);

/* Starts helpers until there are `wanted`, or the system refuses; returns how many there are. */
unsigned ter_worker_threads_start(struct ter_worker_threads *threads, unsigned wanted);

/* Runs `function` in the caller and in every helper, and returns when all have come back. */
void ter_worker_threads_run(struct ter_worker_threads *threads, ter_worker_function *function,
                            void *context);
