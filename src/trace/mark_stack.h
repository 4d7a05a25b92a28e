/* SPDX-License-Identifier: MIT */
/*
 * The stack of marked objects whose contents are still to be scanned.
 *
 * Invariant: an object is pushed at most once a collection, when its mark is set. When memory for
 * the stack runs out, the entry is dropped and `overflowed` set; the plan then finds the objects
 * again by their marks, so nothing is lost.
 */
#pragma once

#include "layout/layout.h"
#include "object/object.h"
#include "os/os.h"

/* Bytes, a multiple of a granule, and a kind: where words are wide above all sizes, else below. */
struct ter_mark_entry {
    uintptr_t start;
    size_t bytes_and_kind;
};

#define TER_ENTRY_KIND_SHIFT (sizeof(size_t) > 4 ? 56 : 0)

_Static_assert(TER_MAX_KINDS <= (sizeof(size_t) > 4 ? 256u : TER_BYTES_IN_GRANULE),
               "a kind fits beside the bytes");

TER_INLINE struct ter_mark_entry ter_mark_entry_of(uintptr_t start, size_t bytes, unsigned kind)
{
    return (struct ter_mark_entry){start, bytes | (size_t)kind << TER_ENTRY_KIND_SHIFT};
}

TER_INLINE unsigned ter_mark_entry_kind(struct ter_mark_entry entry)
{
    return (unsigned)(entry.bytes_and_kind >> TER_ENTRY_KIND_SHIFT) & (TER_MAX_KINDS - 1);
}

TER_INLINE size_t ter_mark_entry_bytes(struct ter_mark_entry entry)
{
    return entry.bytes_and_kind & ~((size_t)(TER_MAX_KINDS - 1) << TER_ENTRY_KIND_SHIFT);
}

struct ter_mark_stack {
    struct ter_mark_entry *entries;
    size_t bottom; /* entries below it were given away */
    size_t count;  /* index of the first free entry */
    size_t capacity;
    bool overflowed;
};

ter_status ter_mark_stack_init(struct ter_mark_stack *stack);
void ter_mark_stack_fini(struct ter_mark_stack *stack);
/* Makes room, as a rule by doubling the stack; false (and `overflowed`) when the system refuses. */
bool ter_mark_stack_grow(struct ter_mark_stack *stack);
/* After a collection: gives memory beyond a small stack back. */
void ter_mark_stack_trim(struct ter_mark_stack *stack);

/* The newest entry; false: there is none. */
TER_INLINE bool ter_mark_stack_pop(struct ter_mark_stack *stack, struct ter_mark_entry *entry)
{
    if (stack->count == stack->bottom)
        return false;
    *entry = stack->entries[--stack->count];
    return true;
}

TER_INLINE void ter_mark_stack_push(struct ter_mark_stack *stack, uintptr_t start, size_t bytes,
                                    unsigned kind)
{
    if (TER_UNLIKELY(stack->count == stack->capacity) && !ter_mark_stack_grow(stack))
        return;
    stack->entries[stack->count++] = ter_mark_entry_of(start, bytes, kind);
}
