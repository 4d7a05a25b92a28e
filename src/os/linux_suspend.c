/* SPDX-License-Identifier: MIT */
/*
 * Suspending single threads on Linux, by a signal other than the one that stops all: its handler
 * lets that one through, so a suspended thread says where its stack ends like any other.
 *
 * Invariant: `suspension` is set before the signal is sent and cleared by whoever resumes; the
 * thread waits in the handler while it is set. Each has a number, so that one which follows on the
 * heels of another is answered too. Callers keep those who suspend and resume apart by a lock.
 */
#define _GNU_SOURCE
#include "os/linux_signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

/* Waits of 20 ms: as long as for one that is to stop. */
#define PATIENCE 750u

static void stand_suspended(struct ter_os_thread *self)
{
    uint32_t number;

    while ((number = atomic_load_explicit(&self->suspension, memory_order_acquire)) != 0) {
        atomic_store_explicit(&self->stands_for, number, memory_order_release);
        ter_os_wake_waiting(&self->stands_for);
        ter_os_wait_while(&self->suspension, number, 0);
    }
}

/* A signal that somebody else sent finds nothing to wait for. */
static void handle_suspend(int number)
{
    struct ter_os_thread *self = ter_os_thread_self();
    int saved_errno = errno;

    (void)number;
    if (self != NULL && !ter_signals_hold_off(self, TER_SIGNAL_SUSPEND))
        stand_suspended(self);
    errno = saved_errno;
}

bool ter_os_suspend_prepare(void)
{
    return ter_signals_prepare(TER_SIGNAL_SUSPEND, handle_suspend);
}

static uint32_t next_suspension(void)
{
    static uint32_t count;

    count += count + 1 == 0 ? 2 : 1;
    return count;
}

/* Asks again after a while: tools that come between may lose a signal. */
static bool wait_for_suspended(struct ter_os_thread *thread, uint32_t number)
{
    uint32_t seen;

    for (unsigned i = 0; i < PATIENCE; i++) {
        seen = atomic_load_explicit(&thread->stands_for, memory_order_acquire);
        if (seen == number)
            return true;
        if (!ter_signals_send(thread, ter_os_suspend_signal()))
            return false;
        ter_os_wait_while(&thread->stands_for, seen, 20);
        ter_signals_keep(TER_SIGNAL_SUSPEND, handle_suspend);
    }
    return false;
}

bool ter_os_suspend(struct ter_os_thread *thread)
{
    uint32_t number;

    if (ter_os_is_suspended(thread))
        return true;
    if (!ter_os_suspend_prepare())
        return false;
    number = next_suspension();
    atomic_store_explicit(&thread->suspension, number, memory_order_release);
    if (wait_for_suspended(thread, number))
        return true;
    ter_os_resume(thread);
    return false;
}

void ter_os_suspend_begin(struct ter_os_thread *thread)
{
    if (!ter_os_is_suspended(thread))
        atomic_store_explicit(&thread->suspension, next_suspension(), memory_order_release);
}

void ter_os_suspend_self(void)
{
    stand_suspended(ter_os_thread_self());
}

void ter_os_resume(struct ter_os_thread *thread)
{
    atomic_store_explicit(&thread->suspension, 0, memory_order_release);
    ter_os_wake_waiting(&thread->suspension);
}
