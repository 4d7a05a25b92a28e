/* SPDX-License-Identifier: MIT */
/* What every file of the command `terrier` shares: feature macros, exit statuses, messages, memory.
 *
 * Include it first. The command is one thread and uses libc only. Functions here that cannot do
 * their work end the command with one line on standard error, so their callers need no check. */
#ifndef TERRIER_COMMAND_TERRIER_H
#define TERRIER_COMMAND_TERRIER_H

#define _GNU_SOURCE 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifndef TERRIER_VERSION
#define TERRIER_VERSION "0.1.0"
#endif

/* The full directory in which the installed drop-in's own folder lies. */
#ifndef TERRIER_LIBDIR
#define TERRIER_LIBDIR "/usr/local/lib"
#endif

enum cmd_status {
    CMD_STATUS_OK = 0,
    CMD_STATUS_DIFFERENT = 1,    /* compare: outputs or exit statuses differ */
    CMD_STATUS_USAGE = 2,        /* the command line makes no sense */
    CMD_STATUS_FAILED = 125,     /* terrier itself could not do its work */
    CMD_STATUS_CANNOT_RUN = 126, /* the program was found and could not be run */
    CMD_STATUS_NOT_FOUND = 127,  /* the program was not found */
};

#define CMD_NS_PER_SECOND UINT64_C(1000000000)

#define CMD_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

/* Prints "terrier: ..." and a newline on standard error; names in it are escaped. */
CMD_PRINTF(1, 2) void cmd_warn(const char *format, ...);

/* The same, then exits with `status`. A usage error also names the way to help. */
CMD_PRINTF(2, 3) _Noreturn void cmd_die(enum cmd_status status, const char *format, ...);

/* A copy in which no name looks like a line that it is not (base/escape.h); free() it. */
char *cmd_escaped(const char *text);

/* Writes `head`, the name, escaped, and a newline. */
void cmd_write_row(FILE *out, const char *head, const char *name);

/* A formatted string of its own; free() it. */
CMD_PRINTF(1, 2) char *cmd_format(const char *format, ...);

/* `count` zeroed elements of `size_bytes`; free() them. */
void *cmd_new_array(size_t count, size_t size_bytes);

#endif
