/* SPDX-License-Identifier: MIT */
/*
 * Stopping threads on Linux.
 *
 * Invariant: `generation` is odd while threads stand. A thread that got the signal says where its
 * stack ends, counts itself, and waits (futex) until the generation is not the one it saw. Only the last
 * one wakes the collector: woken for each, it would take a processor from those still to come.
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

static _Thread_local struct ter_os_thread self;

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static int stop_signal = SIGPWR;
static bool handler_installed; /* under `turn` */
static _Atomic uint32_t generation;
static _Atomic uint32_t stopped;
static uint32_t signalled;        /* under `turn` */
static _Atomic uint32_t expected; /* all that were signalled; NOT_KNOWN while signals are sent */

#define NOT_KNOWN UINT32_MAX

static void futex_wait(_Atomic uint32_t *word, uint32_t value)
{
    TER_KEEP_ERRNO;
    syscall(SYS_futex, (uint32_t *)word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake_all(_Atomic uint32_t *word)
{
    TER_KEEP_ERRNO;
    syscall(SYS_futex, (uint32_t *)word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* Not inlined, so that its frame lies below the registers that the kernel saved for the handler. */
static TER_NOINLINE void stand_still(void)
{
    uint32_t seen = atomic_load_explicit(&generation, memory_order_acquire);
    uint32_t wanted = seen;

    /* A second signal of one stop, or one that somebody else sent, must not count. */
    if (ter_signals_hold_off(&self, TER_HELD_OFF_STOP) || seen % 2 == 0 ||
        !atomic_compare_exchange_strong(&self.wanted, &wanted, 0))
        return;
    ter_os_note_signal_stack(&self);
    TER_SPILL_REGISTERS();
    atomic_store_explicit(&self.stack_pointer, TER_STACK_POINTER(), memory_order_relaxed);
    /* In one order with the collector's store and load: it sees the count or this sees its number. */
    if (atomic_fetch_add(&stopped, 1) + 1 == atomic_load(&expected))
        futex_wake_all(&stopped);
    while (atomic_load_explicit(&generation, memory_order_acquire) == seen)
        futex_wait(&generation, seen);
}

static void handle_stop(int number)
{
    int saved_errno = errno;

    (void)number;
    stand_still();
    errno = saved_errno;
}

static ter_status install_handler(void)
{
    TER_KEEP_ERRNO;
    struct sigaction action = {.sa_handler = handle_stop, .sa_flags = SA_RESTART};

    if (handler_installed)
        return TER_OK;
    ter_signals_fill(&action.sa_mask);
    if (sigaction(stop_signal, &action, NULL) != 0)
        return TER_ERROR_SYSTEM;
    handler_installed = true;
    return TER_OK;
}

struct ter_os_thread *ter_os_thread_self(void)
{
    /* Written once: who stops this thread reads it. */
    if (self.identity == 0)
        self.identity = (uintptr_t)pthread_self();
    return &self;
}

/* By signals again, so that the thread stands in the handlers, where no others come between. */
void ter_os_answer_held_off(struct ter_os_thread *thread)
{
    uint32_t what = atomic_exchange_explicit(&thread->held_off, 0, memory_order_relaxed);

    if ((what & TER_HELD_OFF_STOP) != 0)
        (void)pthread_kill(pthread_self(), stop_signal);
    if ((what & TER_HELD_OFF_SUSPENSION) != 0)
        (void)pthread_kill(pthread_self(), ter_os_suspend_signal());
}

ter_status ter_os_stop_begin(void)
{
    ter_status status;

    pthread_mutex_lock(&turn);
    status = install_handler();
    if (status != TER_OK) {
        pthread_mutex_unlock(&turn);
        return status;
    }
    signalled = 0;
    atomic_store_explicit(&expected, NOT_KNOWN, memory_order_relaxed);
    atomic_store_explicit(&stopped, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&generation, 1, memory_order_release);
    return TER_OK;
}

bool ter_os_stop_thread(struct ter_os_thread *thread)
{
    atomic_store_explicit(&thread->wanted, atomic_load_explicit(&generation, memory_order_relaxed),
                          memory_order_release);
    if (pthread_kill((pthread_t)thread->identity, stop_signal) != 0)
        return false;
    signalled++;
    return true;
}

bool ter_os_stop_wait(void)
{
    TER_KEEP_ERRNO;
    struct timespec patience = {.tv_nsec = 50 * 1000 * 1000};
    uint32_t count;

    atomic_store(&expected, signalled);
    while ((count = atomic_load(&stopped)) != signalled)
        if (syscall(SYS_futex, (uint32_t *)&stopped, FUTEX_WAIT_PRIVATE, count, &patience, NULL,
                    0) != 0 &&
            errno == ETIMEDOUT)
            return false;
    return true;
}

bool ter_os_stop_again(struct ter_os_thread *thread)
{
    return atomic_load_explicit(&thread->wanted, memory_order_relaxed) == 0 ||
           pthread_kill((pthread_t)thread->identity, stop_signal) == 0;
}

void ter_os_stop_resume(void)
{
    atomic_fetch_add_explicit(&generation, 1, memory_order_release);
    futex_wake_all(&generation);
    pthread_mutex_unlock(&turn);
}

void ter_os_stop_reset_after_fork(void)
{
    uint32_t now = atomic_load_explicit(&generation, memory_order_relaxed);

    pthread_mutex_init(&turn, NULL);
    atomic_store_explicit(&generation, now + now % 2, memory_order_relaxed);
}

int ter_os_stop_signal(void)
{
    return stop_signal;
}

void ter_os_set_stop_signal(int number)
{
    TER_REQUIRE(!handler_installed, "the signal that stops threads was already used");
    stop_signal = number;
}
