/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "os/linux_signals.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * A thread that takes signals by sigwait, but does not block them, answers one that comes between
 * two waits. So they come as fast as can be, for about a millisecond.
 */
#define AT_ONCE 2000u

/* ---- Which ---- */

struct chosen {
    int number;
    _Atomic bool prepared;
};

static struct chosen stop_signal = {.number = SIGPWR};
static struct chosen suspend_signal = {.number = SIGXCPU};

static struct chosen *chosen_for(enum ter_signal which)
{
    return which == TER_SIGNAL_STOP ? &stop_signal : &suspend_signal;
}

static bool is_prepared(const struct chosen *chosen)
{
    return atomic_load_explicit(&chosen->prepared, memory_order_acquire);
}

int ter_signals_number(enum ter_signal which)
{
    return chosen_for(which)->number;
}

int ter_os_stop_signal(void)
{
    return stop_signal.number;
}

void ter_os_set_stop_signal(int number)
{
    TER_REQUIRE(!is_prepared(&stop_signal), "the signal that stops threads was already used");
    stop_signal.number = number;
}

int ter_os_suspend_signal(void)
{
    return suspend_signal.number;
}

void ter_os_set_suspend_signal(int number)
{
    TER_REQUIRE(!is_prepared(&suspend_signal),
                "the signal that suspends a thread was already used");
    suspend_signal.number = number;
}

/* ---- Handlers ---- */

/*
 * All signals, also the one by which glibc cancels threads (number 32), which sigfillset leaves
 * out. A thread that was cancelled in such a handler would unwind through it, go on while the world
 * stands, and have all signals blocked for the rest of its life.
 */
static void fill_mask(sigset_t *mask)
{
    unsigned long first;

    sigfillset(mask);
    memcpy(&first, mask, sizeof first);
    first |= 1ul << 31;
    memcpy(mask, &first, sizeof first);
}

static bool install(enum ter_signal which, ter_signals_handler *handler)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};

    fill_mask(&action.sa_mask);
    if (which == TER_SIGNAL_SUSPEND)
        sigdelset(&action.sa_mask, stop_signal.number);
    return sigaction(ter_signals_number(which), &action, NULL) == 0;
}

bool ter_signals_prepare(enum ter_signal which, ter_signals_handler *handler)
{
    TER_KEEP_ERRNO;
    struct chosen *chosen = chosen_for(which);

    if (is_prepared(chosen))
        return true;
    if (!install(which, handler))
        return false;
    atomic_store_explicit(&chosen->prepared, true, memory_order_release);
    return true;
}

void ter_signals_keep(enum ter_signal which, ter_signals_handler *handler)
{
    static _Atomic bool said;
    struct sigaction now;
    int number = ter_signals_number(which);

    if (sigaction(number, NULL, &now) != 0 || now.sa_handler == handler)
        return;
    if (!atomic_exchange(&said, true))
        ter_log(TER_LOG_WARNING,
                "the program has taken away the handler of signal %d, which stops threads: it is "
                "put back",
                number);
    (void)install(which, handler);
}

/* ---- Sending ---- */

bool ter_signals_send(const struct ter_os_thread *thread, int number)
{
    int saved_errno = errno;
    bool none = syscall(SYS_tgkill, getpid(), thread->number, number) != 0 && errno == ESRCH;

    errno = saved_errno;
    return !none;
}

bool ter_signals_send_often(const struct ter_os_thread *thread, int number,
                            _Atomic uint32_t *wanted, uint32_t value)
{
    for (unsigned i = 0; i < AT_ONCE; i++) {
        if (!ter_signals_send(thread, number))
            return false;
        if (atomic_load_explicit(wanted, memory_order_acquire) != value)
            return true;
        if (i % 64 == 0)
            sched_yield();
    }
    return true;
}

/* ---- Masks ---- */

void ter_os_accept_stops(struct ter_os_mask *before)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, stop_signal.number);
    if (is_prepared(&suspend_signal))
        sigaddset(&signals, suspend_signal.number);
    pthread_sigmask(SIG_UNBLOCK, &signals, &before->signals);
}

void ter_os_restore_stops(const struct ter_os_mask *before)
{
    const int numbers[] = {stop_signal.number, suspend_signal.number};
    bool any = false;
    sigset_t signals;

    sigemptyset(&signals);
    for (size_t i = 0; i < TER_ARRAY_LENGTH(numbers); i++)
        if (sigismember(&before->signals, numbers[i]) == 1) {
            sigaddset(&signals, numbers[i]);
            any = true;
        }
    if (any)
        pthread_sigmask(SIG_BLOCK, &signals, NULL);
}
