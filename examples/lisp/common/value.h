/* SPDX-License-Identifier: MIT */
/*
 * Values: one word each. The low two bits say what a word is: 00 the address of an object, or 0,
 * which is no value; 01 and 11 an integer; 10 a constant.
 *
 * An object begins with its type. Objects have a multiple of 16 as address.
 */
#ifndef LISP_VALUE_H
#define LISP_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uintptr_t value;

enum value_constant { NONE = 0, NIL = 0x2, FALSE = 0x12, TRUE = 0x22, END_OF_FILE = 0x32 };

enum type {
    TYPE_PAIR,
    TYPE_SYMBOL,
    TYPE_STRING,      /* no references */
    TYPE_VECTOR,      /* values */
    TYPE_WEAK_VECTOR, /* values that it does not keep; what goes becomes NONE */
    TYPE_TABLE,
    TYPE_CLOSURE,
    TYPE_ENVIRONMENT, /* the variables of one call, or the arguments of one */
    TYPE_BUILTIN,     /* no references */
    TYPES
};

struct object {
    uintptr_t type;
};

struct pair {
    struct object object;
    value car, cdr;
};

struct symbol {
    struct object object;
    value name;     /* a string */
    value global;   /* what it is outside of functions; NONE: nothing */
    uintptr_t form; /* which special form it begins; 0: none */
};

struct string {
    struct object object;
    uintptr_t length;
    char bytes[]; /* and a zero */
};

struct vector {
    struct object object;
    uintptr_t length;
    value values[];
};

struct table {
    struct object object;
    value keys, values; /* vectors of one length; a place with a key of NONE and a value is empty
                           again */
    uintptr_t taken;    /* places that have a key or had one */
    uintptr_t is_weak;
};

struct closure {
    struct object object;
    value parameters, body, environment;
};

struct environment {
    struct object object;
    value names;  /* symbols, or lists that begin with one; the end may be a symbol for the rest */
    value parent; /* NIL: the outermost */
    uintptr_t count;
    value values[];
};

struct lisp;

struct builtin {
    struct object object;
    const char *name;
    value (*function)(struct lisp *lisp, value arguments);
    uintptr_t least, most; /* arguments */
};

/* ---- Integers ---- */

static inline bool is_integer(value v)
{
    return (v & 1) != 0;
}

static inline value integer_value(intptr_t number)
{
    return ((uintptr_t)number << 1) | 1;
}

static inline intptr_t integer_of(value v)
{
    return (intptr_t)v >> 1;
}

static inline value truth_value(bool truth)
{
    return truth ? TRUE : FALSE;
}

/* ---- Objects ---- */

static inline bool is_object(value v)
{
    return v != NONE && (v & 3) == 0;
}

static inline struct object *object_of(value v)
{
    return (struct object *)v;
}

static inline bool is_type(value v, enum type type)
{
    return is_object(v) && object_of(v)->type == (uintptr_t)type;
}

static inline value object_value(void *object)
{
    return (value)object;
}

/* The caller knows the type. What these return is good until something is allocated. */

static inline struct pair *pair_of(value v)
{
    return (struct pair *)v;
}

static inline struct symbol *symbol_of(value v)
{
    return (struct symbol *)v;
}

static inline struct string *string_of(value v)
{
    return (struct string *)v;
}

static inline struct vector *vector_of(value v)
{
    return (struct vector *)v;
}

static inline struct table *table_of(value v)
{
    return (struct table *)v;
}

static inline struct closure *closure_of(value v)
{
    return (struct closure *)v;
}

static inline struct environment *environment_of(value v)
{
    return (struct environment *)v;
}

static inline struct builtin *builtin_of(value v)
{
    return (struct builtin *)v;
}

#endif
