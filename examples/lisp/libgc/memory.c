/* SPDX-License-Identifier: MIT */
/*
 * Memory from Boehm's collector: libgc, or Terrier's libgc.so.1. It finds what the C stack and
 * static data lead to. A weak vector is memory that it does not look into, and each object in it is
 * a disappearing link.
 */
#include <string.h>

#include <gc.h>

#include "lisp.h"

bool memory_start(struct lisp *lisp)
{
    (void)lisp;
    GC_INIT();
    return true;
}

void memory_end(struct lisp *lisp)
{
    (void)lisp;
}

static bool has_references(enum type type)
{
    return type != TYPE_STRING && type != TYPE_WEAK_VECTOR && type != TYPE_BUILTIN;
}

void *memory_new(struct lisp *lisp, enum type type, size_t bytes)
{
    struct object *object = has_references(type) ? GC_MALLOC(bytes) : GC_MALLOC_ATOMIC(bytes);

    if (object == NULL)
        lisp_error(lisp, "out of memory", NONE);
    if (!has_references(type))
        memset(object, 0, bytes);
    object->type = type;
    return object;
}

bool memory_collect(struct lisp *lisp)
{
    (void)lisp;
    GC_gcollect();
    return true;
}

void weak_store(struct lisp *lisp, struct vector *vector, size_t index, value key)
{
    void **word = (void **)&vector->values[index];

    if (is_object(vector->values[index]))
        GC_unregister_disappearing_link(word);
    vector->values[index] = key;
    if (is_object(key) && GC_general_register_disappearing_link(word, object_of(key)) != 0)
        lisp_error(lisp, "out of memory", NONE);
}

uintptr_t identity_hash(struct lisp *lisp, value v)
{
    (void)lisp;
    return v;
}
