/* SPDX-License-Identifier: MIT */
/* Making objects. An object is filled before anything else is allocated. */
#include <string.h>

#include "lisp.h"

value cons(struct lisp *lisp, value car, value cdr)
{
    LOCALS(lisp, value car; value cdr;);
    local.car = car;
    local.cdr = cdr;
    struct pair *pair = memory_new(lisp, TYPE_PAIR, sizeof *pair);

    store(lisp, pair, &pair->car, local.car);
    store(lisp, pair, &pair->cdr, local.cdr);
    LOCALS_END(lisp);
    return object_value(pair);
}

value string_new(struct lisp *lisp, size_t length)
{
    struct string *string = memory_new(lisp, TYPE_STRING, sizeof *string + length + 1);

    string->length = length;
    return object_value(string);
}

value string_from(struct lisp *lisp, const char *bytes, size_t length)
{
    value string = string_new(lisp, length);

    memcpy(string_of(string)->bytes, bytes, length);
    return string;
}

value vector_new(struct lisp *lisp, enum type type, size_t length)
{
    struct vector *vector = memory_new(lisp, type, sizeof *vector + length * sizeof(value));

    vector->length = length;
    return object_value(vector);
}

value closure_new(struct lisp *lisp, value parameters, value body, value environment)
{
    LOCALS(lisp, value parameters; value body; value environment;);
    local.parameters = parameters;
    local.body = body;
    local.environment = environment;
    struct closure *closure = memory_new(lisp, TYPE_CLOSURE, sizeof *closure);

    store(lisp, closure, &closure->parameters, local.parameters);
    store(lisp, closure, &closure->body, local.body);
    store(lisp, closure, &closure->environment, local.environment);
    LOCALS_END(lisp);
    return object_value(closure);
}

value environment_new(struct lisp *lisp, size_t count)
{
    struct environment *environment =
        memory_new(lisp, TYPE_ENVIRONMENT, sizeof *environment + count * sizeof(value));

    environment->count = count;
    environment->names = NIL;
    environment->parent = NIL;
    return object_value(environment);
}

value symbol_intern(struct lisp *lisp, const char *name, size_t length)
{
    LOCALS(lisp, value name; value symbol;);
    local.name = string_from(lisp, name, length);
    local.symbol = table_get(lisp, lisp->globals.symbols, local.name);
    if (local.symbol == NONE) {
        struct symbol *symbol = memory_new(lisp, TYPE_SYMBOL, sizeof *symbol);

        store(lisp, symbol, &symbol->name, local.name);
        local.symbol = object_value(symbol);
        table_put(lisp, lisp->globals.symbols, local.name, local.symbol);
    }
    LOCALS_END(lisp);
    return local.symbol;
}

void builtin_define(struct lisp *lisp, const char *name,
                    value (*function)(struct lisp *lisp, value arguments), size_t least,
                    size_t most)
{
    LOCALS(lisp, value symbol;);
    local.symbol = symbol_intern(lisp, name, strlen(name));
    struct builtin *builtin = memory_new(lisp, TYPE_BUILTIN, sizeof *builtin);

    builtin->name = name;
    builtin->function = function;
    builtin->least = least;
    builtin->most = most;
    store(lisp, symbol_of(local.symbol), &symbol_of(local.symbol)->global, object_value(builtin));
    LOCALS_END(lisp);
}
