/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"

#include <string.h>

/* Entries taken at once: few enough that the others find some too. */
#define MOST_TAKEN 256u

ter_status ter_share_init(struct ter_share *share)
{
    pthread_mutex_init(&share->lock, NULL);
    pthread_cond_init(&share->given, NULL);
    return ter_mark_stack_init(&share->stack);
}

void ter_share_fini(struct ter_share *share)
{
    ter_mark_stack_fini(&share->stack);
    pthread_cond_destroy(&share->given);
    pthread_mutex_destroy(&share->lock);
}

void ter_share_begin(struct ter_share *share, unsigned members)
{
    TER_CHECK(share->stack.count == 0);
    share->members = members;
    share->waiting = 0;
    share->over = false;
    atomic_store_explicit(&share->hungry, false, memory_order_relaxed);
}

/* Under the lock. */
static void set_hungry(struct ter_share *share)
{
    atomic_store_explicit(&share->hungry, share->waiting > 0 && share->stack.count == 0,
                          memory_order_relaxed);
}

static bool make_room(struct ter_mark_stack *stack, size_t count)
{
    while (stack->capacity - stack->count < count)
        if (!ter_mark_stack_grow(stack)) {
            stack->overflowed = false; /* nothing was dropped */
            return false;
        }
    return true;
}

bool ter_share_give(struct ter_share *share, const struct ter_mark_entry *entries, size_t count)
{
    struct ter_mark_stack *stack = &share->stack;
    bool given;

    pthread_mutex_lock(&share->lock);
    given = make_room(stack, count);
    if (given) {
        memcpy(stack->entries + stack->count, entries, count * sizeof *entries);
        stack->count += count;
        set_hungry(share);
        pthread_cond_broadcast(&share->given);
    }
    pthread_mutex_unlock(&share->lock);
    return given;
}

/* Under the lock, with entries there: an even part of them. */
static void take_some(struct ter_share *share, struct ter_mark_stack *stack)
{
    struct ter_mark_stack *from = &share->stack;
    size_t count = ter_min(from->count / ter_max(share->waiting, 1) + 1, MOST_TAKEN);

    count = ter_min(ter_min(count, from->count), stack->capacity);
    from->count -= count;
    memcpy(stack->entries, from->entries + from->count, count * sizeof *stack->entries);
    stack->bottom = 0;
    stack->count = count;
}

bool ter_share_take(struct ter_share *share, struct ter_mark_stack *stack)
{
    bool taken;

    pthread_mutex_lock(&share->lock);
    share->waiting++;
    if (share->waiting == share->members && share->stack.count == 0) {
        share->over = true;
        pthread_cond_broadcast(&share->given);
    }
    set_hungry(share);
    while (share->stack.count == 0 && !share->over)
        pthread_cond_wait(&share->given, &share->lock);
    taken = share->stack.count > 0;
    if (taken) {
        take_some(share, stack);
        share->waiting--;
        set_hungry(share);
    }
    pthread_mutex_unlock(&share->lock);
    return taken;
}
