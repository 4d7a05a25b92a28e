/* SPDX-License-Identifier: MIT */
#include "barrier/barrier.h"

#include <terrier/fast.h>

static const uint8_t all_ones = 0xff, all_zeros = 0;

/* No store sets a bit of these, and each reads the same one. */
static void log_by(struct ter_mutator_head *head, const uint8_t *byte)
{
    head->log_mask = 0;
    head->slot_log = head->object_log = (uintptr_t)byte;
}

static void log_by_tables(struct ter_mutator_head *head, const struct ter_allocator *allocator)
{
    const struct ter_side_table *tables = allocator->small[0]->arena->side.tables;

    head->log_mask = UINTPTR_MAX;
    head->slot_log = tables[TER_SIDE_SLOT_LOG].bias;
    head->object_log = tables[TER_SIDE_OBJECT_LOG].bias;
}

void ter_barrier_set(struct ter_allocator *allocator, unsigned barrier)
{
    struct ter_mutator_head *head = &allocator->head;

    allocator->logs = (barrier & TER_BARRIER_LOGGED) != 0;
    head->barrier = barrier;
    if (barrier == TER_BARRIER_LOGGED)
        log_by_tables(head, allocator);
    else
        log_by(head, barrier != 0 ? &all_ones : &all_zeros);
}

static void rest(struct ter_mutator_head *head, const struct ter_allocator *allocator, bool rests)
{
    if (head->barrier != TER_BARRIER_LOGGED)
        return;
    if (rests)
        log_by(head, &all_zeros);
    else
        log_by_tables(head, allocator);
}

void ter_barrier_rest(struct ter_allocator *allocator, bool rests)
{
    rest(&allocator->head, allocator, rests);
    for (struct ter_mutator *m = allocator->mutators; m != NULL; m = m->next)
        rest(&m->head, allocator, rests);
}

static unsigned barrier_of(const struct ter_mutator *mutator)
{
    uintptr_t barrier = mutator->head.barrier;

    if (barrier == 0 || barrier > (TER_BARRIER_CHECKED | TER_BARRIER_LOGGED))
        ter_fatal("a store asks for barrier %zu, which there is none of", (size_t)barrier);
    return (unsigned)barrier;
}

void ter_write_slow(struct ter_mutator *mutator, const void *object, const void *slot,
                    const void *value)
{
    unsigned barrier = barrier_of(mutator);

    if ((barrier & TER_BARRIER_CHECKED) != 0) {
        ter_mutator_require(mutator, 0, "ter_write");
        ter_barrier_check_write(mutator->allocator->barrier_check, mutator, (uintptr_t)object,
                                (uintptr_t)slot, (uintptr_t)value);
    }
    if ((barrier & TER_BARRIER_LOGGED) != 0)
        ter_log_store(mutator, (uintptr_t)object, (uintptr_t)slot);
}

void ter_write_range_slow(struct ter_mutator *mutator, const void *object, const void *first,
                          size_t bytes)
{
    unsigned barrier = barrier_of(mutator);

    if ((barrier & TER_BARRIER_CHECKED) != 0) {
        ter_mutator_require(mutator, 0, "ter_write_range");
        ter_barrier_check_range(mutator->allocator->barrier_check, mutator, (uintptr_t)object,
                                (uintptr_t)first, bytes);
    }
    if ((barrier & TER_BARRIER_LOGGED) != 0)
        ter_log_stores(mutator, (uintptr_t)object, (uintptr_t)first, bytes);
}

void ter_write_object_slow(struct ter_mutator *mutator, const void *object)
{
    unsigned barrier = barrier_of(mutator);

    if ((barrier & TER_BARRIER_CHECKED) != 0) {
        ter_mutator_require(mutator, 0, "ter_write_object");
        ter_barrier_check_object(mutator->allocator->barrier_check, (uintptr_t)object);
    }
    if ((barrier & TER_BARRIER_LOGGED) != 0)
        ter_log_object(mutator, (uintptr_t)object);
}
