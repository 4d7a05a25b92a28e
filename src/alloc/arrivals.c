/* SPDX-License-Identifier: MIT */
#include "alloc/alloc.h"

bool ter_allocator_wait(struct ter_allocator *allocator, _Atomic uint32_t *word,
                        unsigned milliseconds)
{
    uint32_t seen = atomic_load_explicit(word, memory_order_relaxed);
    bool no_collect = allocator->no_collect;
    struct ter_os_cancel before;

    ter_allocator_unlock(allocator);
    before = ter_os_cancel_off();
    ter_os_wait_while(word, seen, milliseconds);
    ter_os_cancel_back(before);
    ter_allocator_lock(allocator);
    /* It is of whoever has the lock. */
    allocator->no_collect = no_collect;
    return atomic_load_explicit(word, memory_order_relaxed) != seen;
}

static void change_word(_Atomic uint32_t *word)
{
    atomic_fetch_add_explicit(word, 1, memory_order_relaxed);
    ter_os_wake_waiting(word);
}

void ter_safepoints_arrived(struct ter_allocator *allocator)
{
    if (TER_UNLIKELY(allocator->gathering))
        change_word(&allocator->arrivals);
}

void ter_safepoints_await_end(struct ter_allocator *allocator)
{
    while (TER_UNLIKELY(allocator->gathering))
        (void)ter_allocator_wait(allocator, &allocator->dispersals, 0);
}

void ter_safepoints_end(struct ter_allocator *allocator)
{
    allocator->gathering = false;
    change_word(&allocator->dispersals);
}
