/* SPDX-License-Identifier: MIT */
/*
 * Messages for people, on standard error, one write a line, no allocation and no lock.
 * Level and file are process-wide, because standard error is.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/compiler.h"

enum ter_log_level {
    TER_LOG_SILENT = 0,
    TER_LOG_WARNING = 1,  /* something the user should know; the default */
    TER_LOG_DECISION = 2, /* which layout, which fallback, how the heap grew */
    TER_LOG_TRACE = 3
};

void ter_log_set_level(enum ter_log_level level);
enum ter_log_level ter_log_get_level(void);

/* Writes "terrier: " and the message and a newline when `level` is switched on. */
TER_COLD TER_PRINTF(2, 3) void ter_log(enum ter_log_level level, const char *format, ...);

/*
 * Writes a text by one write(2), whatever comes of it: there is nobody to tell that it failed.
 * Keeps errno, and is no place where a thread is cancelled: the caller may hold a lock.
 */
void ter_log_put(int file, const char *text, size_t length);

/* Where ter_log writes from now on; standard error by default, which the last line of a program
   that stops always goes to. */
void ter_log_set_file(int file);

/*
 * Called with its line before the program stops for good; by default the line is written to
 * standard error. Whoever sets another writes it, or not.
 */
typedef void ter_fatal_handler(const char *line);
void ter_fatal_set_handler(ter_fatal_handler *handler);
