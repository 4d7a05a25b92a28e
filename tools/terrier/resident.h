/* SPDX-License-Identifier: MIT */
/* Resident memory of a program over time, as seen from outside: the same way for any program.
 *
 * A process of its own asks the system, more and more rarely, so that the list has a fixed size;
 * it shares the list with terrier. It sees the program alone, none of its children, and ends when
 * that or terrier does. */
#ifndef TERRIER_COMMAND_RESIDENT_H
#define TERRIER_COMMAND_RESIDENT_H

#include <stdint.h>
#include <sys/types.h>

enum { CMD_RESIDENT_SAMPLES = 1024 };

struct cmd_resident_sample {
    uint64_t time_ns; /* by the monotonic clock */
    uint64_t bytes;
};

struct cmd_resident {
    uint64_t start_ns;
    uint32_t count;
    struct cmd_resident_sample samples[CMD_RESIDENT_SAMPLES];
};

/* An empty list to be shared; NULL: there is no memory for one. */
struct cmd_resident *cmd_resident_new(void);
void cmd_resident_free(struct cmd_resident *resident);

/* Begins to look at a process that was just started. Nothing is said where that cannot be. */
void cmd_resident_watch(struct cmd_resident *resident, pid_t pid);

#endif
