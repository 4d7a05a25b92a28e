/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

/*
 * Where no more is known of the C library: blocks of one thread lie side by side, but for what the
 * loader made later and apart.
 */
static void join_thread_data(void *context, const struct ter_os_segment *segment)
{
    struct ter_root_range *range = context;

    if (range->start == 0)
        *range = (struct ter_root_range){segment->start, segment->end};
    if (segment->start - range->start + TER_MIB(1) >= TER_MIB(2))
        return;
    range->start = ter_min(range->start, segment->start);
    range->end = ter_max(range->end, segment->end);
}

static bool is_bound(const struct ter_allocator *allocator, const struct ter_os_thread *thread)
{
    const struct ter_mutator *mutator = allocator->mutators;

    while (mutator != NULL && mutator->thread != thread)
        mutator = mutator->next;
    return mutator != NULL;
}

/* One that roams is the only one of its heap. */
static bool one_roams(const struct ter_allocator *allocator)
{
    return allocator->mutators != NULL && allocator->mutators->roams;
}

static ter_status join_allocator(struct ter_allocator *allocator, struct ter_mutator *mutator)
{
    ter_status status = TER_OK;

    ter_allocator_lock(allocator);
    /* Under the lock, which a thread that forks holds: a child must not find the C library's lock
       of its list of libraries held for ever by a thread that is not there. */
    if (!allocator->exact_stacks)
        ter_os_check_thread_data();
    if (!allocator->exact_stacks && !ter_os_knows_thread_data())
        ter_os_for_each_tls_block(join_thread_data, &mutator->thread_data);
    ter_safepoints_await_end(allocator);
    /* Collections change what stores do, in each mutator of the list: this one is in it when the
       lock is free again. */
    mutator->head = allocator->head;
    mutator->head.poll = ter_allocator_idle_poll(allocator);
    if (is_bound(allocator, mutator->thread) || one_roams(allocator))
        status = TER_ERROR_INVALID;
    else if (allocator->mutators != NULL)
        status = ter_world_share(allocator);
    if (allocator->mutators != NULL && status == TER_OK)
        ter_mutators_make_common(allocator);
    if (status == TER_OK) {
        mutator->alone = !allocator->shared;
        mutator->next = allocator->mutators;
        allocator->mutators = mutator;
        ter_mutator_open(mutator);
    } else {
        ter_mutator_retire(allocator, mutator);
    }
    ter_allocator_unlock(allocator);
    return status;
}

/* In the thread itself, while all of it still works. */
static void end_of_thread(struct ter_os_thread *thread)
{
    while (thread->user != NULL) {
        struct ter_mutator *mutator = thread->user;
        struct ter_allocator *allocator = mutator->allocator;

        thread->user = mutator->next_own;
        if (allocator->safepoints)
            ter_log(TER_LOG_WARNING, "thread %d ends while it is bound to a heap, and is unbound",
                    thread->number);
        ter_allocator_lock(allocator);
        ter_mutator_end_unasked(mutator);
        ter_allocator_unlock(allocator);
    }
}

static void add_to_own(struct ter_mutator *mutator)
{
    mutator->next_own = mutator->thread->user;
    mutator->thread->user = mutator;
}

static void remove_from_own(struct ter_mutator *mutator)
{
    struct ter_mutator *before = mutator->thread->user;

    if (before == mutator) {
        mutator->thread->user = mutator->next_own;
        return;
    }
    while (before->next_own != mutator)
        before = before->next_own;
    before->next_own = mutator->next_own;
}

/* Where the thread has its stack; nobody asks where none is scanned. */
static ter_status find_stack(const struct ter_allocator *allocator, uintptr_t stack_base,
                             struct ter_os_stack *stack, uintptr_t *base)
{
    *stack = (struct ter_os_stack){0};
    *base = stack_base;
    if (allocator->exact_stacks)
        return TER_OK;
    if (!ter_os_find_stack(stack) && stack_base == 0)
        return TER_ERROR_SYSTEM;
    if (stack_base == 0)
        *base = stack->end;
    return TER_OK;
}

static ter_status begin_thread(const struct ter_allocator *allocator, struct ter_os_thread **thread)
{
    ter_status status =
        allocator->safepoints ? ter_os_thread_note(thread) : ter_os_thread_begin(thread);

    if (status != TER_OK)
        return status;
    if (!allocator->exact_stacks)
        ter_os_learn_thread_data();
    ter_os_set_thread_end(end_of_thread);
    return TER_OK;
}

ter_status ter_mutator_new(struct ter_allocator *allocator, uintptr_t stack_base,
                           struct ter_mutator **mutator)
{
    struct ter_os_stack stack;
    struct ter_os_thread *thread;
    struct ter_mutator *made;
    ter_status status = find_stack(allocator, stack_base, &stack, &stack_base);

    if (status == TER_OK)
        status = begin_thread(allocator, &thread);
    if (status == TER_OK)
        status = ter_mutator_take_memory(allocator, &made);
    if (status != TER_OK)
        return status;
    if (!allocator->safepoints)
        ter_os_order_prepare();
    ter_size_class_table_init(made->class_of);
    made->allocator = allocator;
    made->stack_base = stack_base;
    made->own_stack = stack;
    made->thread = thread;
    made->stack = &made->home;
    made->home.user = made;
    made->sampler = ter_sampler_new(allocator->sampling);
    status = join_allocator(allocator, made);
    if (status != TER_OK)
        return status;
    add_to_own(made);
    *mutator = made;
    return TER_OK;
}

/* ---- From one thread to another ---- */

void ter_mutator_detach_here(struct ter_mutator *mutator, uintptr_t stack_pointer, uintptr_t end)
{
    remove_from_own(mutator);
    ter_mutator_part(mutator, stack_pointer, end);
}

/* Nobody waits for it, and nobody asks where its thread is. */
static bool may_roam(const struct ter_allocator *allocator, const struct ter_mutator *mutator)
{
    return allocator->safepoints && allocator->exact_stacks && !mutator->roams &&
           allocator->mutators == mutator && mutator->next == NULL;
}

ter_status ter_mutator_let_roam(struct ter_mutator *mutator)
{
    struct ter_allocator *allocator = mutator->allocator;
    ter_status status = TER_ERROR_INVALID;

    ter_allocator_lock(allocator);
    if (may_roam(allocator, mutator)) {
        remove_from_own(mutator);
        mutator->thread = &mutator->nobody;
        mutator->roams = true;
        mutator->alone = true;
        status = TER_OK;
    }
    ter_allocator_unlock(allocator);
    return status;
}

static bool has_mutator_of(const struct ter_os_thread *thread,
                           const struct ter_allocator *allocator)
{
    const struct ter_mutator *mutator = thread->user;

    while (mutator != NULL && mutator->allocator != allocator)
        mutator = mutator->next_own;
    return mutator != NULL;
}

ter_status ter_mutator_attach_here(struct ter_mutator *mutator, uintptr_t end)
{
    struct ter_allocator *allocator = mutator->allocator;
    struct ter_os_thread *thread;
    struct ter_os_stack stack;
    uintptr_t base;
    ter_status status = find_stack(allocator, 0, &stack, &base);

    if (status == TER_OK)
        status = begin_thread(allocator, &thread);
    if (status != TER_OK)
        return status;
    ter_allocator_lock(allocator);
    ter_safepoints_await_end(allocator);
    if (mutator->thread != NULL || has_mutator_of(thread, allocator)) {
        ter_allocator_unlock(allocator);
        return TER_ERROR_INVALID;
    }
    mutator->thread = thread;
    mutator->own_stack = stack;
    mutator->stack_base = base;
    mutator->home.pointer = end;
    if (!allocator->exact_stacks && !ter_os_knows_thread_data())
        ter_os_for_each_tls_block(join_thread_data, &mutator->thread_data);
    ter_mutator_note_inside(mutator);
    add_to_own(mutator);
    ter_allocator_unlock(allocator);
    return TER_OK;
}

void ter_mutator_free(struct ter_mutator *mutator)
{
    struct ter_allocator *allocator = mutator->allocator;

    if (mutator->thread == ter_os_thread_self())
        remove_from_own(mutator);
    ter_allocator_lock(allocator);
    ter_mutator_end(mutator);
    ter_allocator_unlock(allocator);
}
