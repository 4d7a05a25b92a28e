/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

static struct ter_accounting *accounting_of_malloc(const struct ter_allocator *allocator)
{
    return &allocator->malloc_space->foreign.space.arena->accounting;
}

/* There are no larger cells here. */
static enum ter_admission ask(const struct ter_gate *gate, size_t bytes)
{
    enum ter_admission admission = gate->admit(gate->context, bytes);

    return admission == TER_CROWDED ? gate->refused(gate->context, bytes) : admission;
}

/* Asks the gate until it says yes or no. */
static bool reserve_bytes(struct ter_mutator *mutator, size_t bytes)
{
    const struct ter_gate *gate = &mutator->allocator->gate;
    enum ter_admission admission = TER_RETRY;

    while (admission == TER_RETRY)
        admission = ask(gate, bytes);
    if (admission != TER_ADMITTED)
        return false;
    ter_accounting_add_foreign(accounting_of_malloc(mutator->allocator), bytes);
    mutator->reserved_bytes = bytes;
    return true;
}

void ter_mutator_give_up_reserve(struct ter_mutator *mutator)
{
    if (mutator->reserved_bytes != 0)
        ter_accounting_subtract_foreign(accounting_of_malloc(mutator->allocator),
                                        mutator->reserved_bytes);
    mutator->reserved_bytes = 0;
}

/* Memory from malloc becomes an object. Around the call the lock is let go. */
static ter_status take_from_malloc(struct ter_mutator *mutator, unsigned kind, size_t bytes,
                                   void **object)
{
    struct ter_allocator *allocator = mutator->allocator;
    void *memory = NULL;
    ter_status status;

    ter_allocator_unlock(allocator);
    status = ter_os_malloc(bytes, allocator->kinds[kind].zeroed, &memory);
    ter_allocator_lock(allocator);
    allocator->no_collect = mutator->no_collect;
    ter_mutator_give_up_reserve(mutator);
    if (status != TER_OK)
        return status;
    status = ter_malloc_space_adopt(allocator->malloc_space, (uintptr_t)memory, bytes, kind);
    if (status == TER_OK) {
        ter_allocator_count(allocator, bytes);
        *object = memory;
    } else {
        ter_os_malloc_free(memory);
    }
    return status;
}

bool ter_mutator_allocate_from_malloc(struct ter_mutator *mutator, unsigned kind, size_t bytes,
                                      void **object)
{
    struct ter_allocator *allocator = mutator->allocator;
    struct ter_accounting *accounting = accounting_of_malloc(allocator);
    const struct ter_gate *gate = &allocator->gate;
    ter_status status = TER_ERROR_NO_MEMORY;
    size_t limit;

    *object = NULL;
    ter_allocator_lock(allocator);
    allocator->no_collect = mutator->no_collect;
    ter_allocator_poll_stress(allocator);
    for (;;) {
        limit = accounting->limit_bytes;
        if (!reserve_bytes(mutator, bytes))
            break;
        status = take_from_malloc(mutator, kind, bytes, object);
        if (status == TER_OK || status == TER_ERROR_OWNED)
            break;
        /* What was admitted and is not there must not let the heap grow without collections. */
        accounting->limit_bytes = limit;
        if (gate->refused(gate->context, bytes) == TER_REFUSED)
            break;
    }
    ter_allocator_unlock_and_notify(allocator);
    return status != TER_ERROR_OWNED;
}
