/* SPDX-License-Identifier: MIT */
/* Threads of a heap: the public functions over alloc/. */
#include <terrier/threads.h>

#include "heap/heap.h"

void ter_poll_slow(struct ter_mutator *mutator)
{
    TER_KEEP_ERRNO;
    ter_mutator_require_own(mutator, "ter_poll");
    TER_NOTE_CALL(mutator);
    ter_mutator_poll(mutator);
}

/* A function that goes back to the program, which is to find its registers as they were. */
struct returning {
    struct ter_mutator *mutator;
    struct ter_stack *stack;
    uintptr_t end; /* the program's stack pointer */
};

/* ---- Outside ---- */

static void leave(void *context, uintptr_t stack_pointer)
{
    const struct returning *call = context;

    ter_mutator_go_out_and_return(call->mutator, stack_pointer, call->end);
}

void ter_mutator_leave(struct ter_mutator *mutator)
{
    TER_KEEP_ERRNO;
    struct returning call = {.mutator = mutator, .end = TER_CALLER_STACK_POINTER()};

    ter_mutator_require_own(mutator, "ter_mutator_leave");
    ter_stack_call(leave, &call);
}

void ter_mutator_enter(struct ter_mutator *mutator)
{
    TER_KEEP_ERRNO;
    ter_mutator_require_bound(mutator, "ter_mutator_enter");
    TER_REQUIRE(mutator->blocked_at != 0, "ter_mutator_enter: mutator %p is not outside the heap",
                (void *)mutator);
    ter_mutator_come_in(mutator);
}

/* ---- From one thread to another ---- */

static void detach(void *context, uintptr_t stack_pointer)
{
    const struct returning *call = context;

    ter_mutator_detach_here(call->mutator, stack_pointer, call->end);
}

void ter_mutator_detach(struct ter_mutator *mutator)
{
    TER_KEEP_ERRNO;
    struct returning call = {.mutator = mutator, .end = TER_CALLER_STACK_POINTER()};

    ter_mutator_require_own(mutator, "ter_mutator_detach");
    TER_REQUIRE(!mutator->roams, "ter_mutator_detach: mutator %p roams, and is no thread's own",
                (void *)mutator);
    ter_stack_call(detach, &call);
}

ter_status ter_mutator_attach(struct ter_mutator *mutator)
{
    TER_KEEP_ERRNO;
    struct ter_os_mask before;
    ter_status status;

    TER_REQUIRE(mutator != NULL && mutator->allocator != NULL,
                "ter_mutator_attach: mutator %p is NULL or was unbound before", (void *)mutator);
    ter_lock_require_none("ter_mutator_attach");
    status = ter_mutator_attach_here(mutator, TER_CALLER_STACK_POINTER());
    if (status == TER_OK && !mutator->allocator->safepoints)
        ter_os_accept_stops(&before);
    return status;
}

ter_status ter_mutator_roam(struct ter_mutator *mutator)
{
    ter_mutator_require_own(mutator, "ter_mutator_roam");
    return ter_mutator_let_roam(mutator);
}

/* ---- Stacks ---- */

ter_status ter_stack_new(struct ter_mutator *mutator, void *low, void *high,
                         struct ter_stack **stack)
{
    TER_KEEP_ERRNO;
    struct ter_allocator *allocator;
    struct ter_stack *made;

    ter_mutator_require_own(mutator, "ter_stack_new");
    TER_REQUIRE(stack != NULL, "ter_stack_new: there is nowhere to put the stack");
    allocator = mutator->allocator;
    if ((uintptr_t)high <= (uintptr_t)low &&
        !(allocator->exact_stacks && low == NULL && high == NULL))
        return TER_ERROR_INVALID;
    ter_allocator_lock(allocator);
    made = ter_stacks_declare(&allocator->stacks, (uintptr_t)low, (uintptr_t)high);
    ter_allocator_unlock(allocator);
    if (made == NULL)
        return TER_ERROR_NO_MEMORY;
    *stack = made;
    return TER_OK;
}

static void switch_stack(void *context, uintptr_t stack_pointer)
{
    const struct returning *call = context;

    ter_stack_note(call->mutator->stack, stack_pointer, call->end);
    ter_mutator_switch(call->mutator, call->stack);
}

void ter_stack_switch(struct ter_mutator *mutator, struct ter_stack *stack)
{
    struct returning call = {mutator, stack, TER_CALLER_STACK_POINTER()};

    ter_mutator_require(mutator, 0, "ter_stack_switch");
    if (mutator->allocator->exact_stacks)
        ter_mutator_switch(mutator, stack);
    else
        ter_stack_call(switch_stack, &call);
}

void ter_stack_free(struct ter_mutator *mutator, struct ter_stack *stack)
{
    TER_KEEP_ERRNO;
    struct ter_allocator *allocator;

    ter_mutator_require_own(mutator, "ter_stack_free");
    TER_REQUIRE(stack != NULL && stack->user == NULL, "ter_stack_free: a mutator is on stack %p",
                (void *)stack);
    allocator = mutator->allocator;
    ter_allocator_lock(allocator);
    ter_stacks_forget(&allocator->stacks, stack);
    ter_allocator_unlock(allocator);
}
