/* SPDX-License-Identifier: MIT */
/*
 * Memory from a Terrier heap that scans the C stack. A weak vector is memory that it does not look
 * into, and each word in it that names an object is a weak one.
 */
#include <string.h>

#include "lisp.h"

bool memory_start(struct lisp *lisp)
{
    struct memory *memory = &lisp->memory;
    ter_status status = ter_heap_new(NULL, &memory->heap);

    if (status == TER_OK)
        status = ter_mutator_bind(memory->heap, &memory->mutator);
    if (status != TER_OK)
        fprintf(stderr, "lisp: %s\n", ter_status_message(status));
    return status == TER_OK;
}

void memory_end(struct lisp *lisp)
{
    ter_mutator_unbind(lisp->memory.mutator);
    ter_heap_free(lisp->memory.heap);
}

static bool has_references(enum type type)
{
    return type != TYPE_STRING && type != TYPE_WEAK_VECTOR && type != TYPE_BUILTIN;
}

void *memory_new(struct lisp *lisp, enum type type, size_t bytes)
{
    unsigned kind = has_references(type) ? TER_KIND_NORMAL : TER_KIND_ATOMIC;
    struct object *object = ter_allocate(lisp->memory.mutator, kind, bytes);

    if (object == NULL)
        lisp_error(lisp, "out of memory", NONE);
    if (!has_references(type))
        memset(object, 0, bytes);
    object->type = type;
    return object;
}

/* The plan may be one that never collects. */
bool memory_collect(struct lisp *lisp)
{
    struct ter_statistics figures;

    ter_collect(lisp->memory.mutator);
    ter_heap_statistics(lisp->memory.heap, &figures, sizeof figures);
    return figures.collections > 0;
}

void weak_store(struct lisp *lisp, struct vector *vector, size_t index, value key)
{
    void **word = (void **)&vector->values[index];

    if (is_object(vector->values[index]))
        ter_weak_remove(lisp->memory.heap, word);
    vector->values[index] = key;
    if (is_object(key) && ter_weak_add(lisp->memory.heap, word, object_of(key)) != TER_OK)
        lisp_error(lisp, "out of memory", NONE);
}

uintptr_t identity_hash(struct lisp *lisp, value v)
{
    (void)lisp;
    return v;
}
