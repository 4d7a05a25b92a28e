/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

#include <string.h>

static size_t mutator_bytes(void)
{
    return ter_align_up(sizeof(struct ter_mutator), ter_os_page_size());
}

ter_status ter_mutator_take_memory(struct ter_allocator *allocator, struct ter_mutator **mutator)
{
    ter_status status;
    void *memory;

    ter_allocator_lock(allocator);
    *mutator = allocator->retired;
    if (*mutator != NULL) {
        allocator->retired = (*mutator)->next;
        (*mutator)->next = NULL;
    }
    ter_allocator_unlock(allocator);
    if (*mutator != NULL)
        return TER_OK;
    status = ter_os_allocate_named(mutator_bytes(), "terrier:mutator", &memory);
    if (status == TER_OK)
        *mutator = memory;
    return status;
}

/*
 * Somebody may have read just before that a block belongs to a run of this mutator, and be about to
 * look at the run. So the memory stays readable. The runs were flushed and are empty; the rest,
 * which nobody else reads, is cleared for the next mutator.
 */
void ter_mutator_retire(struct ter_allocator *allocator, struct ter_mutator *mutator)
{
    size_t kept = offsetof(struct ter_mutator, class_of);
    size_t rows = offsetof(struct ter_mutator, slow);

    ter_sampler_free(mutator->sampler);
    for (unsigned kind = 0; kind < allocator->kind_count; kind++) {
        uint64_t classes = ter_mutator_used(mutator, kind);

        while (classes != 0)
            mutator->slow[kind][ter_size_class_take(&classes)] = (struct ter_mutator_slow){0};
    }
    memset((char *)mutator + kept, 0, rows - kept);
    memset(mutator->windows, 0, sizeof mutator->windows);
    mutator->head = (struct ter_mutator_head){0};
    mutator->next = allocator->retired;
    allocator->retired = mutator;
}

void ter_mutators_make_common(struct ter_allocator *allocator)
{
    void *memory;

    if (allocator->common != NULL ||
        ter_os_allocate_named(mutator_bytes(), "terrier:mutator", &memory) != TER_OK)
        return;
    allocator->common = memory;
    allocator->common->allocator = allocator;
}

void ter_mutators_release_retired(struct ter_allocator *allocator)
{
    if (allocator->common != NULL)
        ter_os_release((uintptr_t)allocator->common, mutator_bytes());
    allocator->common = NULL;
    ter_stacks_fini(&allocator->stacks);
    while (allocator->retired != NULL) {
        struct ter_mutator *mutator = allocator->retired;

        allocator->retired = mutator->next;
        ter_os_retire((uintptr_t)mutator, mutator_bytes());
    }
}

void ter_mutator_end(struct ter_mutator *mutator)
{
    struct ter_allocator *allocator = mutator->allocator;
    struct ter_mutator **link = &allocator->mutators;

    ter_mutator_flush(mutator);
    ter_mutator_give_up_windows(mutator);
    ter_mutator_give_up_reserve(mutator);
    ter_stores_hand_over(mutator);
    while (*link != mutator)
        link = &(*link)->next;
    *link = mutator->next;
    /* A stack of the program's keeps its frames. */
    if (mutator->stack != &mutator->home)
        ter_mutator_put_away(mutator);
    ter_mutator_retire(allocator, mutator);
    ter_safepoints_arrived(allocator);
}

void ter_mutator_end_unasked(struct ter_mutator *mutator)
{
    const struct ter_gate *gate = &mutator->allocator->gate;

    if (gate->ended != NULL)
        gate->ended(gate->context, mutator);
    ter_mutator_end(mutator);
}

void ter_mutator_say_gone(const struct ter_mutator *mutator)
{
    ter_log(TER_LOG_WARNING, "thread %d ended without being unregistered from its heap",
            mutator->thread->number);
}
