/* SPDX-License-Identifier: MIT */
#include "roots/roots.h"

/* The saved registers lie in this frame, at or above the address that `function` gets. */
TER_NOINLINE void ter_stack_call(ter_stack_function *function, void *context)
{
    TER_SPILL_REGISTERS();
    function(context, TER_STACK_POINTER());
    /* Keeps the call above from becoming a jump that gives this frame up. */
    __asm__ volatile("" ::: "memory");
}

TER_NO_SANITIZE TER_NOINLINE void ter_roots_read_words(const uintptr_t *from, uintptr_t *to,
                                                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = *(const volatile uintptr_t *)&from[i];
}
