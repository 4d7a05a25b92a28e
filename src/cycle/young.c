/* SPDX-License-Identifier: MIT */
#include "cycle/young.h"

#include "cycle/drain.h"
#include "cycle/pinning.h"

/* Of what the heap may use: if less is free afterwards, young objects alone are not enough. */
#define LEAST_FREE_PART 8u
/* The old ones may grow by so much, or by half, before all are collected. */
#define LEAST_GROWTH TER_MIB(4)
/* In a heap that is as large as it may be, by this part of its room, if that is more. */
#define GROWTH_IN_ROOM 2u
#define STRESS_WHOLE 3u /* under stress one of so many collections is of all objects */

bool ter_young_is_next(const struct ter_collector *collector, enum ter_collection_reason reason)
{
    const struct ter_allocator *allocator = &collector->allocator;

    if (!collector->ages || collector->next_is_whole ||
        atomic_load_explicit(&allocator->stores.lost, memory_order_relaxed))
        return false;
    if (reason == TER_REASON_STRESS)
        return collector->collections % STRESS_WHOLE != 0;
    return reason == TER_REASON_ALLOCATION || reason == TER_REASON_YOUNG ||
           reason == TER_REASON_PRESSURE;
}

bool ter_young_is_due(const struct ter_collector *collector)
{
    return collector->ages && !collector->arena.fills_up &&
           ter_mutators_allocated(&collector->allocator) >= collector->nursery.bytes;
}

/* ---- What was logged ---- */

static uintptr_t object_log_of(const struct ter_collector *collector)
{
    return collector->arena.side.tables[TER_SIDE_OBJECT_LOG].bias;
}

/* An object that was freed by hand since is none. */
static const struct ter_kind *kind_of_logged(const struct ter_collector *collector,
                                             uintptr_t object)
{
    if (!ter_collector_is_object(collector, object))
        return NULL;
    return &collector->allocator.kinds[ter_collector_object_kind(collector, object)];
}

/* Does the memory of a slot that was logged still belong to an object? */
static bool is_in_object(const struct ter_collector *collector, uintptr_t slot)
{
    return ter_collector_find_interior(collector, slot).bits != 0;
}

typedef void logged_object_step(struct ter_collector *collector, uintptr_t object,
                                const struct ter_kind *kind);

/* The object of an entry, or those that lie in the cells of one. */
static void for_each_logged(struct ter_collector *collector, uintptr_t address, unsigned form,
                            uintptr_t end, logged_object_step *step)
{
    const struct ter_kind *kind;
    bool done;

    do {
        kind = kind_of_logged(collector, address);
        if (kind != NULL)
            step(collector, address, kind);
        done = form != TER_STORE_RUN;
        if (!done)
            address += ter_collector_object_bytes(collector, address);
    } while (!done && address < end);
}

/*
 * Words of what was freed by hand since are none, whatever lies there now: that is young, or all of
 * it was logged.
 */
static bool stays_logged(void *context, uintptr_t address, unsigned form)
{
    const struct ter_collector *collector = context;
    uintptr_t object;

    if (form == TER_STORE_OBJECT || form == TER_STORE_RUN)
        return true;
    object = ter_collector_find_interior(collector, address).bits;
    return object != 0 &&
           ter_log_bit_test(object_log_of(collector), object >> TER_LOG_BYTES_IN_GRANULE);
}

/* Objects that were logged are old all the same. */
static void tell_old(struct ter_collector *collector, uintptr_t object, const struct ter_kind *kind)
{
    (void)kind;
    ter_log_bit_set(object_log_of(collector), object >> TER_LOG_BYTES_IN_GRANULE);
}

static void tell_from(void *context, uintptr_t address, unsigned form, uintptr_t end)
{
    if (form == TER_STORE_OBJECT || form == TER_STORE_RUN)
        for_each_logged(context, address, form, end, tell_old);
}

void ter_young_take_logs(struct ter_collector *collector)
{
    struct ter_mutator *mutator = collector->allocator.mutators;

    if (!collector->ages)
        return;
    for (; mutator != NULL; mutator = mutator->next)
        ter_stores_hand_over(mutator);
    collector->log_was_lost =
        atomic_load_explicit(&collector->allocator.stores.lost, memory_order_relaxed);
    ter_stores_take(&collector->allocator.stores);
    collector->words_logged = ter_stores_count_taken(&collector->allocator.stores);
    if (!collector->minor)
        return;
    ter_stores_sift_taken(&collector->allocator.stores, stays_logged, collector);
    ter_stores_visit_taken(&collector->allocator.stores, tell_from, collector);
}

static void pin_from_object(struct ter_collector *collector, uintptr_t object,
                            const struct ter_kind *kind)
{
    if (ter_kind_pins(kind))
        ter_collector_pin_from_object(collector, object);
}

static void pin_from(void *context, uintptr_t address, unsigned form, uintptr_t end)
{
    if (form == TER_STORE_OBJECT || form == TER_STORE_RUN)
        for_each_logged(context, address, form, end, pin_from_object);
}

void ter_young_pin_from_logged(struct ter_collector *collector)
{
    ter_stores_visit_taken(&collector->allocator.stores, pin_from, collector);
}

static void reach_elements(struct ter_collector *collector, uintptr_t first, uintptr_t end)
{
    uintptr_t object = ter_collector_find_interior(collector, first).bits;
    const struct ter_kind *kind =
        &collector->allocator.kinds[ter_collector_object_kind(collector, object)];
    struct ter_ephemeron_part part = {object, ter_collector_object_bytes(collector, object), first,
                                      end};

    TER_CHECK(kind->ephemerons);
    ter_ephemerons_reach_part(&collector->ephemerons, &collector->tracer, kind, &part);
}

static void reach_logged_object(struct ter_collector *collector, uintptr_t object,
                                const struct ter_kind *kind)
{
    ter_collector_scan(collector, object, ter_collector_object_bytes(collector, object), kind);
}

static void reach_from(void *context, uintptr_t address, unsigned form, uintptr_t end)
{
    struct ter_collector *collector = context;

    if (form == TER_STORE_SLOT)
        collector->tracer.loop->slot(&collector->tracer, ter_slot_at(address));
    else if (form == TER_STORE_RANGE)
        ter_collector_scan_slots(collector, address, end);
    else if (form == TER_STORE_ELEMENTS)
        reach_elements(collector, address, end);
    else
        for_each_logged(collector, address, form, end, reach_logged_object);
}

void ter_young_reach_logged(struct ter_collector *collector)
{
    ter_stores_visit_taken(&collector->allocator.stores, reach_from, collector);
}

/* ---- Afterwards ---- */

static void end_log_of_object(struct ter_collector *collector, uintptr_t object,
                              const struct ter_kind *kind)
{
    (void)kind;
    ter_space_make_old(ter_collector_space(collector, object), object,
                       object + ter_collector_object_bytes(collector, object));
}

static void end_log(void *context, uintptr_t address, unsigned form, uintptr_t end)
{
    struct ter_collector *collector = context;

    if (form == TER_STORE_OBJECT || form == TER_STORE_RUN) {
        for_each_logged(collector, address, form, end, end_log_of_object);
        return;
    }
    if (!is_in_object(collector, address))
        return;
    if (form == TER_STORE_SLOT)
        end = address + sizeof(uintptr_t);
    ter_log_bits_fill(collector->arena.side.tables[TER_SIDE_SLOT_LOG].bias,
                      address >> TER_LOG_BYTES_IN_SLOT, end >> TER_LOG_BYTES_IN_SLOT, true);
}

/*
 * Objects into which is stored without a barrier are looked at in each collection, from when they
 * are old. They never move; what was not reached goes now.
 */
static bool is_to_be_kept(const struct ter_collector *collector, uintptr_t object,
                          const struct ter_kind *kind)
{
    return kind->remembered && ter_collector_is_marked(collector, object);
}

static void keep_remembered(void *context, uintptr_t object, size_t bytes,
                            const struct ter_kind *kind)
{
    struct ter_collector *collector = context;

    (void)bytes;
    if (is_to_be_kept(collector, object, kind))
        ter_stores_keep(&collector->allocator.stores, object);
}

static void keep_remembered_young(void *context, uintptr_t object, size_t bytes,
                                  const struct ter_kind *kind)
{
    if (!ter_log_bit_test(object_log_of(context), object >> TER_LOG_BYTES_IN_GRANULE))
        keep_remembered(context, object, bytes, kind);
}

/* Once, however often it is in the log. */
static void keep_remembered_old(struct ter_collector *collector, uintptr_t object,
                                const struct ter_kind *kind)
{
    if (is_to_be_kept(collector, object, kind) &&
        ter_log_bit_take(object_log_of(collector), object >> TER_LOG_BYTES_IN_GRANULE))
        ter_stores_keep(&collector->allocator.stores, object);
}

static void keep_from(void *context, uintptr_t address, unsigned form, uintptr_t end)
{
    if (form == TER_STORE_OBJECT || form == TER_STORE_RUN)
        for_each_logged(context, address, form, end, keep_remembered_old);
}

static bool has_remembered(const struct ter_allocator *allocator)
{
    for (unsigned kind = 0; kind < allocator->kind_count; kind++)
        if (allocator->kinds[kind].remembered)
            return true;
    return false;
}

/* The young ones first: the others are told from them by their bits. */
static void keep_all_remembered(struct ter_collector *collector)
{
    ter_collector_visit_staying(
        collector, collector->minor ? keep_remembered_young : keep_remembered, collector);
    if (collector->minor)
        ter_stores_visit_taken(&collector->allocator.stores, keep_from, collector);
}

void ter_young_end_logs(struct ter_collector *collector)
{
    struct ter_stores *stores = &collector->allocator.stores;

    if (!collector->ages)
        return;
    ter_stores_visit_taken(stores, end_log, collector);
    if (has_remembered(&collector->allocator))
        keep_all_remembered(collector);
    ter_stores_forget_taken(stores);
}

static void restore_log(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    (void)kind;
    ter_space_make_old(ter_collector_space(context, object), object, object + bytes);
}

void ter_young_restore_logs(struct ter_collector *collector)
{
    if (collector->ages && collector->log_was_lost)
        ter_collector_visit_objects(collector, restore_log, collector);
}

/*
 * Is there little that mutators may take before the heap is full? While collections are held it
 * grows instead, step by step, and only a maximum counts.
 */
static bool has_little_room(const struct ter_collector *collector)
{
    const struct ter_accounting *accounting = &collector->arena.accounting;
    size_t used = atomic_load_explicit(&accounting->used_bytes, memory_order_relaxed);
    size_t limit = collector->trigger.max_bytes;

    if (limit == 0 && collector->trigger.disabled != 0)
        return false;
    if (limit == 0)
        limit = accounting->limit_bytes;
    return limit - ter_min(limit, used) + ter_spaces_open(collector) < limit / LEAST_FREE_PART;
}

static size_t room_beside_old(const struct ter_collector *collector)
{
    size_t limit = collector->arena.accounting.limit_bytes;

    return limit - ter_min(limit, collector->old_bytes);
}

/* So much more may live before all is collected. What cannot grow has its room either way. */
static size_t growth_of_old(const struct ter_collector *collector)
{
    size_t growth = ter_max(collector->old_bytes / 2, LEAST_GROWTH);

    if (collector->arena.accounting.limit_bytes != collector->trigger.max_bytes)
        return growth;
    return ter_max(growth, room_beside_old(collector) / GROWTH_IN_ROOM);
}

size_t ter_young_expected(const struct ter_collector *collector)
{
    /* It may be less for a while, where pauses were long. */
    return growth_of_old(collector) + 2 * ter_max(collector->nursery.bytes, TER_NURSERY_USUAL);
}

/* Does the program hold collections, and says how much it allocates between two of all objects? */
static bool is_paced(const struct ter_collector *collector)
{
    return collector->trigger.disabled != 0 && collector->held_room != 0;
}

/* That is allocated between two collections of all objects, if there are no others. */
static size_t room_of_all(const struct ter_collector *collector)
{
    return is_paced(collector) ? collector->held_room : room_beside_old(collector);
}

/* Whoever fixed how much is young, or collects by hand and says no more, wants young objects. */
static bool is_worth_it(struct ter_collector *collector, size_t before)
{
    const struct ter_worth_case now = {
        .live = collector->old_bytes,
        .growth = growth_of_old(collector),
        .room = room_of_all(collector),
    };
    const struct ter_worth_sample sample = {
        .allocated = collector->collection->allocated_bytes,
        .survived = collector->live_bytes - ter_min(collector->live_bytes, before),
        .logged = collector->words_logged,
    };

    if (collector->nursery.fixed || (collector->trigger.disabled != 0 && !is_paced(collector)))
        return true;
    if (collector->minor)
        ter_worth_learn(&collector->worth, &now, &sample);
    else
        ter_worth_try_again(&collector->worth);
    return collector->worth.is_there;
}

void ter_young_decide(struct ter_collector *collector)
{
    const struct ter_live *live = &collector->trigger.live;
    size_t before = collector->live_bytes;
    size_t most = collector->old_bytes + growth_of_old(collector);

    if (!collector->ages)
        return;
    collector->live_bytes = live->scanned_bytes + live->atomic_bytes;
    if (!collector->minor)
        collector->old_bytes = collector->live_bytes;
    collector->arena.fills_up = !is_worth_it(collector, before) || has_little_room(collector);
    collector->next_is_whole =
        collector->arena.fills_up || (collector->minor && collector->live_bytes > most);
    ter_barrier_rest(&collector->allocator, collector->arena.fills_up);
}

void ter_young_learn(struct ter_collector *collector, const struct ter_collection *collection,
                     size_t before)
{
    size_t after = collection->live.scanned_bytes + collection->live.atomic_bytes;

    if (collection->young)
        ter_nursery_learn(&collector->nursery, collection->allocated_bytes,
                          after - ter_min(after, before), collection->pause_ns);
}
