/* SPDX-License-Identifier: MIT */
/*
 * What is said to people: warnings, the log, the last words of a program that stops. Any thread may
 * call these, without the lock.
 */
#include "libgc/messages.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int messages_file = STDERR_FILENO; /* of the log */

#define LINE_BYTES 1024

static TER_PRINTF(2, 0) void write_formatted(int file, const char *format, va_list values)
{
    TER_KEEP_ERRNO;
    char line[LINE_BYTES];
    int length = vsnprintf(line, sizeof line, format, values);

    if (length > 0)
        ter_log_put(file, line, ter_min((size_t)length, sizeof line - 1));
}

/* ---- As printf ---- */

void GC_printf(const char *format, ...)
{
    va_list values;

    if (GC_quiet != 0)
        return;
    va_start(values, format);
    write_formatted(STDOUT_FILENO, format, values);
    va_end(values);
}

void GC_err_printf(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    write_formatted(STDERR_FILENO, format, values);
    va_end(values);
}

void GC_log_printf(const char *format, ...)
{
    va_list values;

    va_start(values, format);
    write_formatted(messages_file, format, values);
    va_end(values);
}

void GC_set_log_fd(int file)
{
    messages_file = file;
    ter_log_set_file(file);
}

/* ---- Warnings ---- */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* The format comes from this library; programs that set their own function get the same. */
static void print_warning(char *message, GC_word argument)
{
    char line[LINE_BYTES];
    int length = snprintf(line, sizeof line, message, (unsigned long)argument);

    if (length > 0)
        ter_log_put(STDERR_FILENO, line, ter_min((size_t)length, sizeof line - 1));
}
#pragma GCC diagnostic pop

void GC_ignore_warn_proc(char *message, GC_word argument)
{
    (void)message, (void)argument;
}

/* No reason to make the heap: what may be set only before that, may come after this. */
void GC_set_warn_proc(GC_warn_proc function)
{
    ter_libgc.warn = function;
}

GC_warn_proc GC_get_warn_proc(void)
{
    return ter_libgc.warn != NULL ? ter_libgc.warn : print_warning;
}

void ter_libgc_warn(const char *message, GC_word argument)
{
    TER_KEEP_ERRNO;
    struct ter_os_cancel before = ter_os_cancel_off();
    char copy[LINE_BYTES];

    snprintf(copy, sizeof copy, "%s", message);
    GC_get_warn_proc()(copy, argument);
    ter_os_cancel_back(before);
}

/* ---- The end ---- */

static void print_last_words(const char *message)
{
    if (message != NULL)
        ter_log_put(STDERR_FILENO, message, strlen(message));
}

GC_abort_func GC_on_abort = print_last_words;

/* The variable is read when the program stops: it may have been written directly. */
static void last_words(const char *line)
{
    if (GC_on_abort != NULL)
        GC_on_abort(line);
    while (ter_libgc.loop_on_abort)
        pause();
}

void ter_libgc_take_last_words(void)
{
    ter_fatal_set_handler(last_words);
}

void GC_set_abort_func(GC_abort_func function)
{
    GC_on_abort = function;
    ter_libgc_take_last_words();
}

GC_abort_func GC_get_abort_func(void)
{
    return GC_on_abort;
}

void GC_abort_on_oom(void)
{
    GC_err_printf("Insufficient memory for the allocation\n");
    if (GC_on_abort != NULL)
        GC_on_abort(NULL);
    exit(1);
}
