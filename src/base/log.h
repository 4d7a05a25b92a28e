/* SPDX-License-Identifier: MIT */
/*
 * Messages for people, on standard error, one write a line, no allocation and no lock.
 * The level is process-wide, because standard error is.
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

/* Like ter_log without a level; used by ter_fatal. */
void ter_log_write(const char *format, va_list arguments);
