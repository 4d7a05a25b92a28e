/* SPDX-License-Identifier: MIT */
#include "check/check.h"

/* The stack of the thread that looks, as far as it is in use. */
struct stack_in_use {
    uintptr_t low;  /* all that the system gave to it */
    uintptr_t from; /* in use from here up; 0: not known */
    uintptr_t high;
};

/* Where the program called from, which lies above what the collector itself has there. */
static uintptr_t own_stack_pointer(const struct ter_checking *checking)
{
    const struct ter_mutator *mutator = checking->collector->allocator.mutators;

    while (mutator != NULL && !ter_mutator_is_own(mutator))
        mutator = mutator->next;
    return mutator != NULL && mutator->called_at != 0 ? mutator->called_at : checking->own_stack;
}

/* Asking for the stack may call malloc: not where a signal may have stopped somebody in there. */
static bool find_own_stack(const struct ter_checking *checking, struct ter_os_stack *stack)
{
    if (!checking->collector->allocator.safepoints || !ter_os_find_stack(stack))
        return false;
    if (stack->grows)
        stack->start = ter_min(stack->start, TER_FRAME_ADDRESS());
    return true;
}

static struct stack_in_use own_stack_in_use(const struct ter_checking *checking)
{
    uintptr_t pointer = own_stack_pointer(checking);
    struct ter_os_stack stack;

    if (pointer == 0 || !find_own_stack(checking, &stack) ||
        pointer - stack.start >= stack.end - stack.start)
        return (struct stack_in_use){0};
    return (struct stack_in_use){stack.start, pointer, stack.end};
}

static bool lies_in(const struct stack_in_use *stack, const struct ter_frame *frame)
{
    return stack->from != 0 && (uintptr_t)frame - stack->low < stack->high - stack->low;
}

static void require_live_frame(const struct stack_in_use *stack, const struct ter_frame *frame)
{
    TER_REQUIRE(!lies_in(stack, frame) || (uintptr_t)frame >= stack->from,
                "check_heap: frame %p is still pushed, but the function that it belongs to has "
                "ended: TER_FRAME_END (ter_frame_pop) comes on every way out, and "
                "ter_frames_restore after a jump",
                (const void *)frame);
}

struct frames_visit {
    struct ter_checking *checking;
    struct stack_in_use stack;
    ter_check_frame_visitor *visit;
    void *context;
};

static void check_chain(const struct frames_visit *frames, struct ter_frame *frame)
{
    for (; frame != NULL; frame = frame->outer) {
        require_live_frame(&frames->stack, frame);
        TER_REQUIRE(ter_check_is_new(&frames->checking->seen_slots, (uintptr_t)frame),
                    "check_heap: frame %p is pushed twice: each ter_frame_push is undone by "
                    "ter_frame_pop before the next of the same frame",
                    (void *)frame);
        frames->visit(frames->context, frame);
    }
}

void ter_check_frames(struct ter_checking *checking, ter_check_frame_visitor *visit, void *context)
{
    const struct ter_allocator *allocator = &checking->collector->allocator;
    struct frames_visit frames = {checking, own_stack_in_use(checking), visit, context};

    for (const struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next) {
        check_chain(&frames, m->head.frames);
        if (m->stack != &m->home)
            check_chain(&frames, m->home.frames);
    }
    for (const struct ter_stack *s = allocator->stacks.declared; s != NULL; s = s->next)
        if (s->user == NULL)
            check_chain(&frames, s->frames);
}
