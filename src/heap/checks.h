/* SPDX-License-Identifier: MIT */
/*
 * The options check_heap, poison and origins: what calls of the program tell the floor `check`.
 *
 * Invariant: when one of them is on, every allocation of an object is told, since then no run has
 * more than one cell and each allocation takes the slow way; without one nothing here is called.
 */
#pragma once

#include "check/check.h"
#include "heap/instance.h"

/* The option stress, or what makes every allocation take the slow way and never comes. */
size_t ter_heap_stress_interval(const struct ter_options *options);

/* Before the first mutator, by the options. */
void ter_heap_begin_checks(struct ter_heap *heap);
void ter_heap_end_checks(struct ter_heap *heap);

/*
 * In what may collect: frames below where the program called are of functions that have ended. The
 * collector's own frames may lie on them already.
 */
#define TER_NOTE_CALL(mutator)                                                                     \
    do {                                                                                           \
        if (TER_UNLIKELY((mutator)->allocator->checking != NULL || (mutator)->sampler != NULL))    \
            (mutator)->called_at = TER_CALLER_STACK_POINTER();                                     \
    } while (0)

/* `object`, which may be NULL, is what a call that returns to `site` allocated; returns it. */
TER_INLINE void *ter_heap_note_object(struct ter_mutator *mutator, void *object, unsigned kind,
                                      size_t asked, void *site)
{
    struct ter_checking *checking = mutator->allocator->checking;

    if (TER_UNLIKELY(checking != NULL) && object != NULL)
        ter_checking_allocated(checking, (uintptr_t)object, kind, asked, (uintptr_t)site);
    return object;
}

/* For a plan that never collects; under the heap lock: what checks would do in a collection. */
void ter_heap_look(struct ter_heap *heap);

/* A call about root slots was wrong: in a heap that is checked it stops the process. */
void ter_heap_check_slots(const struct ter_heap *heap, ter_status status, const char *call,
                          const char *wrong);
