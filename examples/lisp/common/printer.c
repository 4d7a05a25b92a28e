/* SPDX-License-Identifier: MIT */
/* Printing. Allocates nothing, so what it has in its variables stays good. */
#include <inttypes.h>

#include "lisp.h"

static void print_string(FILE *file, const struct string *string, bool as_read)
{
    if (!as_read) {
        fwrite(string->bytes, 1, string->length, file);
        return;
    }
    putc('"', file);
    for (size_t i = 0; i < string->length; i++) {
        char c = string->bytes[i];

        if (c == '"' || c == '\\' || c == '\n')
            putc('\\', file);
        putc(c == '\n' ? 'n' : c, file);
    }
    putc('"', file);
}

static void print_list(struct lisp *lisp, FILE *file, value list, bool as_read)
{
    putc('(', file);
    print_value(lisp, file, car(list), as_read);
    for (list = cdr(list); is_pair(list); list = cdr(list)) {
        putc(' ', file);
        print_value(lisp, file, car(list), as_read);
    }
    if (list != NIL) {
        fputs(" . ", file);
        print_value(lisp, file, list, as_read);
    }
    putc(')', file);
}

static void print_vector(struct lisp *lisp, FILE *file, const struct vector *vector, bool as_read)
{
    fputs("#(", file);
    for (size_t i = 0; i < vector->length; i++) {
        if (i > 0)
            putc(' ', file);
        print_value(lisp, file, vector->values[i], as_read);
    }
    putc(')', file);
}

static const char *constant_text(value v)
{
    switch (v) {
    case NIL: return "()";
    case FALSE: return "#f";
    case TRUE: return "#t";
    case END_OF_FILE: return "#<end of file>";
    default: return "#<none>";
    }
}

static void print_object(struct lisp *lisp, FILE *file, value v, bool as_read)
{
    switch (object_of(v)->type) {
    case TYPE_PAIR: print_list(lisp, file, v, as_read); break;
    case TYPE_SYMBOL: print_string(file, string_of(symbol_of(v)->name), false); break;
    case TYPE_STRING: print_string(file, string_of(v), as_read); break;
    case TYPE_VECTOR: print_vector(lisp, file, vector_of(v), as_read); break;
    case TYPE_TABLE: fputs("#<table>", file); break;
    case TYPE_BUILTIN: fprintf(file, "#<builtin %s>", builtin_of(v)->name); break;
    default: fputs("#<function>", file);
    }
}

void print_value(struct lisp *lisp, FILE *file, value v, bool as_read)
{
    depth_enter(lisp);
    if (is_integer(v))
        fprintf(file, "%" PRIdPTR, integer_of(v));
    else if (is_object(v))
        print_object(lisp, file, v, as_read);
    else
        fputs(constant_text(v), file);
    depth_leave(lisp);
}
