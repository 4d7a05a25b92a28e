/* SPDX-License-Identifier: MIT */
/*
 * Faults of the program, told before they take their course.
 *
 * Invariant: whatever is told, what handled such faults before handles this one, as it would have:
 * with the arguments, the mask and the flags that it wanted. A fault in the telling is one too.
 */
#define _GNU_SOURCE
#include "os/os.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

static struct ter_mutex watching = TER_MUTEX_INIT;
static unsigned watchers;
static bool was_put; /* and not taken back: a later handler may call it */
static _Atomic(ter_os_touched *) touched_function;
static struct sigaction handler_before;
static _Atomic uintptr_t telling; /* the thread that tells; 0: none */

/* ---- What was there before ---- */

static bool is_function(const struct sigaction *action)
{
    return action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
}

static void set_default(int number)
{
    struct sigaction action = {.sa_handler = SIG_DFL};

    sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

/* Somebody sent it; the system made it otherwise. */
static bool was_sent(const siginfo_t *info)
{
    return info->si_code <= 0;
}

/* The instruction is done again when this returns, and the process ends where it stands. */
static void let_default(int number, const siginfo_t *info)
{
    if (was_sent(info) && handler_before.sa_handler == SIG_IGN)
        return;
    set_default(number);
    if (was_sent(info))
        (void)raise(number);
}

static void call_before(int number, siginfo_t *info, void *context)
{
    struct sigaction action = handler_before;

    if ((action.sa_flags & SA_NODEFER) == 0)
        sigaddset(&action.sa_mask, number);
    /* What comes back from a handler has the mask from before it. */
    pthread_sigmask(SIG_BLOCK, &action.sa_mask, NULL);
    if ((action.sa_flags & (int)SA_RESETHAND) != 0)
        handler_before = (struct sigaction){.sa_handler = SIG_DFL};
    if ((action.sa_flags & SA_SIGINFO) != 0)
        action.sa_sigaction(number, info, context);
    else
        action.sa_handler(number);
}

/* ---- Telling ---- */

/* One at a time; false in a fault of the telling itself. */
static bool begin_telling(void)
{
    uintptr_t self = ter_os_thread_identity(), nobody = 0;

    while (!atomic_compare_exchange_weak(&telling, &nobody, self)) {
        if (nobody == self)
            return false;
        nobody = 0;
        (void)sched_yield();
    }
    return true;
}

static void tell_touch(const siginfo_t *info)
{
    ter_os_touched *function = atomic_load_explicit(&touched_function, memory_order_acquire);

    if (function == NULL || was_sent(info) || !begin_telling())
        return;
    function((uintptr_t)info->si_addr);
    atomic_store(&telling, 0);
}

static void take_fault(int number, siginfo_t *info, void *context)
{
    int saved_errno = errno;

    tell_touch(info);
    errno = saved_errno;
    if (is_function(&handler_before))
        call_before(number, info, context);
    else
        let_default(number, info);
    errno = saved_errno;
}

/* ---- Being there ---- */

/* On the stack that a handler would have had. It is not blocked, so that its own faults come out.
 */
static bool put_handler(const struct sigaction *now)
{
    int stack = is_function(now) ? now->sa_flags & SA_ONSTACK : SA_ONSTACK;
    struct sigaction action = {.sa_sigaction = take_fault,
                               .sa_flags = SA_SIGINFO | SA_NODEFER | stack};

    handler_before = *now;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGSEGV, &action, NULL) == 0;
}

static bool is_in_place(const struct sigaction *now)
{
    return (now->sa_flags & SA_SIGINFO) != 0 && now->sa_sigaction == take_fault;
}

/* Behind a later handler it stays: in front of that, each would call the other for ever. */
static ter_status watch(void)
{
    struct sigaction now;

    if (sigaction(SIGSEGV, NULL, &now) != 0)
        return TER_ERROR_SYSTEM;
    if (is_in_place(&now) || (was_put && is_function(&now)))
        return TER_OK;
    was_put = put_handler(&now);
    return was_put ? TER_OK : TER_ERROR_SYSTEM;
}

static void unwatch(void)
{
    struct sigaction now;

    if (sigaction(SIGSEGV, NULL, &now) == 0 && is_in_place(&now))
        was_put = sigaction(SIGSEGV, &handler_before, NULL) != 0;
}

ter_status ter_os_watch_touches(ter_os_touched *function)
{
    TER_KEEP_ERRNO;
    ter_status status;

    ter_mutex_acquire(&watching);
    status = watchers == 0 ? watch() : TER_OK;
    if (status == TER_OK) {
        atomic_store_explicit(&touched_function, function, memory_order_release);
        watchers++;
    }
    ter_mutex_release(&watching);
    return status;
}

void ter_os_unwatch_touches(void)
{
    TER_KEEP_ERRNO;

    ter_mutex_acquire(&watching);
    if (--watchers == 0) {
        atomic_store_explicit(&touched_function, NULL, memory_order_release);
        unwatch();
    }
    ter_mutex_release(&watching);
}

void ter_os_reset_touches_after_fork(void)
{
    ter_mutex_init(&watching);
    atomic_store(&telling, 0);
}
