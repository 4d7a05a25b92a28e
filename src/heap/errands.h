/* SPDX-License-Identifier: MIT */
/*
 * What somebody outside wants done in a heap: a collection, a dump, a report (option `live`).
 *
 * Invariant: a thread of the program that comes to a slow allocation does it; if none comes, a
 * thread of ours, as soon as all of the program's would stand (alloc/courtesy.h), or at once what
 * needs no standing. One errand at a time, all under the heap lock, but that the names in a dump
 * are written without it.
 */
#pragma once

#include "alloc/alloc.h"
#include "see/see.h"

struct ter_heap;

/* By a thread of the program at a slow allocation, under the lock: does it, if it can be done. */
void ter_errand_do_here(struct ter_heap *heap);

/* The rest is for a thread of ours. The lock, unless it is not free for long. */
bool ter_errand_lock(struct ter_heap *heap);

/* Under the lock: from now on it is wanted. `file` stays open until it is done or withdrawn. */
void ter_errand_want(struct ter_heap *heap, enum ter_inquiry_verb verb,
                     const struct ter_os_line *file);
/* Under the lock: nobody begins it any more. */
void ter_errand_withdraw(struct ter_heap *heap);
/*
 * Under the lock, which may be let go meanwhile: does it if it is wanted and can be done now.
 * False: it cannot, and *obstacle says why.
 */
bool ter_errand_try(struct ter_heap *heap, struct ter_obstacle *obstacle);
/* In the child of a fork: it was of the parent. */
void ter_errand_forked(struct ter_heap *heap);
