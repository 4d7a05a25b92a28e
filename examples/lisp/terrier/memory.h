/* SPDX-License-Identifier: MIT */
/* Memory from a Terrier heap that scans the C stack. */
#ifndef LISP_MEMORY_H
#define LISP_MEMORY_H

#include <terrier/terrier.h>

#include "value.h"

struct memory {
    struct ter_heap *heap;
    struct ter_mutator *mutator;
};

/* LOCALS(lisp, value a; value b;): local.a and local.b, of which the collector knows. */
#define LOCALS(lisp, ...)                                                                          \
    struct {                                                                                       \
        __VA_ARGS__                                                                                \
    } local = {0}
#define LOCALS_END(lisp) ((void)(lisp))

/* Which LOCALS there are, for a jump out of functions that have some. */
static inline void *locals_save(struct lisp *lisp)
{
    (void)lisp;
    return NULL;
}

static inline void locals_restore(struct lisp *lisp, void *saved)
{
    (void)lisp;
    (void)saved;
}

/* *slot, in the object, becomes v. */
static inline void store(struct lisp *lisp, void *object, value *slot, value v)
{
    (void)lisp;
    (void)object;
    *slot = v;
}

#endif
