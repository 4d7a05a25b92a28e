/* SPDX-License-Identifier: MIT */
/* The handlers. They read and write two volatile words and call kill(), nothing else. */
#include "terrier.h"

#include "relay.h"

#include <errno.h>
#include <string.h>

static const int relayed[] = {SIGINT,  SIGTERM,  SIGHUP,  SIGQUIT, SIGUSR1,
                              SIGUSR2, SIGWINCH, SIGCONT, SIGTSTP};

enum { RELAYED_COUNT = sizeof relayed / sizeof relayed[0] };

static struct sigaction found_actions[RELAYED_COUNT];
static struct sigaction found_child_action;
static bool installed;

static volatile sig_atomic_t target;
static volatile sig_atomic_t ending_signal;

static bool ends_programs(int signal_number)
{
    return signal_number == SIGINT || signal_number == SIGTERM || signal_number == SIGHUP ||
           signal_number == SIGQUIT;
}

/* True if a process sent it to us; the terminal's signals come from the kernel. What the program
 * itself sent is not passed back: it reached the program already, or was not meant for it. */
static bool sent_by_other_process(const siginfo_t *from)
{
    return from->si_code <= 0 && from->si_pid != 0 && from->si_pid != (pid_t)target;
}

static void relay(int signal_number, siginfo_t *from, void *context)
{
    (void)context;
    int saved_errno = errno;
    if (ends_programs(signal_number))
        ending_signal = signal_number;
    if (target != 0 && sent_by_other_process(from))
        kill((pid_t)target, signal_number);
    errno = saved_errno;
}

static void install(int signal_number)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = relay;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&action.sa_mask);
    sigaction(signal_number, &action, NULL);
}

/* A SIGCHLD found ignored would make the kernel throw away the status we wait for. */
static void take_child_status(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &action, &found_child_action);
}

void cmd_relay_init(void)
{
    if (installed)
        return;
    installed = true;
    take_child_status();
    for (size_t i = 0; i < RELAYED_COUNT; i++) {
        sigaction(relayed[i], NULL, &found_actions[i]);
        if (found_actions[i].sa_handler != SIG_IGN)
            install(relayed[i]);
    }
}

void cmd_relay_block(sigset_t *old_mask)
{
    sigset_t mask;
    sigemptyset(&mask);
    for (size_t i = 0; i < RELAYED_COUNT; i++)
        sigaddset(&mask, relayed[i]);
    sigprocmask(SIG_BLOCK, &mask, old_mask);
}

void cmd_relay_set_target(pid_t pid)
{
    target = (sig_atomic_t)pid;
}

void cmd_relay_restore(void)
{
    sigaction(SIGCHLD, &found_child_action, NULL);
    for (size_t i = 0; i < RELAYED_COUNT; i++)
        sigaction(relayed[i], &found_actions[i], NULL);
}

void cmd_relay_stop(int signal_number)
{
    struct sigaction stop, before;
    memset(&stop, 0, sizeof stop);
    stop.sa_handler = SIG_DFL;
    bool changed = sigaction(signal_number, &stop, &before) == 0;
    sigset_t mask, old_mask;
    sigemptyset(&mask);
    sigaddset(&mask, signal_number);
    raise(signal_number);
    sigprocmask(SIG_UNBLOCK, &mask, &old_mask);
    sigprocmask(SIG_SETMASK, &old_mask, NULL);
    if (changed)
        sigaction(signal_number, &before, NULL);
}

int cmd_relay_ending_signal(void)
{
    return ending_signal;
}
