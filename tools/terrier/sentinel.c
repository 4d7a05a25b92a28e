/* SPDX-License-Identifier: MIT */
/* A question is the number of a signal, an answer one byte, yes or no. */
#include "terrier.h"

#include "scratch.h"
#include "sentinel.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_AGAIN_MS = 20, CLOSE_BY_HAND_MAX = 4096 };

static pid_t sentinel; /* 0: there is none */
static int line;       /* to it */

/* ---- The sentinel ---- */

/* Takes one pending signal of this number away; was there one? */
static char take_pending(int number)
{
    const struct timespec at_once = {0, 0};
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    return sigtimedwait(&one, NULL, &at_once) == number;
}

static void close_from_to(int first, int last)
{
    if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
        return;
    for (int file = first; file <= last && file < CLOSE_BY_HAND_MAX; file++)
        close(file);
}

/* Files and pipes are not to be kept open by anybody but terrier and the program. */
static _Noreturn void stand(int its_line)
{
    int number;
    close_from_to(0, its_line - 1);
    close_from_to(its_line + 1, INT_MAX);
    while (recv(its_line, &number, sizeof number, 0) == (ssize_t)sizeof number) {
        char answer = take_pending(number);
        if (send(its_line, &answer, sizeof answer, MSG_NOSIGNAL) < 0)
            break;
    }
    cmd_scratch_fini();
    _exit(0);
}

void cmd_sentinel_init(void)
{
    int ends[2];
    if (sentinel != 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return;
    pid_t pid = fork();
    if (pid == 0) {
        stand(ends[1]);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return;
    }
    sentinel = pid;
    line = ends[0];
}

/* ---- Questions ---- */

/* Somebody may have stopped the whole group and let only terrier go on. */
static bool is_stopped(void)
{
    siginfo_t change = {0};
    return waitid(P_PID, (id_t)sentinel, &change, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
           change.si_pid == sentinel;
}

static bool put_question(int number)
{
    return send(line, &number, sizeof number, MSG_NOSIGNAL) == (ssize_t)sizeof number;
}

static bool take_answer(char *answer)
{
    return recv(line, answer, sizeof *answer, 0) == (ssize_t)sizeof *answer;
}

/* Waits for the answer, and lets the sentinel go on if it stands still: the signal for that is one
 * that the group did not get, and is taken away again. False if there is no answer. */
static bool wait_for_answer(char *answer)
{
    struct pollfd ready = {.fd = line, .events = POLLIN};
    bool woken = false;
    while (poll(&ready, 1, LOOK_AGAIN_MS) <= 0) {
        if (is_stopped()) {
            kill(sentinel, SIGCONT);
            woken = true;
        }
    }
    char own;
    return take_answer(answer) && (!woken || (put_question(SIGCONT) && take_answer(&own)));
}

/* A signal to a group is sent to its members one after another, under a lock of the kernel that
 * this call, which changes nothing, takes too: afterwards every member has it. */
static void wait_for_senders(void)
{
    setpgid(0, getpgrp());
}

bool cmd_sentinel_received(const siginfo_t *signal)
{
    char answer;
    if (sentinel == 0)
        return signal->si_code > 0;
    wait_for_senders();
    if (signal->si_signo == SIGCONT && is_stopped())
        return false;
    if (!put_question(signal->si_signo) || !wait_for_answer(&answer))
        return signal->si_code > 0;
    return answer != 0;
}

void cmd_sentinel_fini(void)
{
    if (sentinel == 0)
        return;
    close(line);
    kill(sentinel, SIGKILL);
    while (waitpid(sentinel, NULL, 0) < 0 && errno == EINTR)
        continue;
    sentinel = 0;
}
