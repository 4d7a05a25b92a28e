/* SPDX-License-Identifier: MIT */
/* For handlers in which a thread waits for others. */
#pragma once

#include <signal.h>
#include <string.h>

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
