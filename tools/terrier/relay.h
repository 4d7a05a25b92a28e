/* SPDX-License-Identifier: MIT */
/* Signals while a program runs: terrier stands in front of the program and must not be seen.
 *
 * All signals that can be blocked are blocked in terrier and taken one after another while it waits
 * for the program, so nothing happens in a handler, and a signal is passed on only while the
 * process id of the program is certainly its own. What was sent to terrier alone is passed on, with
 * its value if it has one; what was sent to the process group, which the terminal does too, has
 * reached the program. Dispositions are left as they are, so that what was ignored is ignored in
 * the program too. */
#ifndef TERRIER_COMMAND_RELAY_H
#define TERRIER_COMMAND_RELAY_H

#include <sys/types.h>

/* Takes the signals; further calls do nothing. */
void cmd_relay_init(void);

/* In the child, before exec: mask and dispositions as terrier found them. */
void cmd_relay_restore(void);

/* Passes on what came before the program was there, while it still blocks all signals. */
void cmd_relay_pass_pending(pid_t program);

/* Waits for one signal, its own child's included, and passes it on if the program is to have it. */
void cmd_relay_next(pid_t program);

/* Stops terrier as the program was stopped. True after a signal to go on, which may have come
 * before the program stopped; it is passed on as others are. */
bool cmd_relay_stop(pid_t program, int signal_number);

/* The last of SIGINT, SIGTERM, SIGHUP and SIGQUIT that came to terrier, or 0. */
int cmd_relay_ending_signal(void);

/* There is no program any more: what came meanwhile is forgotten, and signals act on terrier again.
 */
void cmd_relay_fini(void);

#endif
