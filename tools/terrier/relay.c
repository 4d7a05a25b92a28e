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
static bool passed_stop; /* the program was told to stop, and not yet to go on */

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

static bool is_stop(int number)
{
    return number == SIGTSTP || number == SIGTTIN || number == SIGTTOU;
}

/* With the sender and the value of one that has a value; the others cannot be sent in another's
 * name. */
static void pass_on(pid_t program, siginfo_t *signal)
{
    if (is_stop(signal->si_signo) || signal->si_signo == SIGCONT)
        passed_stop = signal->si_signo != SIGCONT;
    if (signal->si_code == SI_QUEUE)
        syscall(SYS_rt_sigqueueinfo, program, signal->si_signo, signal);
    else
        kill(program, signal->si_signo);
}

static bool is_pending(int number)
{
    sigset_t pending;
    return sigpending(&pending) == 0 && sigismember(&pending, number) == 1;
}

/* A signal to stop takes one to go on away, and the reverse, where it is pending still. So does one
 * that came after this one, here and in the sentinel, which then cannot say any more who was meant.
 */
static bool is_overtaken(int number)
{
    if (is_stop(number))
        return is_pending(SIGCONT);
    return number == SIGCONT && (is_pending(SIGTSTP) || is_pending(SIGTTIN) || is_pending(SIGTTOU));
}

/*
 * What the program itself sent reached it already, or was not meant for it. One to go on that
 * reached the whole group may have reached the program before the stop that it was told of here.
 */
static bool is_for_program(pid_t program, const siginfo_t *signal)
{
    if (signal->si_signo == SIGCHLD && signal->si_code > 0)
        return false;
    if (signal->si_signo == SIGCONT && passed_stop)
        return true;
    return !cmd_sentinel_received(signal) && !is_overtaken(signal->si_signo) &&
           !(signal->si_code <= 0 && signal->si_pid == program);
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

void cmd_relay_pass_pending(pid_t program)
{
    const struct timespec at_once = {0, 0};
    siginfo_t signal;
    while (sigtimedwait(&all, &signal, &at_once) > 0) {
        if (ends_programs(signal.si_signo))
            ending_signal = signal.si_signo;
        if (is_for_program(program, &signal))
            pass_on(program, &signal);
    }
}

/* ---- Stopping ---- */

static volatile sig_atomic_t goes_on;
static siginfo_t go_on_signal;

static void note_go_on(int number, siginfo_t *signal, void *context)
{
    (void)number;
    (void)context;
    go_on_signal = *signal;
    goes_on = 1;
}

static void set_mask(int how, int number)
{
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    sigprocmask(how, &one, NULL);
}

/* Stands still, unless the signal to go on has come or comes first. While a stop is pending that
 * signal takes it away; before, the handler has seen it. */
static void stand_still(int number)
{
    const struct timespec at_once = {0, 0};
    sigset_t one;
    if (goes_on != 0)
        return;
    raise(number);
    sigemptyset(&one);
    sigaddset(&one, number);
    if (goes_on != 0)
        sigtimedwait(&one, NULL, &at_once);
    set_mask(SIG_UNBLOCK, number);
    set_mask(SIG_BLOCK, number);
}

bool cmd_relay_stop(pid_t program, int signal_number)
{
    struct sigaction stop = {.sa_handler = SIG_DFL}, go_on = {.sa_flags = SA_SIGINFO};
    struct sigaction found_stop, found_go_on;
    go_on.sa_sigaction = note_go_on;
    sigfillset(&go_on.sa_mask);
    goes_on = 0;
    bool changed = sigaction(signal_number, &stop, &found_stop) == 0;
    sigaction(SIGCONT, &go_on, &found_go_on);
    set_mask(SIG_UNBLOCK, SIGCONT);
    stand_still(signal_number);
    set_mask(SIG_BLOCK, SIGCONT);
    sigaction(SIGCONT, &found_go_on, NULL);
    if (changed)
        sigaction(signal_number, &found_stop, NULL);
    if (goes_on != 0 && is_for_program(program, &go_on_signal))
        pass_on(program, &go_on_signal);
    return goes_on != 0;
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
