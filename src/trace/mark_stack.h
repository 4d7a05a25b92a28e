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
#include "os/os.h"

struct ter_mark_entry {
    uintptr_t start;
    size_t bytes_and_kind; /* bytes, a multiple of a granule, with the kind in the low four bits */
};

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

TER_INLINE void ter_mark_stack_push(struct ter_mark_stack *stack, uintptr_t start, size_t bytes,
                                    unsigned kind)
{
    if (TER_UNLIKELY(stack->count == stack->capacity) && !ter_mark_stack_grow(stack))
        return;
    stack->entries[stack->count++] = (struct ter_mark_entry){start, bytes | kind};
}
