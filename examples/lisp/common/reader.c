/* SPDX-License-Identifier: MIT */
/* Reading: (a b . c), 'a, "text\n", 12, symbol, #t, #f, and comments from ; to the end of line. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lisp.h"

enum { LONGEST_TOKEN = 4096 };

static int skip_line(FILE *file)
{
    int c = getc(file);

    while (c != '\n' && c != EOF)
        c = getc(file);
    return c;
}

static int skip_space(FILE *file)
{
    int c = getc(file);

    while (isspace(c) || c == ';')
        c = c == ';' ? skip_line(file) : getc(file);
    return c;
}

static bool ends_token(int c)
{
    return c == EOF || isspace(c) || strchr("()';\"", c) != NULL;
}

static int escaped(int c)
{
    return c == 'n' ? '\n' : c == 't' ? '\t' : c;
}

static value read_string(struct lisp *lisp, FILE *file)
{
    char bytes[LONGEST_TOKEN];
    size_t length = 0;

    for (int c = getc(file); c != '"'; c = getc(file)) {
        if (c == '\\')
            c = escaped(getc(file));
        if (c == EOF || length == sizeof bytes)
            lisp_error(lisp, "a string without an end", NONE);
        bytes[length++] = (char)c;
    }
    return string_from(lisp, bytes, length);
}

static value read_token(struct lisp *lisp, FILE *file, int c)
{
    char bytes[LONGEST_TOKEN];
    char *end;
    size_t length = 0;

    for (; !ends_token(c) && length < sizeof bytes - 1; c = getc(file))
        bytes[length++] = (char)c;
    ungetc(c, file);
    bytes[length] = 0;
    intptr_t number = strtol(bytes, &end, 10);

    if (end != bytes && *end == 0)
        return integer_value(number);
    if (strcmp(bytes, "#t") == 0 || strcmp(bytes, "#f") == 0)
        return truth_value(bytes[1] == 't');
    return symbol_intern(lisp, bytes, length);
}

static value read_form(struct lisp *lisp, FILE *file, int c);

/* Elements are put in front, and turned round at the end of the list. */
static value reversed(struct lisp *lisp, value list, value end)
{
    while (list != NIL) {
        struct pair *pair = pair_of(list);

        list = pair->cdr;
        store(lisp, pair, &pair->cdr, end);
        end = object_value(pair);
    }
    return end;
}

static value read_list(struct lisp *lisp, FILE *file)
{
    LOCALS(lisp, value elements; value end;);
    int c;

    local.elements = NIL;
    local.end = NIL;
    while ((c = skip_space(file)) != ')') {
        value element = read_form(lisp, file, c);

        if (element == END_OF_FILE)
            lisp_error(lisp, "a list without an end", NONE);
        if (element == lisp->globals.dot)
            local.end = read_value(lisp, file);
        else
            local.elements = cons(lisp, element, local.elements);
    }
    LOCALS_END(lisp);
    return reversed(lisp, local.elements, local.end);
}

static value read_quoted(struct lisp *lisp, FILE *file)
{
    LOCALS(lisp, value list;);
    local.list = cons(lisp, read_value(lisp, file), NIL);
    LOCALS_END(lisp);
    return cons(lisp, lisp->globals.quote, local.list);
}

static value read_form_inside(struct lisp *lisp, FILE *file, int c)
{
    switch (c) {
    case EOF: return END_OF_FILE;
    case '(': return read_list(lisp, file);
    case '\'': return read_quoted(lisp, file);
    case '"': return read_string(lisp, file);
    case ')': lisp_error(lisp, "a ) too many", NONE);
    default: return read_token(lisp, file, c);
    }
}

static value read_form(struct lisp *lisp, FILE *file, int c)
{
    depth_enter(lisp);
    value v = read_form_inside(lisp, file, c);

    depth_leave(lisp);
    return v;
}

value read_value(struct lisp *lisp, FILE *file)
{
    return read_form(lisp, file, skip_space(file));
}
