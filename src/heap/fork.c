/* SPDX-License-Identifier: MIT */
#include "heap/heap.h"

/* The process-wide order: the directory, then heaps by number. Heap locks have one rank, and a fork
   is the only place that holds several, so they are taken below the rank check. */
static void for_each_heap(void (*act)(struct ter_heap *heap))
{
    for (size_t i = 0; i < TER_MAX_HEAPS; i++) {
        struct ter_heap *heap = ter_directory_at(i);

        if (heap != NULL)
            act(heap);
    }
}

static void hold(struct ter_heap *heap)
{
    ter_lock_hold_for_fork(&heap->collector.allocator.lock);
    ter_stores_hold(&heap->collector.allocator.stores);
}

static void let_go_of(struct ter_heap *heap)
{
    ter_stores_let_go(&heap->collector.allocator.stores);
    ter_lock_let_go_after_fork(&heap->collector.allocator.lock);
}

/*
 * Between the flush of a mutator and its end nothing refers to it. Its thread may have been between
 * taking the bit of a slot and logging that.
 */
static void end_lost_mutators(struct ter_heap *heap)
{
    struct ter_allocator *allocator = &heap->collector.allocator;
    struct ter_mutator *mutator = allocator->mutators;

    ter_lock_reset_after_fork(&allocator->lock);
    ter_stores_let_go(&allocator->stores);
    ter_workers_forget(&heap->collector.workers);
    ter_recorder_forked(&heap->seeing.recorder);
    ter_errand_forked(heap);
    ter_world_forget_stopped(allocator);
    while (mutator != NULL) {
        struct ter_mutator *next = mutator->next;

        if (mutator->thread != NULL && !ter_mutator_is_own(mutator)) {
            ter_mutator_free(mutator);
            ter_stores_lose(&allocator->stores);
        }
        mutator = next;
    }
    ter_lock_restore_after_fork(&allocator->lock);
}

static void before_fork(void)
{
    ter_directory_hold();
    for_each_heap(hold);
    ter_balance_hold();
    ter_answerer_hold();
}

static void in_parent(void)
{
    ter_answerer_let_go();
    ter_balance_let_go();
    for_each_heap(let_go_of);
    ter_directory_let_go();
}

static void in_child(void)
{
    ter_directory_reset_after_fork();
    ter_balance_reset_after_fork();
    ter_os_stop_reset_after_fork();
    ter_os_reset_parked_after_fork();
    ter_os_reset_touches_after_fork();
    ter_answerer_forked();
    for_each_heap(end_lost_mutators);
}

static void register_handlers(void)
{
    if (!ter_os_at_fork(before_fork, in_parent, in_child))
        ter_log(TER_LOG_WARNING, "no memory for fork handlers: a forked child must not allocate");
}

void ter_fork_prepare_once(void)
{
    static struct ter_once once = TER_ONCE_INIT;

    ter_once_call(&once, register_handlers);
}
