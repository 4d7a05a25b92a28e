/* SPDX-License-Identifier: MIT */
/* Signals while a program runs: terrier stands in front of the program and must not be seen.
 *
 * The program is in terrier's process group, so the terminal's own signals reach both: terrier
 * ignores those. A signal that a process sent to terrier alone is passed on to the program.
 * Dispositions that were "ignore" stay so, in terrier and in the program.
 *
 * A signal is passed on only while the program's process id is certainly its own: ids are set and
 * cleared with the relayed signals blocked, and cleared before the process is reaped. */
#ifndef TERRIER_COMMAND_RELAY_H
#define TERRIER_COMMAND_RELAY_H

#include <signal.h>
#include <sys/types.h>

/* Installs the handlers; further calls do nothing. */
void cmd_relay_init(void);

/* Blocks the relayed signals and gives the mask before. */
void cmd_relay_block(sigset_t *old_mask);

/* Names the process that signals go to; 0 is none. Call with the relayed signals blocked. */
void cmd_relay_set_target(pid_t pid);

/* In the child, before exec: dispositions as terrier found them. */
void cmd_relay_restore(void);

/* Stops terrier as the program was stopped, until something continues it. */
void cmd_relay_stop(int signal_number);

/* The last of SIGINT, SIGTERM, SIGHUP and SIGQUIT that came to terrier, or 0. */
int cmd_relay_ending_signal(void);

#endif
