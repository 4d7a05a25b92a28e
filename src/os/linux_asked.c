/* SPDX-License-Identifier: MIT */
/* Signals of the user's. Invariant: what the program does with a signal itself is left to it. */
#define _GNU_SOURCE
#include "os/os.h"

bool ter_os_take_signal(int number, ter_os_signalled *function)
{
    struct sigaction action = {.sa_handler = function, .sa_flags = SA_RESTART};
    struct sigaction now;

    if (number == ter_os_stop_signal() || sigaction(number, NULL, &now) != 0)
        return false;
    if ((now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == function)
        return true;
    if ((now.sa_flags & SA_SIGINFO) != 0 || now.sa_handler != SIG_DFL)
        return false;
    sigfillset(&action.sa_mask);
    return sigaction(number, &action, NULL) == 0;
}
