/* SPDX-License-Identifier: MIT */
/*
 * The pool of work packets, through which workers share what is to be scanned, and by which they
 * find that nothing is left.
 *
 * Each worker has a stack of its own. Who runs out takes a packet from the pool, or waits; who sees
 * that somebody waits (`wanted`) puts the oldest entries of his stack there, which lead to the most
 * work. Termination: all wait and the pool is empty.
 *
 * Invariant: entries are in exactly one stack or in the pool; `waiting` workers have empty stacks.
 */
#pragma once

#include <stdatomic.h>

#include "trace/mark_stack.h"

struct ter_packets {
    struct ter_mutex lock;
    struct ter_condition given; /* there are entries, or all is done */
    struct ter_mark_stack stack;
    unsigned workers;
    unsigned waiting;
    bool done;
    _Atomic bool wanted; /* somebody waits and there is nothing to take */
};

ter_status ter_packets_init(struct ter_packets *packets);
void ter_packets_fini(struct ter_packets *packets);

/* Before a parallel phase. */
void ter_packets_begin(struct ter_packets *packets, unsigned workers);

TER_INLINE bool ter_packets_are_wanted(const struct ter_packets *packets)
{
    return atomic_load_explicit(&packets->wanted, memory_order_relaxed);
}

/* Gives entries; false, with nothing given, when there is no memory for them. */
bool ter_packets_give(struct ter_packets *packets, const struct ter_mark_entry *entries,
                      size_t count);

/* Moves entries to `stack`, which is empty, waiting for some if need be; false: all is done. */
bool ter_packets_take(struct ter_packets *packets, struct ter_mark_stack *stack);
