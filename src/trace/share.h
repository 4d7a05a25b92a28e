/* SPDX-License-Identifier: MIT */
/*
 * How members of a round of marking share what is to be scanned.
 *
 * Each has a stack of its own. Who runs out takes from the share, or waits; who sees that somebody
 * waits (`hungry`) gives the oldest entries of his stack, which lead to the most work. When all
 * wait and the share is empty, the round is over.
 *
 * Invariant: entries are in exactly one stack or in the share; `waiting` members have empty stacks.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "trace/mark_stack.h"

struct ter_share {
    pthread_mutex_t lock;
    pthread_cond_t given; /* there are entries, or the round is over */
    struct ter_mark_stack stack;
    unsigned members;
    unsigned waiting;
    bool over;
    _Atomic bool hungry; /* somebody waits and there is nothing to take */
};

ter_status ter_share_init(struct ter_share *share);
void ter_share_fini(struct ter_share *share);

/* Before a round. */
void ter_share_begin(struct ter_share *share, unsigned members);

TER_INLINE bool ter_share_is_hungry(const struct ter_share *share)
{
    return atomic_load_explicit(&share->hungry, memory_order_relaxed);
}

/* Gives entries; false, with nothing given, when there is no memory for them. */
bool ter_share_give(struct ter_share *share, const struct ter_mark_entry *entries, size_t count);

/* Moves entries to `stack`, which is empty, waiting for some if need be; false: the round is over.
 */
bool ter_share_take(struct ter_share *share, struct ter_mark_stack *stack);
