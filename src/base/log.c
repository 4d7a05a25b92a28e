/* SPDX-License-Identifier: MIT */
/*
 * Invariant: a message is formatted on the stack and written by one write(2); longer ones are cut.
 * It is one line, whatever the names in it hold (escape.h).
 */
#include "base/base.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MESSAGE_BYTES 1024

static _Atomic int log_level = TER_LOG_WARNING;
static _Atomic int log_file = STDERR_FILENO;
static _Atomic(ter_fatal_handler *) fatal_handler;

void ter_log_set_level(enum ter_log_level level)
{
    atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
}

enum ter_log_level ter_log_get_level(void)
{
    return (enum ter_log_level)atomic_load_explicit(&log_level, memory_order_relaxed);
}

void ter_log_put(int file, const char *text, size_t length)
{
    int saved_errno = errno;
    int cancel_state;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
    if (write(file, text, length) < 0)
        errno = saved_errno;
    pthread_setcancelstate(cancel_state, NULL);
    errno = saved_errno;
}

void ter_log_set_file(int file)
{
    atomic_store_explicit(&log_file, file, memory_order_relaxed);
}

void ter_fatal_set_handler(ter_fatal_handler *handler)
{
    atomic_store_explicit(&fatal_handler, handler, memory_order_relaxed);
}

/* Fills `line` with the message, its newline and a zero; its length without the zero. */
static size_t make_line(char line[MESSAGE_BYTES], const char *format, va_list arguments)
{
    char message[MESSAGE_BYTES];
    struct ter_text text;
    size_t length;

    if (vsnprintf(message, sizeof message, format, arguments) < 0)
        message[0] = '\0';
    ter_text_init(&text, line, MESSAGE_BYTES - 1);
    ter_text_print(&text, "terrier: ");
    ter_text_add_name(&text, message);
    length = (size_t)(text.at - line);
    line[length] = '\n';
    line[length + 1] = '\0';
    return length + 1;
}

void ter_log(enum ter_log_level level, const char *format, ...)
{
    char line[MESSAGE_BYTES];
    va_list arguments;
    size_t length;

    if (level > ter_log_get_level())
        return;
    va_start(arguments, format);
    length = make_line(line, format, arguments);
    va_end(arguments);
    ter_log_put(atomic_load_explicit(&log_file, memory_order_relaxed), line, length);
}

void ter_fatal(const char *format, ...)
{
    ter_fatal_handler *handler = atomic_load_explicit(&fatal_handler, memory_order_relaxed);
    char line[MESSAGE_BYTES];
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = make_line(line, format, arguments);
    va_end(arguments);
    if (handler != NULL)
        handler(line);
    else
        ter_log_put(STDERR_FILENO, line, length);
    abort();
}
