/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ter_text_init(struct ter_text *text, char *buffer, size_t size)
{
    *text = (struct ter_text){.at = buffer, .left = size};
    if (size > 0)
        buffer[0] = '\0';
}

void ter_text_print(struct ter_text *text, const char *format, ...)
{
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = (size_t)vsnprintf(text->at, text->left, format, arguments);
    va_end(arguments);
    text->length += length;
    if (text->left > 0) {
        size_t written = length < text->left ? length : text->left - 1;

        text->at += written;
        text->left -= written;
    }
}

void ter_text_add_name(struct ter_text *text, const char *name)
{
    char piece[TER_ESCAPE_BYTES];
    size_t length;

    while ((length = ter_escape_next(&name, TER_ESCAPE_TEXT, piece)) > 0) {
        text->length += length;
        if (length < text->left) {
            memcpy(text->at, piece, length + 1);
            text->at += length;
            text->left -= length;
        } else {
            text->left = 0;
        }
    }
}
