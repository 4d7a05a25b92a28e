/* SPDX-License-Identifier: MIT */
/* Was a signal sent to terrier alone, or to its whole process group?
 *
 * A signal does not say to whom else it was sent, and the program, which is in the same group, must
 * not get it twice. So one more process stands in the group for as long as terrier does. It blocks
 * all signals; what was sent to the group is pending there too. It answers questions on a socket,
 * and ends when terrier does: if that was killed, it removes what terrier had in the folder for
 * temporary files. */
#ifndef TERRIER_COMMAND_SENTINEL_H
#define TERRIER_COMMAND_SENTINEL_H

#include <signal.h>

/* Starts it, with all signals blocked by the caller; further calls do nothing. Without a process
 * for it, or a socket, what the kernel sends (the terminal's signals) counts as sent to the group,
 * and all else as sent to terrier. */
void cmd_sentinel_init(void);

/* Asks about a signal that terrier received, once for each. */
bool cmd_sentinel_received(const siginfo_t *signal);

/* Ends it and waits for that. */
void cmd_sentinel_fini(void);

#endif
