/* SPDX-License-Identifier: MIT */
/*
 * Sending signals to one thread, and finding out why one does not answer: by the kernel's number
 * for it, which names no other thread of the process as long as this one lives. No call here is a
 * point where threads are cancelled, nor changes errno, nor allocates.
 */
#define _GNU_SOURCE
#include "os/linux_signals.h"
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * A thread that takes signals by sigwait, but does not block them, answers one that comes between
 * two waits. So they come as fast as can be, for about a millisecond.
 */
#define AT_ONCE 2000u

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

void ter_signals_keep(int number, ter_signals_handler *handler, int let_through)
{
    static _Atomic bool said;
    struct sigaction now;

    if (sigaction(number, NULL, &now) != 0 || now.sa_handler == handler)
        return;
    if (!atomic_exchange(&said, true))
        ter_log(
            TER_LOG_WARNING,
            "the program has taken away the handler of signal %d, which stops threads: it is put "
            "back",
            number);
    (void)ter_signals_install(number, handler, let_through);
}

/* ---- What the kernel says ---- */

/* A file of /proc about the thread, cut and ended by a zero; its length. 0: there is no such file.
 */
static size_t read_thread_file(const struct ter_os_thread *thread, const char *name, char *text,
                               size_t size)
{
    struct ter_os_cancel before = ter_os_cancel_off();
    int saved_errno = errno, file;
    ssize_t count = 0;
    char path[64];

    snprintf(path, sizeof path, "/proc/self/task/%d/%s", thread->number, name);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        count = read(file, text, size - 1);
        close(file);
    }
    text[count > 0 ? count : 0] = '\0';
    ter_os_cancel_back(before);
    errno = saved_errno;
    return count > 0 ? (size_t)count : 0;
}

/* What stands behind "\nName:\t"; NULL when there is no such line. */
static const char *find_status_field(const char *text, const char *name)
{
    const char *found = strstr(text, name);

    if (found == NULL)
        return NULL;
    found += strlen(name);
    return found + strspn(found, " \t");
}

static bool has_signal(const char *text, const char *name, int number)
{
    const char *set = find_status_field(text, name);

    return set != NULL && (strtoull(set, NULL, 16) >> (number - 1) & 1) != 0;
}

static bool is_one_of(const char *state, const char *letters)
{
    return state != NULL && *state != '\0' && strchr(letters, *state) != NULL;
}

enum ter_os_answer ter_signals_look_at(const struct ter_os_thread *thread, int number)
{
    char text[4096];
    const char *state;

    if (!ter_signals_send(thread, 0))
        return TER_OS_GONE;
    if (read_thread_file(thread, "status", text, sizeof text) == 0)
        return TER_OS_WAITING;
    state = find_status_field(text, "\nState:");
    /* The main thread stays in the list as a zombie until the last one has ended. */
    if (is_one_of(state, "ZX"))
        return TER_OS_GONE;
    if (is_one_of(state, "TtD"))
        return TER_OS_HALTED;
    if (has_signal(text, "\nSigBlk:", number))
        return TER_OS_BLOCKS;
    return has_signal(text, "\nSigPnd:", number) ? TER_OS_WAITING : TER_OS_TAKES;
}

bool ter_os_thread_is_gone(const struct ter_os_thread *thread)
{
    return !ter_signals_send(thread, 0);
}

void ter_os_thread_name(const struct ter_os_thread *thread, char *name, size_t size)
{
    (void)read_thread_file(thread, "comm", name, size);
    name[strcspn(name, "\n")] = '\0';
}

/* ---- Masks ---- */

void ter_os_accept_stops(struct ter_os_mask *before)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, ter_os_stop_signal());
    if (ter_suspend_is_prepared())
        sigaddset(&signals, ter_os_suspend_signal());
    pthread_sigmask(SIG_UNBLOCK, &signals, &before->signals);
}

void ter_os_restore_stops(const struct ter_os_mask *before)
{
    sigset_t signals;
    int stop = ter_os_stop_signal(), suspend = ter_os_suspend_signal();

    sigemptyset(&signals);
    if (sigismember(&before->signals, stop) == 1)
        sigaddset(&signals, stop);
    if (sigismember(&before->signals, suspend) == 1)
        sigaddset(&signals, suspend);
    if (sigismember(&signals, stop) == 1 || sigismember(&signals, suspend) == 1)
        pthread_sigmask(SIG_BLOCK, &signals, NULL);
}
