/* SPDX-License-Identifier: MIT */
/*
 * The two signals whose handlers let a thread wait for others, and sending them.
 *
 * Invariant: a signal's number does not change once its handler is there, and its handler stays:
 * one that the program has put in its place is replaced again. No call here is a point where
 * threads are cancelled, nor changes errno, nor allocates.
 */
#pragma once

#include <signal.h>
#include <string.h>

#include "os/os.h"

/* Which of them; also bits of what a thread holds off. */
enum ter_signal { TER_SIGNAL_STOP = 1, TER_SIGNAL_SUSPEND = 2 };

/* In a handler of the thread: true when it must not stand now; it will answer later. */
static inline bool ter_signals_hold_off(struct ter_os_thread *self, enum ter_signal what)
{
    if (atomic_load_explicit(&self->holds_off, memory_order_relaxed) == 0)
        return false;
    atomic_fetch_or_explicit(&self->held_off, what, memory_order_relaxed);
    return true;
}

typedef void ter_signals_handler(int number);

int ter_signals_number(enum ter_signal which);

/*
 * The handler is there from now on; twice does no harm. All signals are blocked in it, but in that
 * of suspensions the one that stops. False: the system refuses.
 */
bool ter_signals_prepare(enum ter_signal which, ter_signals_handler *handler);
/* Puts the handler back, and says so, if the program has put its own in its place. */
void ter_signals_keep(enum ter_signal which, ter_signals_handler *handler);

/*
 * To exactly that thread of this process, by the kernel's number: a pthread_t of a thread that
 * ended must not be used, its number can be. 0 without a signal asks whether there is one. False:
 * none.
 */
bool ter_signals_send(const struct ter_os_thread *thread, int number);
/* The same many times, until *wanted is not `value`: for one that takes signals by sigwait. */
bool ter_signals_send_often(const struct ter_os_thread *thread, int number,
                            _Atomic uint32_t *wanted, uint32_t value);
