/* SPDX-License-Identifier: MIT */
/* Memory from a Terrier heap that scans no stack, knows every reference, and may move objects. */
#ifndef LISP_MEMORY_H
#define LISP_MEMORY_H

#include <terrier/terrier.h>

#include "value.h"

struct memory {
    struct ter_heap *heap;
    struct ter_mutator *mutator;
    unsigned kinds[TYPES];
};

/* struct lisp begins with it. */
static inline struct ter_mutator *mutator_of(struct lisp *lisp)
{
    return ((struct memory *)lisp)->mutator;
}

/* LOCALS(lisp, value a; value b;): local.a and local.b, of which the collector knows. */
#define LOCALS(lisp, ...) TER_ROOTS_AS(mutator_of(lisp), local, TER_ROOT_TAGGED, __VA_ARGS__)
#define LOCALS_END(lisp) TER_FRAME_END(mutator_of(lisp), local)

/* Which LOCALS there are, for a jump out of functions that have some. */
static inline void *locals_save(struct lisp *lisp)
{
    return ter_frames_save(mutator_of(lisp));
}

static inline void locals_restore(struct lisp *lisp, void *saved)
{
    ter_frames_restore(mutator_of(lisp), saved);
}

/* *slot, in the object, becomes v. */
static inline void store(struct lisp *lisp, void *object, value *slot, value v)
{
    ter_write(mutator_of(lisp), object, slot, (const void *)v);
    *slot = v;
}

#endif
