/* SPDX-License-Identifier: MIT */
/* Messages and memory: nothing here fails without a line on standard error. */
#include "terrier.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdlib.h>

static void print_message(const char *format, va_list arguments)
{
    char *message = NULL;
    fflush(stdout);
    if (vasprintf(&message, format, arguments) < 0)
        exit(CMD_STATUS_FAILED);
    cmd_write_row(stderr, "terrier: ", message);
    free(message);
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

char *cmd_escaped(const char *text)
{
    struct ter_text measured, whole;
    ter_text_init(&measured, NULL, 0);
    ter_text_add_name(&measured, text);
    char *escaped = cmd_new_array(measured.length + 1, 1);
    ter_text_init(&whole, escaped, measured.length + 1);
    ter_text_add_name(&whole, text);
    return escaped;
}

void cmd_write_row(FILE *out, const char *head, const char *name)
{
    char *escaped = cmd_escaped(name);
    fprintf(out, "%s%s\n", head, escaped);
    free(escaped);
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
