/* SPDX-License-Identifier: MIT */
/* For handlers in which a thread waits for others. */
#pragma once

#include <signal.h>
#include <string.h>

#include "os/os.h"

enum { TER_HELD_OFF_STOP = 1, TER_HELD_OFF_SUSPENSION = 2 };

/* In a handler of the thread: true when it must not stand now; it will answer later. */
static inline bool ter_signals_hold_off(struct ter_os_thread *self, uint32_t what)
{
    if (atomic_load_explicit(&self->holds_off, memory_order_relaxed) == 0)
        return false;
    atomic_fetch_or_explicit(&self->held_off, what, memory_order_relaxed);
    return true;
}

/*
 * All signals, also the one by which glibc cancels threads (number 32), which sigfillset leaves out. A
 * thread that was cancelled in such a handler would unwind through it, go on while the world stands, and
 * have all signals blocked for the rest of its life.
 */
static inline void ter_signals_fill(sigset_t *mask)
{
    unsigned long first;

    sigfillset(mask);
    memcpy(&first, mask, sizeof first);
    first |= 1ul << 31;
    memcpy(mask, &first, sizeof first);
}
