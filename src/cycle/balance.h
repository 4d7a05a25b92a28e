/* SPDX-License-Identifier: MIT */
/*
 * The soft limit: how much memory the heaps of the process should have together, by the program's
 * word and by the limits of its control group; and which heap may have how much of it.
 *
 * A heap's footprint is what its spaces have of the system's memory, used or idle, with what lies
 * in malloc's. Invariant: while there is a limit, a heap's footprint grows only within what it was
 * promised, and all promises together are within the limit, but for what ter_balance_exceed gave.
 * What does not go through the gate (pages in holes of blocks, idle memory that does not fit) is
 * seen when the gate is next asked.
 *
 * A heap's share is what ter_sizing_divide says, anew after each collection of any heap, and when
 * one comes or goes; a part is left out of that, since one has to give back what the other gets,
 * and does when it next comes to its gate.
 *
 * Threads: any. The mutex of all heaps is taken after the lock of a heap, and nothing but the
 * system is called under it. No thread is stopped by a signal while it has it, so that who stopped
 * others may take it.
 */
#pragma once

#include "alloc/alloc.h"
#include "cycle/sizing.h"

/* One heap's part. Zero at first. */
struct ter_balance {
    struct ter_balance *previous, *next;
    const struct ter_accounting *accounting;
    const struct ter_allocator *allocator;
    /* Under the mutex: */
    struct ter_claim claim;
    struct ter_rates rates;
    size_t live_bytes;
    uint64_t ended_ns; /* its last collection */
    bool collecting;
    /* Changed under the mutex, read by anyone: */
    _Atomic size_t share_bytes;    /* of footprint; SIZE_MAX: there is no limit */
    _Atomic size_t promised_bytes; /* of footprint */
    /* Under the heap's lock: */
    size_t excess_bytes;  /* in use, up to here whatever the share; until the next collection */
    uint64_t thread_ns;   /* processor time of the thread that collects, when it began */
    uint64_t collections; /* that came before their time for the limit */
    uint64_t exceeded;    /* times that the limit gave way, since the collector had its half */
};

/* What a collection has found, for ter_balance_end. */
struct ter_balance_findings {
    const struct ter_rates *rates;
    size_t live_bytes;
    size_t base_bytes;   /* in use, with what is kept free for copies */
    size_t desire_bytes; /* room by the heap's own rule */
};

/* ---- Heaps come and go; under no lock of theirs ---- */

void ter_balance_join(struct ter_balance *balance, const struct ter_accounting *accounting,
                      const struct ter_allocator *allocator);
void ter_balance_leave(struct ter_balance *balance);

/* ---- The limit ---- */

/* The program's own, 0 for none; and whether limits of control groups count. Read at once. */
void ter_balance_set_limit(uint64_t bytes, bool by_cgroup);
/* What holds now; SIZE_MAX for none. */
size_t ter_balance_limit(void);
/* Footprints of all heaps. */
size_t ter_balance_footprint(void);
/* For how long the limit has been giving way without an end; 0: it does not. */
uint64_t ter_balance_exceeded_ns(void);
/*
 * Reads the limits of control groups if it is time: at first, for a heap that may use more than
 * some MiB, and then once a second. Before a collection, and where a heap grows.
 */
void ter_balance_watch(const struct ter_balance *balance);

/* ---- The gate; under the heap's lock ---- */

/* May so many bytes more be in use? */
bool ter_balance_admits(struct ter_balance *balance, size_t bytes);
/* Idle memory of the heap that has to go first, so that they may; 0: that would not do. */
size_t ter_balance_idle_to_give(const struct ter_balance *balance, size_t bytes);
/* Idle memory beyond the heap's share, which may have become less; to be told when it went back. */
size_t ter_balance_beyond_share(const struct ter_balance *balance);
void ter_balance_gave_back(struct ter_balance *balance);
/* What was promised for an allocation is not used: it failed. */
void ter_balance_refused(struct ter_balance *balance);
/* May a collection come before its time? No: the collector has had its half. */
bool ter_balance_may_collect(void);
/* They may all the same, and so many more until the next collection. */
void ter_balance_exceed(struct ter_balance *balance, size_t bytes, size_t more);

/* ---- Collections; under the heap's lock, while threads run ---- */

/* Returns the room for copies under the limit. */
size_t ter_balance_begin(struct ter_balance *balance);
/* NULL: nothing was found out, as in a collection of young objects, or in none. */
void ter_balance_end(struct ter_balance *balance, const struct ter_balance_findings *findings);

/* ---- Around a fork, when heaps are held ---- */

void ter_balance_hold(void);
void ter_balance_let_go(void);
void ter_balance_reset_after_fork(void);
