/* SPDX-License-Identifier: MIT */
/* What the files of this floor share. */
#pragma once

#include "heap/heap.h"
#include "libgc/abi.h"

/* Kinds beyond the builtin four, which have the numbers that programs expect. */
struct ter_libgc {
    struct ter_heap *heap; /* NULL until the first call */
    struct ter_plan *plan;
    struct ter_mutator *main_mutator; /* whose stack GC_stackbottom is about */
    size_t extra_bytes; /* 1 when a pointer one past the end keeps an object: all interior */
    GC_warn_proc warn;
    GC_start_callback_proc start_callback;
    _Atomic bool invoking; /* finalizers run; they are not run inside one another */
    _Atomic GC_word notified_collection;
};

extern struct ter_libgc ter_libgc;

/* The calling thread's mutator; NULL before its first call. */
extern _Thread_local struct ter_mutator *ter_libgc_mutator;

/* Makes the heap if need be and binds the calling thread if it may be bound; else stops. */
TER_COLD struct ter_mutator *ter_libgc_attach(void);

TER_INLINE struct ter_mutator *ter_libgc_self(void)
{
    struct ter_mutator *mutator = ter_libgc_mutator;

    return TER_LIKELY(mutator != NULL) ? mutator : ter_libgc_attach();
}

/* What the program said of memory being out. */
TER_COLD void *ter_libgc_out_of_memory(size_t bytes);

/* Sends a message of the form "GC Warning: ..." with one number where it says %lu. */
TER_COLD void ter_libgc_warn(const char *message, GC_word argument);

/* Runs finalizers or tells the program that there are some. Without the lock. */
void ter_libgc_finalizers_ready(void);

/* Calls GC_push_other_roots; set as a hook of the plan. */
void ter_libgc_push_roots(void *context);

/* Copies variables that the program may have written into the plan. Under the lock. */
void ter_libgc_read_variables(void);
/* Updates variables that the program may read. Under the lock. */
void ter_libgc_write_variables(void);

/* The kind of explicitly typed objects. */
unsigned ter_libgc_typed_kind(void);
