/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"

#include <string.h>

/* Entries taken at once: few enough that the others find some too. */
#define MOST_TAKEN 256u

ter_status ter_packets_init(struct ter_packets *packets)
{
    ter_mutex_init(&packets->lock);
    ter_condition_init(&packets->given);
    return ter_mark_stack_init(&packets->stack);
}

void ter_packets_fini(struct ter_packets *packets)
{
    ter_mark_stack_fini(&packets->stack);
    ter_condition_fini(&packets->given);
    ter_mutex_fini(&packets->lock);
}

void ter_packets_begin(struct ter_packets *packets, unsigned workers)
{
    TER_CHECK(packets->stack.count == 0);
    packets->workers = workers;
    packets->waiting = 0;
    packets->done = false;
    atomic_store_explicit(&packets->wanted, false, memory_order_relaxed);
}

/* Under the lock. */
static void set_wanted(struct ter_packets *packets)
{
    atomic_store_explicit(&packets->wanted, packets->waiting > 0 && packets->stack.count == 0,
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

bool ter_packets_give(struct ter_packets *packets, const struct ter_mark_entry *entries,
                      size_t count)
{
    struct ter_mark_stack *stack = &packets->stack;
    bool given;

    ter_mutex_acquire(&packets->lock);
    given = make_room(stack, count);
    if (given) {
        memcpy(stack->entries + stack->count, entries, count * sizeof *entries);
        stack->count += count;
        set_wanted(packets);
        ter_condition_broadcast(&packets->given);
    }
    ter_mutex_release(&packets->lock);
    return given;
}

/* Under the lock, with entries there: an even part of them. */
static void take_some(struct ter_packets *packets, struct ter_mark_stack *stack)
{
    struct ter_mark_stack *from = &packets->stack;
    size_t count = ter_min(from->count / ter_max(packets->waiting, 1) + 1, MOST_TAKEN);

    count = ter_min(ter_min(count, from->count), stack->capacity);
    from->count -= count;
    memcpy(stack->entries, from->entries + from->count, count * sizeof *stack->entries);
    stack->bottom = 0;
    stack->count = count;
}

bool ter_packets_take(struct ter_packets *packets, struct ter_mark_stack *stack)
{
    bool taken;

    ter_mutex_acquire(&packets->lock);
    packets->waiting++;
    if (packets->waiting == packets->workers && packets->stack.count == 0) {
        packets->done = true;
        ter_condition_broadcast(&packets->given);
    }
    set_wanted(packets);
    while (packets->stack.count == 0 && !packets->done)
        ter_condition_wait(&packets->given, &packets->lock);
    taken = packets->stack.count > 0;
    if (taken) {
        take_some(packets, stack);
        packets->waiting--;
        set_wanted(packets);
    }
    ter_mutex_release(&packets->lock);
    return taken;
}
