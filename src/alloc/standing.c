/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

/* Under the lock. */
static void stand(struct ter_mutator *mutator, uintptr_t stack_pointer)
{
    struct ter_allocator *allocator = mutator->allocator;

    uint64_t start_ns = ter_watch_start(allocator->watch);

    if (mutator->blocked_at != 0) {
        ter_safepoints_await_end(allocator);
        return;
    }
    ter_mutator_note_outside(mutator, stack_pointer);
    ter_safepoints_await_end(allocator);
    ter_mutator_note_inside(mutator);
    ter_watch_stood(allocator->watch, start_ns);
}

static void stand_aside_here(void *context, uintptr_t stack_pointer)
{
    struct ter_allocator *allocator = context;
    struct ter_mutator *mutator = allocator->mutators;

    while (mutator != NULL && !ter_mutator_is_own(mutator))
        mutator = mutator->next;
    if (mutator != NULL)
        stand(mutator, stack_pointer);
    else
        ter_safepoints_await_end(allocator);
}

static void stand_here(void *context, uintptr_t stack_pointer)
{
    struct ter_mutator *mutator = context;

    ter_allocator_lock(mutator->allocator);
    if (mutator->allocator->gathering)
        stand(mutator, stack_pointer);
    ter_allocator_unlock(mutator->allocator);
}

/* Stress mode: at every so many polls a collection. */
static void stress_poll(struct ter_allocator *allocator)
{
    ter_allocator_lock(allocator);
    if (++allocator->poll_count % allocator->stress_polls == 0)
        allocator->gate.stress(allocator->gate.context);
    ter_allocator_unlock_and_notify(allocator);
}

void ter_mutator_poll(struct ter_mutator *mutator)
{
    ter_stack_call(stand_here, mutator);
    if (mutator->allocator->stress_polls != 0)
        stress_poll(mutator->allocator);
}

void ter_mutator_stand_aside(struct ter_allocator *allocator)
{
    ter_stack_call(stand_aside_here, allocator);
}
