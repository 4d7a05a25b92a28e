/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

void ter_mutator_put_away(struct ter_mutator *mutator)
{
    mutator->stack->frames = mutator->head.frames;
    mutator->stack->user = NULL;
}

void ter_mutator_switch(struct ter_mutator *mutator, struct ter_stack *stack)
{
    struct ter_stack *to = stack == NULL ? &mutator->home : stack;

    if (mutator->stack == to)
        return;
    TER_REQUIRE(to->user == NULL, "ter_stack_switch: another mutator is on stack %p", (void *)to);
    ter_os_hold_off_begin(mutator->thread);
    ter_mutator_put_away(mutator);
    mutator->head.frames = to->frames;
    to->user = mutator;
    mutator->stack = to;
    ter_os_hold_off_end(mutator->thread);
}
