/* SPDX-License-Identifier: MIT */
/*
 * Suspending single threads on Linux, by a signal other than the one that stops all: its handler lets
 * that one through, so a suspended thread says where its stack ends like any other.
 *
 * Invariant: `suspension` is set before the signal is sent and cleared by whoever resumes; the thread
 * waits in the handler while it is set. Each has a number, so that one which follows on the heels of
 * another is answered too. Callers keep those who suspend and resume apart by a lock.
 */
#define _GNU_SOURCE
#include "os/linux_signals.h"
#include "os/os.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int suspend_signal = SIGXCPU;
static bool suspend_installed;

static void wait_while(_Atomic uint32_t *word, uint32_t value, const struct timespec *patience)
{
    TER_KEEP_ERRNO;
    syscall(SYS_futex, (uint32_t *)word, FUTEX_WAIT_PRIVATE, value, patience, NULL, 0);
}

static void wake_waiting(_Atomic uint32_t *word)
{
    TER_KEEP_ERRNO;
    syscall(SYS_futex, (uint32_t *)word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static void stand_suspended(struct ter_os_thread *self)
{
    uint32_t number;

    while ((number = atomic_load_explicit(&self->suspension, memory_order_acquire)) != 0) {
        atomic_store_explicit(&self->stands_for, number, memory_order_release);
        wake_waiting(&self->stands_for);
        wait_while(&self->suspension, number, NULL);
    }
}

/* A signal that somebody else sent finds nothing to wait for. */
static void handle_suspend(int number)
{
    int saved_errno = errno;

    (void)number;
    if (!ter_signals_hold_off(ter_os_thread_self(), TER_HELD_OFF_SUSPENSION))
        stand_suspended(ter_os_thread_self());
    errno = saved_errno;
}

static bool install_suspend_handler(void)
{
    TER_KEEP_ERRNO;
    struct sigaction action = {.sa_handler = handle_suspend, .sa_flags = SA_RESTART};

    if (suspend_installed)
        return true;
    ter_signals_fill(&action.sa_mask);
    sigdelset(&action.sa_mask, ter_os_stop_signal());
    suspend_installed = sigaction(suspend_signal, &action, NULL) == 0;
    return suspend_installed;
}

static uint32_t next_suspension(void)
{
    static uint32_t count;

    count += count + 1 == 0 ? 2 : 1;
    return count;
}

bool ter_os_suspend(struct ter_os_thread *thread)
{
    const struct timespec patience = {.tv_nsec = 20 * 1000 * 1000};
    uint32_t number, seen;

    if (ter_os_is_suspended(thread))
        return true;
    if (!install_suspend_handler())
        return false;
    number = next_suspension();
    atomic_store_explicit(&thread->suspension, number, memory_order_release);
    while ((seen = atomic_load_explicit(&thread->stands_for, memory_order_acquire)) != number) {
        /* Again after a while: tools that come between may lose a signal. */
        if (pthread_kill((pthread_t)thread->identity, suspend_signal) != 0) {
            atomic_store_explicit(&thread->suspension, 0, memory_order_release);
            return false;
        }
        wait_while(&thread->stands_for, seen, &patience);
    }
    return true;
}

void ter_os_suspend_begin_self(void)
{
    atomic_store_explicit(&ter_os_thread_self()->suspension, next_suspension(),
                          memory_order_release);
}

void ter_os_suspend_self(void)
{
    stand_suspended(ter_os_thread_self());
}

void ter_os_resume(struct ter_os_thread *thread)
{
    atomic_store_explicit(&thread->suspension, 0, memory_order_release);
    wake_waiting(&thread->suspension);
}

int ter_os_suspend_signal(void)
{
    return suspend_signal;
}

void ter_os_set_suspend_signal(int number)
{
    TER_REQUIRE(!suspend_installed, "the signal that suspends a thread was already used");
    suspend_signal = number;
}
