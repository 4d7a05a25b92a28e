/* SPDX-License-Identifier: MIT */
#include "barrier/log.h"

static const struct ter_arena *arena_of(const struct ter_mutator *mutator)
{
    return mutator->allocator->small[0]->arena;
}

static uintptr_t slot_log(const struct ter_mutator *mutator)
{
    return arena_of(mutator)->side.tables[TER_SIDE_SLOT_LOG].bias;
}

static uintptr_t object_log(const struct ter_mutator *mutator)
{
    return arena_of(mutator)->side.tables[TER_SIDE_OBJECT_LOG].bias;
}

static uintptr_t slot_number(uintptr_t slot)
{
    return slot >> TER_LOG_BYTES_IN_SLOT;
}

/* By which words of an object can be logged; TER_STORE_OBJECT: all of it has to be. */
static unsigned form_for_words(const struct ter_mutator *mutator, uintptr_t object)
{
    const struct ter_space *space = ter_space_of(ter_sft_map_get(&arena_of(mutator)->map, object));
    const struct ter_kind *kind = &space->kinds[space->policy->object_kind(space, object)];

    if (kind->ephemerons)
        return TER_STORE_ELEMENTS;
    if (kind->scan == TER_SCAN_LAYOUT && kind->slots.form == TER_SLOTS_PLAIN)
        return TER_STORE_RANGE;
    return TER_STORE_OBJECT;
}

void ter_log_object(struct ter_mutator *mutator, uintptr_t object)
{
    if (ter_log_bit_take_shared(object_log(mutator), object >> TER_LOG_BYTES_IN_GRANULE))
        ter_stores_log(mutator, object, TER_STORE_OBJECT, 0);
}

/* Clears those of the range; false: none was set. */
static bool take_slots(const struct ter_mutator *mutator, uintptr_t first, uintptr_t end)
{
    uintptr_t log = slot_log(mutator);
    bool any = false;

    for (uintptr_t number = slot_number(first); number < slot_number(end); number++)
        any |= ter_log_bit_take(log, number);
    return any;
}

static void log_words(struct ter_mutator *mutator, uintptr_t object, uintptr_t first, uintptr_t end)
{
    unsigned form = form_for_words(mutator, object);

    if (form == TER_STORE_OBJECT)
        ter_log_object(mutator, object);
    else if (form == TER_STORE_RANGE && end - first == sizeof(uintptr_t))
        ter_stores_log(mutator, first, TER_STORE_SLOT, 0);
    else
        ter_stores_log(mutator, first, form, end);
}

void ter_log_store(struct ter_mutator *mutator, uintptr_t object, uintptr_t slot)
{
    slot = ter_align_down(slot, sizeof(uintptr_t));
    if (ter_log_bit_take(slot_log(mutator), slot_number(slot)))
        log_words(mutator, object, slot, slot + sizeof(uintptr_t));
}

void ter_log_stores(struct ter_mutator *mutator, uintptr_t object, uintptr_t first, size_t bytes)
{
    uintptr_t end = ter_align_up(first + bytes, sizeof(uintptr_t));

    first = ter_align_down(first, sizeof(uintptr_t));
    if (take_slots(mutator, first, end))
        log_words(mutator, object, first, end);
}
