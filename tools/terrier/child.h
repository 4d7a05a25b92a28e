/* SPDX-License-Identifier: MIT */
/* One run of a program to its end, and what the parent learns from it.
 *
 * The program is forked, not spawned from shared memory: the kernel counts the memory before exec
 * into the peak, and a forked copy of this small command holds less than any program does. */
#ifndef TERRIER_COMMAND_CHILD_H
#define TERRIER_COMMAND_CHILD_H

#include <sys/types.h>

struct cmd_resident;

/* What to run. All is made ready before the fork, so that runs that are compared do the same work
 * between fork and exec. */
struct cmd_launch {
    char *const *program;     /* argument vector, NULL at its end */
    char *const *environment; /* likewise */
    int files[3];             /* become standard input, output, error; -1 leaves one as it is */
    struct cmd_resident *resident; /* where its memory is noted over time; NULL: nowhere */
};

struct cmd_outcome {
    pid_t pid;
    int wait_status; /* as wait() gives it: exited or ended by a signal */
    uint64_t wall_ns;
    uint64_t user_ns;
    uint64_t system_ns;
    uint64_t peak_bytes;  /* resident memory */
    uint64_t page_faults; /* that needed no input or output */
};

/* Runs the program to its end. Ends the command if it cannot be started: status 127 or 126. */
struct cmd_outcome cmd_child_run(const struct cmd_launch *launch);

/* The exit status for a shell: the program's, or never returns and dies of the program's signal. */
int cmd_child_end_like(const struct cmd_outcome *outcome);

/* Ends terrier by this signal, leaving no core file of its own. */
_Noreturn void cmd_child_die_of(int signal_number);

/* Says "cannot run" for the program's sake and exits with 127 or 126. */
_Noreturn void cmd_child_die_cannot_run(const char *program, int error_number);

#endif
