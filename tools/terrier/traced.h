/* SPDX-License-Identifier: MIT */
/* A process as the system shows it to who may trace it. */
#ifndef TERRIER_COMMAND_TRACED_H
#define TERRIER_COMMAND_TRACED_H

#include "terrier.h"

#include <sys/types.h>

struct cmd_traced {
    pid_t pid;           /* here */
    unsigned own_number; /* what it calls itself: in a container another one */
    uint64_t space;      /* of such numbers; 0: unknown */
    unsigned user;       /* whose rights it has */
};

/* False: there is no such process, or it is another user's; *why says so; free() it. */
bool cmd_traced_init(struct cmd_traced *traced, pid_t pid, char **why);

/* A variable that it was started with, or NULL; free() it. */
char *cmd_traced_variable(const struct cmd_traced *traced, const char *name);

/* Does it do something of its own with the signal? */
bool cmd_traced_catches(const struct cmd_traced *traced, int number);

/* Has it a thread that answers? Asks nothing of it. */
bool cmd_traced_may_answer(pid_t pid);

/* Resident memory in bytes; 0: unknown. */
uint64_t cmd_traced_resident(pid_t pid);

#endif
