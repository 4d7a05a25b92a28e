/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

static bool is_own(const struct ter_mutator *mutator)
{
    return mutator->thread == ter_os_thread_self();
}

/* Its runs may be in use at this very instruction. */
static bool is_stopped(const struct ter_mutator *mutator)
{
    return !is_own(mutator) && mutator->blocked_at == 0;
}

static bool any_stopped(const struct ter_allocator *allocator)
{
    const struct ter_mutator *mutator = allocator->mutators;

    while (mutator != NULL && !is_stopped(mutator))
        mutator = mutator->next;
    return mutator != NULL;
}

static void ask_others(const struct ter_allocator *allocator,
                       bool (*ask)(struct ter_os_thread *thread))
{
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        if (is_stopped(m) && !ask(m->thread))
            ter_fatal("a thread ended without being unregistered from its heap");
}

static void stop_others(const struct ter_allocator *allocator)
{
    ask_others(allocator, ter_os_stop_thread);
    while (!ter_os_stop_wait())
        ask_others(allocator, ter_os_stop_again);
}

static ter_status pause_others(const struct ter_allocator *allocator)
{
    ter_status status;

    if (!any_stopped(allocator))
        return TER_OK;
    status = ter_os_stop_begin();
    if (status == TER_OK)
        stop_others(allocator);
    return status;
}

ter_status ter_world_share(struct ter_allocator *allocator)
{
    ter_status status;

    if (allocator->shared)
        return TER_OK;
    status = pause_others(allocator);
    if (status != TER_OK)
        return status;
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        __atomic_store_n(&m->alone, false, __ATOMIC_RELAXED);
    allocator->shared = true;
    ter_world_resume(allocator);
    return TER_OK;
}

ter_status ter_world_stop(struct ter_allocator *allocator)
{
    ter_status status = pause_others(allocator);

    if (status != TER_OK)
        return status;
    allocator->standing = true;
    ter_mutators_close(allocator);
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next) {
        if (is_stopped(m))
            ter_mutator_drop_freed(m);
        else
            ter_mutator_flush(m);
    }
    return TER_OK;
}

void ter_world_resume(struct ter_allocator *allocator)
{
    allocator->standing = false;
    ter_mutators_open(allocator);
    if (any_stopped(allocator))
        ter_os_stop_resume();
}

void ter_world_mark_runs(const struct ter_allocator *allocator, const struct ter_side_table *marks)
{
    for (const struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        if (is_stopped(m))
            ter_mutator_mark_runs(m, marks);
}

/* Where the part of the stack that may hold references ends; for the caller's own, about here. */
static uintptr_t stack_end(const struct ter_mutator *mutator)
{
    if (is_own(mutator))
        return TER_FRAME_ADDRESS();
    if (mutator->blocked_at != 0)
        return mutator->blocked_at;
    return atomic_load_explicit(&mutator->thread->stack_pointer, memory_order_relaxed);
}

/* What the program says of the stack, which may be a coroutine's. */
static uintptr_t corrected(const struct ter_allocator *allocator, const struct ter_mutator *mutator,
                           uintptr_t end)
{
    void *pointer = (void *)end;

    if (allocator->correct_stack != NULL)
        allocator->correct_stack(&pointer, (void *)mutator->thread->identity);
    return (uintptr_t)pointer;
}

static void visit_stack_part(const struct ter_mutator *mutator, uintptr_t end,
                             ter_root_visitor *visitor, void *context)
{
    uintptr_t start = ter_align_down(end, sizeof(uintptr_t));
    const struct ter_root_range *other = &mutator->signal_stack;

    /* In a signal handler with a stack of its own; how far the usual one goes is not known. */
    if (start - other->start < other->end - other->start) {
        visitor(context, start, other->end);
        visitor(context, mutator->usual_stack.start, mutator->usual_stack.end);
        return;
    }
    if (start < mutator->stack_base)
        visitor(context, start, ter_align_down(mutator->stack_base, sizeof(uintptr_t)));
}

void ter_world_visit_stacks(const struct ter_allocator *allocator, uintptr_t own_end,
                            ter_root_visitor *stack, ter_root_visitor *data, void *context)
{
    for (const struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next) {
        uintptr_t end = is_own(m) ? own_end : stack_end(m);

        visit_stack_part(m, corrected(allocator, m, end), stack, context);
        if (m->thread_data.start != 0)
            data(context, m->thread_data.start, m->thread_data.end);
    }
}

size_t ter_world_stack_bytes(const struct ter_allocator *allocator)
{
    size_t bytes = 0;

    /* A thread that was never stopped has not said where its stack ends. */
    for (const struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        if (stack_end(m) != 0 && stack_end(m) < m->stack_base)
            bytes += m->stack_base - stack_end(m);
    return bytes;
}
