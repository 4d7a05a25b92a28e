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

/* ---- Which parts ---- */

/* More than this is looked up in the list of mappings, and not asked about page by page. */
#define MOST_ASKED_BYTES TER_MIB(64)

struct visit {
    ter_root_visitor *visitor;
    void *context;
    size_t bytes;
};

static void visit_stack_part(struct visit *visit, uintptr_t start, uintptr_t end)
{
    start = ter_align_up(start, sizeof(uintptr_t));
    end = ter_align_down(end, sizeof(uintptr_t));
    if (start >= end)
        return;
    visit->bytes += end - start;
    visit->visitor(visit->context, start, end);
}

static void visit_stack_piece(void *context, uintptr_t start, uintptr_t end)
{
    visit_stack_part(context, start, end);
}

static void visit_stack_readable(struct visit *visit, uintptr_t start, uintptr_t end)
{
    (void)ter_os_for_each_readable(start, end, visit_stack_piece, visit);
}

static bool holds(uintptr_t start, uintptr_t end, uintptr_t address)
{
    return address - start < end - start;
}

/* Is the base that the program says on the stack that the system gave? */
static bool has_own_base(const struct ter_stack_extent *stack)
{
    return holds(stack->own->start, stack->own->end, stack->base - 1);
}

/* All that lies between the pointer and the base can be read: at worst it is more than need be. */
static bool reaches_base(const struct ter_stack_extent *stack)
{
    return stack->pointer < stack->base && stack->base - stack->pointer <= MOST_ASKED_BYTES &&
           ter_os_is_readable(stack->pointer, stack->base);
}

static void note_growth(const struct ter_stack_extent *stack)
{
    if (stack->own->grows && has_own_base(stack))
        stack->own->start =
            ter_min(stack->own->start, ter_align_down(stack->pointer, sizeof(uintptr_t)));
}

static void visit_below(struct visit *visit, uintptr_t end)
{
    uintptr_t start, mapping_end;

    if (ter_os_find_mapping(end - 1, &start, &mapping_end))
        visit_stack_readable(visit, start, end);
}

/* The thread's own stack and, when the program says that it uses another, all of that one. */
static void visit_known(struct visit *visit, const struct ter_stack_extent *stack)
{
    uintptr_t end = has_own_base(stack) ? stack->base : stack->own->end;

    if (stack->usual.end != 0)
        visit_stack_readable(visit, stack->usual.start, stack->usual.end);
    else if (stack->own->grows)
        visit_below(visit, end);
    else
        visit_stack_readable(visit, stack->own->start, end);
    if (!has_own_base(stack))
        visit_below(visit, stack->base);
}

/*
 * The stack where the pointer is, up to the end of its mapping, which may hold more than the stack.
 * Where that is the thread's own, there is nothing to be visited below the pointer.
 */
static void visit_found(struct visit *visit, const struct ter_stack_extent *stack)
{
    uintptr_t start, end;

    if (!ter_os_find_mapping(stack->pointer, &start, &end))
        end = stack->pointer;
    if (holds(stack->pointer, end, stack->base - 1)) {
        note_growth(stack);
        visit_stack_readable(visit, stack->pointer, stack->base);
        return;
    }
    if (holds(stack->own->start, stack->own->end, stack->pointer) ||
        holds(stack->pointer, end, stack->own->end - 1)) {
        visit_stack_readable(visit, stack->pointer, stack->own->end);
        if (!has_own_base(stack))
            visit_below(visit, stack->base);
        return;
    }
    visit_stack_readable(visit, stack->pointer, end);
    visit_known(visit, stack);
}

static bool is_on_own(const struct ter_stack_extent *stack)
{
    return stack->own->start <= stack->pointer && stack->pointer < stack->base &&
           stack->base <= stack->own->end;
}

size_t ter_stack_visit(const struct ter_stack_extent *stack, ter_root_visitor *visitor,
                       void *context)
{
    struct ter_stack_extent words = *stack;
    struct visit visit = {visitor, context, 0};

    words.pointer = ter_align_down(stack->pointer, sizeof(uintptr_t));
    words.base = ter_align_down(stack->base, sizeof(uintptr_t));
    if (TER_UNLIKELY(holds(stack->signal.start, stack->signal.end, words.pointer))) {
        visit_stack_readable(&visit, words.pointer, stack->signal.end);
        visit_known(&visit, &words);
    } else if (TER_LIKELY(is_on_own(&words))) {
        visit_stack_part(&visit, words.pointer, words.base);
    } else if (reaches_base(&words)) {
        note_growth(&words);
        visit_stack_part(&visit, words.pointer, words.base);
    } else {
        visit_found(&visit, &words);
    }
    return visit.bytes;
}
