/* SPDX-License-Identifier: MIT */
/* Messages and memory: nothing here fails without a line on standard error. */
#include "terrier.h"

#include <stdarg.h>
#include <stdlib.h>

static void print_message(const char *format, va_list arguments)
{
    fflush(stdout);
    fputs("terrier: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void cmd_warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_message(format, arguments);
    va_end(arguments);
}

void cmd_die(enum cmd_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_message(format, arguments);
    va_end(arguments);
    if (status == CMD_STATUS_USAGE)
        fputs("Try 'terrier --help' for more.\n", stderr);
    exit((int)status);
}

char *cmd_format(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        cmd_die(CMD_STATUS_FAILED, "out of memory");
    return text;
}

void *cmd_new_array(size_t count, size_t size_bytes)
{
    void *array = calloc(count > 0 ? count : 1, size_bytes);
    if (array == NULL)
        cmd_die(CMD_STATUS_FAILED, "out of memory");
    return array;
}
