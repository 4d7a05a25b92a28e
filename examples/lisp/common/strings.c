/* SPDX-License-Identifier: MIT */
/* Functions of strings. They are read only: building one makes a new one. */
#include <inttypes.h>
#include <string.h>

#include "lisp.h"

static value append(struct lisp *lisp, value arguments)
{
    LOCALS(lisp, value arguments;);
    size_t length = 0;

    local.arguments = arguments;
    for (size_t i = 0; i < argument_count(arguments); i++)
        length += string_of(argument_of_type(lisp, arguments, i, TYPE_STRING))->length;
    struct string *all = string_of(string_new(lisp, length));

    length = 0;
    for (size_t i = 0; i < argument_count(local.arguments); i++) {
        const struct string *part = string_of(argument(local.arguments, i));

        memcpy(all->bytes + length, part->bytes, part->length);
        length += part->length;
    }
    LOCALS_END(lisp);
    return object_value(all);
}

/* (substring string start end) */
static value part_of(struct lisp *lisp, value arguments)
{
    LOCALS(lisp, value from;);
    intptr_t start = argument_integer(lisp, arguments, 1);
    intptr_t end = argument_integer(lisp, arguments, 2);

    local.from = argument_of_type(lisp, arguments, 0, TYPE_STRING);
    if (start < 0 || end < start || (uintptr_t)end > string_of(local.from)->length)
        lisp_error(lisp, "outside of the string", local.from);
    struct string *part = string_of(string_new(lisp, (size_t)(end - start)));

    memcpy(part->bytes, string_of(local.from)->bytes + start, part->length);
    LOCALS_END(lisp);
    return object_value(part);
}

static value length_of(struct lisp *lisp, value arguments)
{
    value string = argument_of_type(lisp, arguments, 0, TYPE_STRING);

    return integer_value((intptr_t)string_of(string)->length);
}

/* (string-ref string index): a byte as an integer. */
static value byte_of(struct lisp *lisp, value arguments)
{
    const struct string *string = string_of(argument_of_type(lisp, arguments, 0, TYPE_STRING));
    intptr_t index = argument_integer(lisp, arguments, 1);

    if (index < 0 || (uintptr_t)index >= string->length)
        lisp_error(lisp, "outside of the string", argument(arguments, 1));
    return integer_value((unsigned char)string->bytes[index]);
}

static value are_equal(struct lisp *lisp, value arguments)
{
    const struct string *a = string_of(argument_of_type(lisp, arguments, 0, TYPE_STRING));
    const struct string *b = string_of(argument_of_type(lisp, arguments, 1, TYPE_STRING));

    return truth_value(a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0);
}

static value is_string(struct lisp *lisp, value arguments)
{
    (void)lisp;
    return truth_value(is_type(argument(arguments, 0), TYPE_STRING));
}

static value number_text(struct lisp *lisp, value arguments)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%" PRIdPTR, argument_integer(lisp, arguments, 0));

    return string_from(lisp, text, (size_t)length);
}

static value symbol_from(struct lisp *lisp, value arguments)
{
    char name[256];
    const struct string *string = string_of(argument_of_type(lisp, arguments, 0, TYPE_STRING));

    if (string->length > sizeof name)
        lisp_error(lisp, "too long a name", NONE);
    memcpy(name, string->bytes, string->length);
    return symbol_intern(lisp, name, string->length);
}

void strings_define(struct lisp *lisp)
{
    builtin_define(lisp, "string?", is_string, 1, 1);
    builtin_define(lisp, "string-append", append, 0, 1000000);
    builtin_define(lisp, "substring", part_of, 3, 3);
    builtin_define(lisp, "string-length", length_of, 1, 1);
    builtin_define(lisp, "string-ref", byte_of, 2, 2);
    builtin_define(lisp, "string=?", are_equal, 2, 2);
    builtin_define(lisp, "number->string", number_text, 1, 1);
    builtin_define(lisp, "string->symbol", symbol_from, 1, 1);
}
