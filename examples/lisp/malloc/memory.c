/* SPDX-License-Identifier: MIT */
/*
 * Memory from malloc, which nobody frees. There is no collector, so a weak vector keeps its values
 * like any other.
 */
#include <stdlib.h>

#include "lisp.h"

bool memory_start(struct lisp *lisp)
{
    (void)lisp;
    return true;
}

void memory_end(struct lisp *lisp)
{
    (void)lisp;
}

void *memory_new(struct lisp *lisp, enum type type, size_t bytes)
{
    struct object *object = calloc(1, bytes);

    if (object == NULL)
        lisp_error(lisp, "out of memory", NONE);
    object->type = type;
    return object;
}

bool memory_collect(struct lisp *lisp)
{
    (void)lisp;
    return false;
}

void weak_store(struct lisp *lisp, struct vector *vector, size_t index, value key)
{
    (void)lisp;
    vector->values[index] = key;
}

uintptr_t identity_hash(struct lisp *lisp, value v)
{
    (void)lisp;
    return v;
}
