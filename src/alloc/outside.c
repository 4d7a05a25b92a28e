/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

void ter_mutator_note_outside(struct ter_mutator *mutator, uintptr_t stack_pointer)
{
    mutator->blocked_at = stack_pointer;
    ter_mutator_close(mutator);
    ter_safepoints_arrived(mutator->allocator);
}

void ter_mutator_note_inside(struct ter_mutator *mutator)
{
    mutator->blocked_at = 0;
    ter_mutator_open(mutator);
}

static void lock_to_leave(const struct ter_mutator *mutator)
{
    if (!mutator->allocator->exact_stacks)
        ter_os_note_signal_stack(mutator->thread);
    ter_allocator_lock(mutator->allocator);
}

void ter_mutator_go_out(struct ter_mutator *mutator, uintptr_t stack_pointer)
{
    lock_to_leave(mutator);
    /* Registers lie above the stack pointer. */
    mutator->stack->saved_count = 0;
    ter_mutator_note_outside(mutator, stack_pointer);
    ter_allocator_unlock(mutator->allocator);
}

void ter_mutator_go_out_and_return(struct ter_mutator *mutator, uintptr_t stack_pointer,
                                   uintptr_t end)
{
    lock_to_leave(mutator);
    if (!mutator->allocator->exact_stacks)
        ter_stack_note(mutator->stack, stack_pointer, end);
    ter_mutator_note_outside(mutator, end);
    ter_allocator_unlock(mutator->allocator);
}

void ter_mutator_part(struct ter_mutator *mutator, uintptr_t stack_pointer, uintptr_t end)
{
    lock_to_leave(mutator);
    mutator->home.saved_count = 0;
    mutator->home.pointer = 0;
    if (!mutator->allocator->exact_stacks && mutator->stack != &mutator->home)
        ter_stack_note(mutator->stack, stack_pointer, end);
    ter_mutator_note_outside(mutator, end);
    mutator->thread = NULL;
    ter_allocator_unlock(mutator->allocator);
}

/* Who suspends has the lock, so it finds the thread outside or back. */
void ter_mutator_come_in(struct ter_mutator *mutator)
{
    ter_os_suspend_self();
    ter_allocator_lock(mutator->allocator);
    ter_safepoints_await_end(mutator->allocator);
    while (TER_UNLIKELY(ter_os_is_suspended(mutator->thread))) {
        ter_allocator_unlock(mutator->allocator);
        ter_os_suspend_self();
        ter_allocator_lock(mutator->allocator);
    }
    ter_mutator_note_inside(mutator);
    ter_allocator_unlock(mutator->allocator);
}
