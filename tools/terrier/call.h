/* SPDX-License-Identifier: MIT */
/* Asking a process that answers (the library's option `live`), over a socket that its user and root
 * may open; see/inquiry.h has what is said. Nothing is believed of a name: that the process asked
 * is the one meant is seen from the kernel's credentials before anything is said to it. */
#ifndef TERRIER_COMMAND_CALL_H
#define TERRIER_COMMAND_CALL_H

#include "terrier.h"

#include "see/inquiry.h"

#include <sys/types.h>

/* What a process is given to answer in. */
#define CMD_CALL_PATIENCE_MS 2000

struct cmd_call {
    pid_t pid;
    int line;
};

enum cmd_answer {
    CMD_ANSWER_OK,
    CMD_ANSWER_NO,
    CMD_ANSWER_WAIT, /* there is more to come */
    CMD_ANSWER_NONE, /* not in this time */
    CMD_ANSWER_GONE, /* it has ended, or hung up */
};

/* False: *why says what is in the way; free() it. */
bool cmd_call_open(struct cmd_call *call, pid_t pid, char **why);
void cmd_call_close(struct cmd_call *call);

/* False: it has hung up. A file goes along if it is not -1. */
bool cmd_call_ask(const struct cmd_call *call, const struct ter_inquiry *inquiry, int file);

/* The next answer, and in `text` what is behind its first word. */
enum cmd_answer cmd_call_hear(const struct cmd_call *call, int milliseconds,
                              char text[TER_INQUIRY_ANSWER_BYTES]);

/* Has it done, and says what is waited for. False: *why says why not; free() it. */
bool cmd_call_errand(pid_t pid, const struct ter_inquiry *inquiry, int file, char **why);

/* A number of a process, or 0. */
pid_t cmd_call_parse_pid(const char *text);

#endif
