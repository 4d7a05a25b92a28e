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

/* Where the part of another thread's stack that may hold references ends. */
static uintptr_t stack_end(const struct ter_mutator *mutator)
{
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

/* The stack for signal handlers that it stood on when it stopped, or else one that it told of. */
static struct ter_root_range signal_stack(const struct ter_mutator *mutator)
{
    const struct ter_os_thread *thread = mutator->thread;
    struct ter_root_range range = {
        atomic_load_explicit(&thread->signal_stack_start, memory_order_relaxed),
        atomic_load_explicit(&thread->signal_stack_end, memory_order_relaxed)};

    return range.end != 0 ? range : mutator->signal_stack;
}

static void visit_stack_of(struct ter_mutator *mutator, uintptr_t pointer,
                           ter_root_visitor *visitor, void *context)
{
    struct ter_stack stack = {.pointer = pointer,
                              .base = mutator->stack_base,
                              .own = &mutator->own_stack,
                              .usual = mutator->usual_stack,
                              .signal = signal_stack(mutator)};

    mutator->stack_bytes = ter_stack_visit(&stack, visitor, context);
}

void ter_world_visit_stacks(const struct ter_allocator *allocator, uintptr_t own_end,
                            ter_root_visitor *visitor, void *context)
{
    ter_os_note_signal_stack(ter_os_thread_self());
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next) {
        uintptr_t end = is_own(m) ? own_end : stack_end(m);

        visit_stack_of(m, corrected(allocator, m, end), visitor, context);
    }
}

void ter_world_visit_thread_data(const struct ter_allocator *allocator,
                                 const struct ter_module_list *modules, ter_root_visitor *visitor,
                                 void *context)
{
    for (const struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next) {
        if (ter_os_knows_thread_data())
            ter_os_visit_thread_data(m->thread, modules->modules, modules->count, visitor, context);
        else if (m->thread_data.start != 0)
            visitor(context, m->thread_data.start, m->thread_data.end);
    }
}

size_t ter_world_stack_bytes(const struct ter_allocator *allocator)
{
    size_t bytes = 0;

    for (const struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        bytes += m->stack_bytes;
    return bytes;
}
