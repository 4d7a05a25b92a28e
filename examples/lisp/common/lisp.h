/* SPDX-License-Identifier: MIT */
/*
 * The interpreter. All of it but memory.h and memory.c, of which there are four.
 *
 * Any call that gets `lisp` may allocate, and so may collect, if nothing else is said. What a
 * function needs after such a call it keeps in its LOCALS, and reads there again: a collector may
 * have to know of it, and may move it. What a call returns, and what was passed to one, is good
 * until the next. Stores into objects are made by store().
 */
#ifndef LISP_H
#define LISP_H

#include <setjmp.h>
#include <stdio.h>

#include "memory.h"

enum form {
    FORM_NONE,
    FORM_QUOTE,
    FORM_IF,
    FORM_DEFINE,
    FORM_SET,
    FORM_LAMBDA,
    FORM_LET,
    FORM_LETREC,
    FORM_BEGIN,
    FORM_AND,
    FORM_OR,
    FORM_COND
};

/* What is kept outside of objects and functions: values only. */
struct globals {
    value symbols; /* a table from names to symbols */
    value quote, dot, otherwise;
};

struct handler {
    jmp_buf jump;
    struct handler *outer;
    void *locals;
    unsigned depth;
};

struct lisp {
    struct memory memory;
    struct globals globals;
    struct handler *handler; /* where errors go; never NULL while something is evaluated */
    unsigned depth;          /* of calls of eval, read and print in one another */
    char message[256];       /* of the last error */
};

/* ---- memory.c ---- */

bool memory_start(struct lisp *lisp);
void memory_end(struct lisp *lisp);
/* An object whose other bytes are 0. An error when there is no memory. */
void *memory_new(struct lisp *lisp, enum type type, size_t bytes);
/* False: there is no collector. */
bool memory_collect(struct lisp *lisp);
/* vector->values[index] = key, which the vector does not keep. Does not allocate. */
void weak_store(struct lisp *lisp, struct vector *vector, size_t index, value key);
/* Stays the same for one object. Does not allocate. */
uintptr_t identity_hash(struct lisp *lisp, value v);

/* ---- objects.c ---- */

value cons(struct lisp *lisp, value car, value cdr);
/* A string of `length` zeros. */
value string_new(struct lisp *lisp, size_t length);
value string_from(struct lisp *lisp, const char *bytes, size_t length);
value vector_new(struct lisp *lisp, enum type type, size_t length);
value closure_new(struct lisp *lisp, value parameters, value body, value environment);
value environment_new(struct lisp *lisp, size_t count);
value symbol_intern(struct lisp *lisp, const char *name, size_t length);
void builtin_define(struct lisp *lisp, const char *name,
                    value (*function)(struct lisp *lisp, value arguments), size_t least,
                    size_t most);

/* ---- tables.c ---- */

value table_new(struct lisp *lisp, bool is_weak);
/* NONE: there is no such key. Does not allocate. */
value table_get(struct lisp *lisp, value table, value key);
void table_put(struct lisp *lisp, value table, value key, value what);
/* Does not allocate. */
void table_remove(struct lisp *lisp, value table, value key);
/* Keys that are there. Does not allocate. */
size_t table_count(value table);

/* ---- reader.c, printer.c ---- */

/* END_OF_FILE when there is nothing more. */
value read_value(struct lisp *lisp, FILE *file);
/* As it is read, or as it is. Does not allocate. */
void print_value(struct lisp *lisp, FILE *file, value v, bool as_read);

/* ---- eval.c ---- */

value eval(struct lisp *lisp, value expression, value environment);
/* `arguments` is an environment with the values only, and becomes the function's. */
value apply(struct lisp *lisp, value function, value arguments);

/* ---- errors.c ---- */

/* Jumps to the handler. `v`, if not NONE, is shown behind the message. */
_Noreturn void lisp_error(struct lisp *lisp, const char *message, value v);
/* Makes `handler` the handler; what follows is `if (setjmp(handler->jump) == 0)`. */
void handler_push(struct lisp *lisp, struct handler *handler);
void handler_pop(struct lisp *lisp, const struct handler *handler);
/* One call deeper; an error when it is too deep. */
void depth_enter(struct lisp *lisp);
void depth_leave(struct lisp *lisp);

/* ---- builtins.c and others that define functions ---- */

void builtins_define(struct lisp *lisp);
void strings_define(struct lisp *lisp);
void tables_define(struct lisp *lisp);

/* ---- Arguments of builtins ---- */

static inline value argument(value arguments, size_t index)
{
    return environment_of(arguments)->values[index];
}

static inline size_t argument_count(value arguments)
{
    return environment_of(arguments)->count;
}

/* The same, or an error. */
value argument_of_type(struct lisp *lisp, value arguments, size_t index, enum type type);
intptr_t argument_integer(struct lisp *lisp, value arguments, size_t index);

/* ---- Lists ---- */

static inline bool is_pair(value v)
{
    return is_type(v, TYPE_PAIR);
}

/* NIL for what is no pair: so a special form with too little in it is no special case. */

static inline value car(value v)
{
    return is_pair(v) ? pair_of(v)->car : NIL;
}

static inline value cdr(value v)
{
    return is_pair(v) ? pair_of(v)->cdr : NIL;
}

#endif
