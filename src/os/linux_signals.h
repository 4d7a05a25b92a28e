/* SPDX-License-Identifier: MIT */
/* For handlers in which a thread waits for others, and for those who send it there. */
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
 * All signals, also the one by which glibc cancels threads (number 32), which sigfillset leaves
 * out. A thread that was cancelled in such a handler would unwind through it, go on while the world
 * stands, and have all signals blocked for the rest of its life.
 */
static inline void ter_signals_fill(sigset_t *mask)
{
    unsigned long first;

    sigfillset(mask);
    memcpy(&first, mask, sizeof first);
    first |= 1ul << 31;
    memcpy(mask, &first, sizeof first);
}

typedef void ter_signals_handler(int number);

/* With all signals blocked in the handler but `let_through` (0: none). */
static inline bool ter_signals_install(int number, ter_signals_handler *handler, int let_through)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    ter_signals_fill(&action.sa_mask);
    if (let_through != 0)
        sigdelset(&action.sa_mask, let_through);
    return sigaction(number, &action, NULL) == 0;
}

/* Puts the handler back, and says so, if the program has put its own in its place. */
void ter_signals_keep(int number, ter_signals_handler *handler, int let_through);

/*
 * To exactly that thread of this process, by the kernel's number: a pthread_t of a thread that
 * ended must not be used, its number can be. 0 without a signal asks whether there is one. False:
 * none.
 */
bool ter_signals_send(const struct ter_os_thread *thread, int number);
/* The same many times, until *wanted is not `value`: for one that takes signals by sigwait. */
bool ter_signals_send_often(const struct ter_os_thread *thread, int number,
                            _Atomic uint32_t *wanted, uint32_t value);

/* What the kernel says of a thread that does not answer signal `number`. */
enum ter_os_answer ter_signals_look_at(const struct ter_os_thread *thread, int number);

/* Makes the handler of stops, once; false when the system refuses. */
bool ter_stop_prepare(void);
/* Is the handler of suspensions there? */
bool ter_suspend_is_prepared(void);
/* In the child of a fork. */
void ter_records_reset_after_fork(void);
