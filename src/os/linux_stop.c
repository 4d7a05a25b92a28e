/* SPDX-License-Identifier: MIT */
/*
 * Stopping threads on Linux.
 *
 * Invariant: `generation` is odd while threads stand. A thread that got the signal says where its
 * stack ends, counts itself, and waits (futex) until the generation is not the one it saw. Only the
 * last one wakes the collector: woken for each, it would take a processor from those still to come.
 */
#define _GNU_SOURCE
#include "os/linux_records.h"
#include "os/linux_signals.h"
#include "os/linux_unanswered.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
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
    struct ter_os_thread *self = ter_os_thread_self();
    uint32_t seen = atomic_load_explicit(&generation, memory_order_acquire);
    uint32_t wanted = seen;

    /*
     * A second signal of one stop, or one that somebody else sent, at whatever moment and to
     * whatever thread, must not count.
     */
    if (self == NULL || ter_signals_hold_off(self, TER_SIGNAL_STOP) || seen % 2 == 0 ||
        !atomic_compare_exchange_strong(&self->wanted, &wanted, 0))
        return;
    ter_os_note_signal_stack(self);
    TER_SPILL_REGISTERS();
    atomic_store_explicit(&self->stack_pointer, TER_STACK_POINTER(), memory_order_relaxed);
    /* In one order with the collector's store and load: it sees the count or this sees its number.
     */
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

static bool prepare_stops(void)
{
    return ter_signals_prepare(TER_SIGNAL_STOP, handle_stop);
}

/* The handler first: so a signal from elsewhere finds it, whoever has a record. */
ter_status ter_os_thread_begin(struct ter_os_thread **thread)
{
    struct ter_os_cancel before = ter_os_cancel_off();
    ter_status status = TER_OK;

    if (!prepare_stops())
        status = TER_ERROR_SYSTEM;
    else if (ter_os_thread_self() == NULL)
        status = ter_records_begin();
    *thread = ter_os_thread_self();
    ter_os_cancel_back(before);
    return status;
}

ter_status ter_os_thread_note(struct ter_os_thread **thread)
{
    struct ter_os_cancel before = ter_os_cancel_off();
    ter_status status = ter_os_thread_self() == NULL ? ter_records_begin() : TER_OK;

    *thread = ter_os_thread_self();
    ter_os_cancel_back(before);
    return status;
}

/* By signals again, so that the thread stands in the handlers, where no others come between. */
void ter_os_answer_held_off(struct ter_os_thread *thread)
{
    uint32_t what = atomic_exchange_explicit(&thread->held_off, 0, memory_order_relaxed);

    if ((what & TER_SIGNAL_STOP) != 0)
        (void)pthread_kill(pthread_self(), ter_os_stop_signal());
    if ((what & TER_SIGNAL_SUSPEND) != 0)
        (void)pthread_kill(pthread_self(), ter_os_suspend_signal());
}

ter_status ter_os_stop_begin(void)
{
    if (!prepare_stops())
        return TER_ERROR_SYSTEM;
    pthread_mutex_lock(&turn);
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
    if (!ter_signals_send(thread, ter_os_stop_signal())) {
        atomic_store_explicit(&thread->wanted, 0, memory_order_relaxed);
        return false;
    }
    signalled++;
    return true;
}

bool ter_os_stop_wait(void)
{
    TER_KEEP_ERRNO;
    struct timespec patience = {.tv_nsec = TER_OS_STOP_WAIT_MS * 1000 * 1000};
    uint32_t count;

    atomic_store(&expected, signalled);
    while ((count = atomic_load(&stopped)) != signalled)
        if (syscall(SYS_futex, (uint32_t *)&stopped, FUTEX_WAIT_PRIVATE, count, &patience, NULL,
                    0) != 0 &&
            errno == ETIMEDOUT)
            return false;
    return true;
}

/* Whoever takes the number away decides: the thread comes to stand, or will not for this stop. */
bool ter_os_stop_give_up(struct ter_os_thread *thread)
{
    uint32_t wanted = atomic_load_explicit(&generation, memory_order_relaxed);

    if (!atomic_compare_exchange_strong(&thread->wanted, &wanted, 0))
        return false;
    signalled--;
    return true;
}

enum ter_os_answer ter_os_stop_again(struct ter_os_thread *thread)
{
    uint32_t wanted = atomic_load_explicit(&thread->wanted, memory_order_relaxed);
    enum ter_os_answer answer;

    if (wanted == 0)
        return TER_OS_STANDS;
    ter_signals_keep(TER_SIGNAL_STOP, handle_stop);
    answer = ter_signals_look_at(thread, ter_os_stop_signal());
    if (answer == TER_OS_GONE && !ter_os_stop_give_up(thread))
        return TER_OS_STANDS;
    if (answer == TER_OS_TAKES)
        (void)ter_signals_send_often(thread, ter_os_stop_signal(), &thread->wanted, wanted);
    return answer;
}

enum ter_os_answer ter_os_stop_foresee(const struct ter_os_thread *thread)
{
    return ter_signals_look_at(thread, ter_os_stop_signal());
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
    ter_records_reset_after_fork();
}
