/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

void ter_mutator_go_out(struct ter_mutator *mutator, uintptr_t stack_pointer)
{
    ter_os_note_signal_stack(mutator->thread);
    ter_allocator_lock(mutator->allocator);
    mutator->blocked_at = stack_pointer;
    ter_mutator_close(mutator);
    ter_allocator_unlock(mutator->allocator);
}

/* Who suspends has the lock, so it finds the thread outside or back. */
void ter_mutator_come_in(struct ter_mutator *mutator)
{
    ter_os_suspend_self();
    ter_allocator_lock(mutator->allocator);
    while (TER_UNLIKELY(ter_os_is_suspended(mutator->thread))) {
        ter_allocator_unlock(mutator->allocator);
        ter_os_suspend_self();
        ter_allocator_lock(mutator->allocator);
    }
    mutator->blocked_at = 0;
    ter_mutator_open(mutator);
    ter_allocator_unlock(mutator->allocator);
}
