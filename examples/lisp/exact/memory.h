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
#define LOCALS(lisp, ...)                                                                          \
    struct {                                                                                       \
        struct ter_frame frame;                                                                    \
        __VA_ARGS__                                                                                \
    } local = {.frame = {NULL, 0}};                                                                \
    ter_frame_push(                                                                                \
        mutator_of(lisp), &local.frame,                                                            \
        TER_FRAME_SHAPE((sizeof local - sizeof local.frame) / sizeof(value), TER_ROOT_TAGGED))
#define LOCALS_END(lisp) ter_frame_pop(mutator_of(lisp), &local.frame)

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
