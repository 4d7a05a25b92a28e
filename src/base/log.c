/* SPDX-License-Identifier: MIT */
/* Invariant: a message is formatted on the stack and written by one write(2); longer ones are cut. */
#include "base/base.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MESSAGE_BYTES 1024

static _Atomic int log_level = TER_LOG_WARNING;

void ter_log_set_level(enum ter_log_level level)
{
    atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
}

enum ter_log_level ter_log_get_level(void)
{
    return (enum ter_log_level)atomic_load_explicit(&log_level, memory_order_relaxed);
}

void ter_log_write(const char *format, va_list arguments)
{
    static const char prefix[] = "terrier: ";
    char line[MESSAGE_BYTES];
    int saved_errno = errno;
    int head = snprintf(line, sizeof line, "%s", prefix);
    int body = vsnprintf(line + head, sizeof line - (size_t)head - 1, format, arguments);
    size_t length = (size_t)head + (body < 0 ? 0 : (size_t)body);

    if (length > sizeof line - 2)
        length = sizeof line - 2;
    line[length] = '\n';
    /* There is nowhere left to complain to when standard error itself is gone. */
    if (write(STDERR_FILENO, line, length + 1) < 0)
        errno = saved_errno;
    errno = saved_errno;
}

void ter_log(enum ter_log_level level, const char *format, ...)
{
    va_list arguments;

    if (level > ter_log_get_level())
        return;
    va_start(arguments, format);
    ter_log_write(format, arguments);
    va_end(arguments);
}

void ter_fatal(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    ter_log_write(format, arguments);
    va_end(arguments);
    abort();
}
