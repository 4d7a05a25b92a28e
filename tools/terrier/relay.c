/* SPDX-License-Identifier: MIT */
/* One set of signals, one loop of its caller that takes them. */
#include "terrier.h"

#include "relay.h"
#include "sentinel.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static bool installed;
static sigset_t all, found_mask;
static struct sigaction found_child_action;
static int ending_signal;

void cmd_relay_init(void)
{
    struct sigaction action;
    if (installed)
        return;
    installed = true;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &found_mask);
    /* A SIGCHLD found ignored would make the kernel throw away the status we wait for. */
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &action, &found_child_action);
    cmd_sentinel_init();
}

void cmd_relay_restore(void)
{
    sigaction(SIGCHLD, &found_child_action, NULL);
    sigprocmask(SIG_SETMASK, &found_mask, NULL);
}

static bool ends_programs(int number)
{
    return number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT;
}

/* With the sender and the value of one that has a value; the others cannot be sent in another's name. */
static void pass_on(pid_t program, siginfo_t *signal)
{
    if (signal->si_code == SI_QUEUE)
        syscall(SYS_rt_sigqueueinfo, program, signal->si_signo, signal);
    else
        kill(program, signal->si_signo);
}

/* What the program itself sent reached it already, or was not meant for it. */
static bool is_for_program(pid_t program, const siginfo_t *signal)
{
    if (signal->si_signo == SIGCHLD && signal->si_code > 0)
        return false;
    return !cmd_sentinel_received(signal) && !(signal->si_code <= 0 && signal->si_pid == program);
}

void cmd_relay_next(pid_t program)
{
    siginfo_t signal;
    if (sigwaitinfo(&all, &signal) < 0)
        return;
    if (ends_programs(signal.si_signo))
        ending_signal = signal.si_signo;
    if (is_for_program(program, &signal))
        pass_on(program, &signal);
}

/* A group that got a signal before the program was there got it for the program too. */
void cmd_relay_pass_early(pid_t program, const sigset_t *early)
{
    const struct timespec at_once = {0, 0};
    siginfo_t signal;
    while (sigtimedwait(early, &signal, &at_once) > 0) {
        if (ends_programs(signal.si_signo))
            ending_signal = signal.si_signo;
        cmd_sentinel_received(&signal);
        if (signal.si_signo != SIGCHLD)
            pass_on(program, &signal);
    }
}

static bool is_pending(int number)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, number) == 1;
}

/* Not when the signal to go on has come already, which stopping would throw away. */
void cmd_relay_stop(int signal_number)
{
    struct sigaction stop, before;
    sigset_t one;
    if (is_pending(SIGCONT))
        return;
    memset(&stop, 0, sizeof stop);
    stop.sa_handler = SIG_DFL;
    bool changed = sigaction(signal_number, &stop, &before) == 0;
    sigemptyset(&one);
    sigaddset(&one, signal_number);
    raise(signal_number);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    sigprocmask(SIG_BLOCK, &one, NULL);
    if (changed)
        sigaction(signal_number, &before, NULL);
}

int cmd_relay_ending_signal(void)
{
    return ending_signal;
}

void cmd_relay_fini(void)
{
    const struct timespec at_once = {0, 0};
    if (!installed)
        return;
    installed = false;
    cmd_sentinel_fini();
    while (sigtimedwait(&all, NULL, &at_once) > 0 || errno == EINTR)
        continue;
    cmd_relay_restore();
}
