/* SPDX-License-Identifier: MIT */
/* Mutators for clients: their stacks, in and out of the heap, guests, suspended threads. */
#include "heap/heap.h"

ter_status ter_mutator_make(struct ter_heap *heap, uintptr_t stack_base,
                            struct ter_mutator **mutator)
{
    return ter_mutator_new(&heap->collector.allocator, stack_base, mutator);
}

/* ---- Stacks ---- */

uintptr_t ter_mutator_stack_base(const struct ter_mutator *mutator)
{
    return mutator->stack_base;
}

void ter_mutator_set_stack_base(struct ter_mutator *mutator, uintptr_t base)
{
    mutator->stack_base = base;
}

void ter_mutator_set_stacks(struct ter_mutator *mutator, uintptr_t start, uintptr_t end,
                            uintptr_t signal_start, uintptr_t signal_end)
{
    mutator->usual_stack = (struct ter_root_range){start, end};
    mutator->signal_stack = (struct ter_root_range){signal_start, signal_end};
}

void ter_heap_set_stack_corrector(struct ter_heap *heap, ter_stack_corrector *corrector)
{
    heap->collector.allocator.correct_stack = corrector;
}

ter_stack_corrector *ter_heap_stack_corrector(const struct ter_heap *heap)
{
    return heap->collector.allocator.correct_stack;
}

/* ---- Inside and outside ---- */

uintptr_t ter_mutator_outside_at(const struct ter_mutator *mutator)
{
    return mutator->blocked_at;
}

void ter_mutator_go_outside(struct ter_mutator *mutator, uintptr_t stack_pointer)
{
    ter_mutator_go_out(mutator, stack_pointer);
}

void ter_mutator_come_back(struct ter_mutator *mutator)
{
    ter_mutator_come_in(mutator);
}

/* ---- Guests ---- */

static void open_as(struct ter_mutator *mutator, bool is_guest)
{
    ter_allocator_lock(mutator->allocator);
    mutator->is_guest = is_guest;
    mutator->refuses = false;
    mutator->blocked_at = 0;
    ter_mutator_open(mutator);
    ter_allocator_unlock(mutator->allocator);
}

void ter_mutator_enter_as_guest(struct ter_mutator *mutator)
{
    open_as(mutator, true);
}

void ter_mutator_adopt(struct ter_mutator *mutator)
{
    open_as(mutator, false);
}

static void leave_here(void *context, uintptr_t stack_pointer)
{
    ter_mutator_go_out(context, stack_pointer);
}

void ter_mutator_leave_as_guest(struct ter_mutator *mutator)
{
    ter_stack_call(leave_here, mutator);
}

struct leaving {
    struct ter_mutator *mutator;
    void (*function)(void *data);
    void *data;
};

static void leave_and_call(void *context, uintptr_t stack_pointer)
{
    const struct leaving *leaving = context;

    ter_mutator_go_out(leaving->mutator, stack_pointer);
    leaving->function(leaving->data);
}

void ter_mutator_leave_and_call(struct ter_mutator *mutator, void (*function)(void *data),
                                void *data)
{
    struct leaving leaving = {mutator, function, data};

    ter_stack_call(leave_and_call, &leaving);
}

bool ter_mutator_is_guest(const struct ter_mutator *mutator)
{
    return mutator->is_guest;
}

/* ---- Other threads ---- */

struct ter_mutator *ter_heap_mutator_of(struct ter_heap *heap, uintptr_t thread)
{
    struct ter_mutator *mutator = heap->collector.allocator.mutators;

    while (mutator != NULL && (mutator->thread == NULL || mutator->thread->identity != thread))
        mutator = mutator->next;
    return mutator;
}

/* One outside the heap may take its signals or block them: it stands when it comes back. */
bool ter_mutator_suspend(struct ter_mutator *mutator)
{
    if (mutator->thread != ter_os_thread_self() && mutator->blocked_at == 0)
        return ter_os_suspend(mutator->thread);
    ter_os_suspend_begin(mutator->thread);
    return true;
}

void ter_mutator_resume(struct ter_mutator *mutator)
{
    ter_os_resume(mutator->thread);
}

bool ter_mutator_is_suspended(const struct ter_mutator *mutator)
{
    return ter_os_is_suspended(mutator->thread);
}

void ter_heap_visit_stopped(const struct ter_heap *heap,
                            void (*visit)(void *context, uintptr_t thread), void *context)
{
    for (const struct ter_mutator *m = heap->collector.allocator.mutators; m != NULL; m = m->next)
        if (m->is_asked)
            visit(context, m->thread->identity);
}
