/* SPDX-License-Identifier: MIT */
#include "cycle/gate.h"

#include "cycle/collect.h"
#include "cycle/young.h"

/*
 * Where the lock is left out, callbacks may allocate; a collection in one would be another inside
 * it.
 */
static bool in_callback(const struct ter_collector *collector)
{
    return collector->collecting || collector->allocator.visiting;
}

/*
 * A collection may help, unless nothing was allocated since the last one. Then the request fails;
 * the next one collects again, since the program may have let go of something meanwhile.
 */
static enum ter_admission refused(void *context, size_t bytes)
{
    struct ter_collector *collector = context;

    (void)bytes;
    if (collector->plan->loop == NULL || collector->trigger.disabled != 0 ||
        collector->allocator.no_collect || in_callback(collector))
        return TER_REFUSED;
    if (ter_mutators_handed_out(&collector->allocator) == 0 && !collector->refused) {
        collector->refused = true;
        return TER_REFUSED;
    }
    collector->refused = false;
    if (!ter_collector_collect(collector, TER_REASON_MEMORY))
        return TER_REFUSED;
    /* What one space does not need, another may take. */
    ter_collector_release_memory(collector);
    return TER_RETRY;
}

/* Before the first collection nothing is known of the roots, which the interval depends on. */
static void measure_roots_once(struct ter_collector *collector)
{
    if (collector->trigger.root_bytes == 0 && ter_roots_refresh(&collector->roots) == TER_OK)
        collector->trigger.root_bytes = ter_collector_root_bytes(collector);
}

static bool is_due(struct ter_collector *collector)
{
    if (collector->plan->loop == NULL)
        return false;
    measure_roots_once(collector);
    return !in_callback(collector) && ter_trigger_is_due(&collector->trigger, &collector->allocator,
                                                         ter_callbacks_due(collector->callbacks));
}

/* Idle memory of one space gives way to what another takes. */
static enum ter_admission admitted(struct ter_collector *collector)
{
    size_t excess = ter_trim_excess(&collector->arena.accounting);

    if (TER_UNLIKELY(excess != 0) && collector->trim.enabled)
        ter_spaces_trim(collector, excess);
    return TER_ADMITTED;
}

/* The heap is at its maximum. */
static enum ter_admission make_do_with_larger(struct ter_collector *collector, size_t bytes)
{
    if (collector->plan->loop == NULL)
        return TER_REFUSED;
    collector->allocator.make_do_bytes =
        ter_trigger_missing(&collector->trigger, &collector->allocator);
    return collector->allocator.make_do_bytes != 0 ? TER_CROWDED : refused(collector, bytes);
}

/*
 * What is kept free for copies is given out rather than that a collection comes too soon, or memory
 * is out: what finds no room then stays where it is.
 */
static bool may_take_reserve(const struct ter_collector *collector)
{
    return ter_trigger_missing(&collector->trigger, &collector->allocator) != 0;
}

static bool takes_reserve(struct ter_collector *collector, size_t bytes, size_t with_reserve)
{
    struct ter_accounting *accounting = &collector->arena.accounting;

    return with_reserve != bytes && may_take_reserve(collector) &&
           (ter_accounting_has_room(accounting, bytes) ||
            ter_trigger_grow(&collector->trigger, &collector->allocator, accounting, bytes));
}

static bool grow_limit(struct ter_collector *collector, size_t bytes, size_t with_reserve)
{
    return ter_trigger_grow(&collector->trigger, &collector->allocator,
                            &collector->arena.accounting, with_reserve) ||
           takes_reserve(collector, bytes, with_reserve);
}

/* There is room, but so much is young that they are collected now. */
static bool collects_young(struct ter_collector *collector)
{
    return ter_young_is_due(collector) && collector->trigger.disabled == 0 &&
           !collector->allocator.no_collect && !in_callback(collector) &&
           ter_collector_collect(collector, TER_REASON_ALLOCATION);
}

static enum ter_admission admit(void *context, size_t bytes)
{
    struct ter_collector *collector = context;
    struct ter_accounting *accounting = &collector->arena.accounting;
    size_t with_reserve = bytes + ter_spaces_reserve(collector);

    if (TER_UNLIKELY(collects_young(collector)))
        return TER_RETRY;
    if (ter_accounting_has_room(accounting, with_reserve))
        return admitted(collector);
    /* No collection makes room for this. */
    if (collector->trigger.max_bytes != 0 && bytes > collector->trigger.max_bytes)
        return TER_REFUSED;
    if (is_due(collector)) {
        if (collector->allocator.no_collect)
            return TER_REFUSED;
        if (ter_collector_collect(collector, TER_REASON_ALLOCATION))
            return TER_RETRY;
    }
    if (!grow_limit(collector, bytes, with_reserve))
        return make_do_with_larger(collector, bytes);
    ter_callbacks_resized(collector->callbacks, accounting->limit_bytes);
    return admitted(collector);
}

static void stress(void *context)
{
    struct ter_collector *collector = context;

    if (collector->trigger.disabled == 0 && !in_callback(collector))
        ter_collector_collect(collector, TER_REASON_STRESS);
}

/* A plan that never collects is not asked again. */
static void pressed(void *context)
{
    struct ter_collector *collector = context;

    if (collector->plan->loop == NULL)
        atomic_store_explicit(&collector->allocator.pressed, false, memory_order_relaxed);
    else if (collector->trigger.disabled == 0 && !in_callback(collector))
        ter_collector_collect(collector, TER_REASON_ALLOCATION);
}

void ter_gate_init(struct ter_collector *collector)
{
    collector->allocator.gate = (struct ter_gate){.admit = admit,
                                                  .refused = refused,
                                                  .stress = stress,
                                                  .pressed = pressed,
                                                  .context = collector};
}
