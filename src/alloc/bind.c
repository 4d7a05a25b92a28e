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

static ter_status join_allocator(struct ter_allocator *allocator, struct ter_mutator *mutator)
{
    ter_status status = TER_OK;

    ter_allocator_lock(allocator);
    /* Under the lock, which a thread that forks holds: a child must not find the C library's lock
       of its list of libraries held for ever by a thread that is not there. */
    ter_os_check_thread_data();
    if (!ter_os_knows_thread_data())
        ter_os_for_each_tls_block(join_thread_data, &mutator->thread_data);
    if (is_bound(allocator, mutator->thread))
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

ter_status ter_mutator_new(struct ter_allocator *allocator, uintptr_t stack_base,
                           struct ter_mutator **mutator)
{
    struct ter_os_stack stack;
    ter_status status;
    struct ter_os_thread *thread;
    struct ter_mutator *made;

    if (!ter_os_find_stack(&stack) && stack_base == 0)
        return TER_ERROR_SYSTEM;
    if (stack_base == 0)
        stack_base = stack.end;
    status = ter_os_thread_begin(&thread);
    if (status != TER_OK)
        return status;
    ter_os_learn_thread_data();
    ter_os_set_thread_end(end_of_thread);
    status = ter_mutator_take_memory(allocator, &made);
    if (status != TER_OK)
        return status;
    ter_os_order_prepare();
    ter_size_class_table_init(made->class_of);
    made->allocator = allocator;
    made->head.barrier = allocator->barrier;
    made->stack_base = stack_base;
    made->own_stack = stack;
    made->thread = thread;
    status = join_allocator(allocator, made);
    if (status != TER_OK)
        return status;
    add_to_own(made);
    *mutator = made;
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
