/* SPDX-License-Identifier: MIT */
#include "cycle/gate.h"

#include "cycle/collect.h"
#include "cycle/sizer.h"
#include "cycle/young.h"

/*
 * Where the lock is left out, callbacks may allocate; a collection in one would be another inside
 * it.
 */
static bool in_callback(const struct ter_collector *collector)
{
    return collector->collecting || collector->allocator.visiting;
}

/* May there be a collection where the mutator is now? */
static bool is_allowed_now(const struct ter_collector *collector)
{
    return collector->trigger.disabled == 0 && !collector->allocator.no_collect &&
           !in_callback(collector);
}

/* In want of so many bytes. */
static bool collect_in_want(struct ter_collector *collector, size_t bytes,
                            enum ter_collection_reason reason)
{
    bool collected;

    ter_futile_ask(&collector->futile, bytes);
    collected = ter_collector_collect(collector, reason);
    ter_futile_ask(&collector->futile, 0);
    return collected;
}

/* A collection may help, unless those before did not: see futile.h. */
static enum ter_admission collect_or_fail(struct ter_collector *collector, size_t bytes)
{
    if (collector->plan->loop == NULL || !is_allowed_now(collector))
        return TER_REFUSED;
    /* After one of young objects alone the old ones may have died. */
    if (!collector->minor && !ter_futile_may_collect(&collector->futile, bytes,
                                                     ter_mutators_handed_out(&collector->allocator),
                                                     collector->arena.accounting.limit_bytes))
        return TER_REFUSED;
    if (!collect_in_want(collector, bytes, TER_REASON_MEMORY))
        return TER_REFUSED;
    /* What one space does not need, another may take. */
    ter_collector_release_memory(collector);
    return TER_RETRY;
}

static enum ter_admission refused(void *context, size_t bytes)
{
    struct ter_collector *collector = context;
    enum ter_admission admission = collect_or_fail(collector, bytes);

    if (admission == TER_REFUSED)
        ter_balance_refused(&collector->balance);
    return admission;
}

/* Before the first collection nothing is known of the roots, which the interval depends on. */
static void measure_roots_once(struct ter_collector *collector)
{
    if (collector->trigger.root_bytes == 0 && ter_roots_refresh(&collector->roots) == TER_OK)
        collector->trigger.root_bytes = ter_collector_root_bytes(collector);
}

/* After one of young objects alone that was not enough, one of all at once. */
static bool is_due_early(const struct ter_collector *collector)
{
    const struct ter_trigger *trigger = &collector->trigger;

    return ter_balance_may_collect() && (ter_trigger_is_due_early(trigger, &collector->allocator) ||
                                         (collector->minor && trigger->disabled == 0));
}

/* `early`: the soft limit of the process is in the way. *for_limit: else none would be due. */
static bool is_due(struct ter_collector *collector, bool early, bool *for_limit)
{
    const struct ter_trigger *trigger = &collector->trigger;

    if (collector->plan->loop == NULL)
        return false;
    measure_roots_once(collector);
    if (in_callback(collector))
        return false;
    if (ter_trigger_is_due(trigger, &collector->allocator, ter_callbacks_due(collector->callbacks)))
        return true;
    if (!early || !is_due_early(collector))
        return false;
    *for_limit = true;
    collector->next_is_whole = collector->next_is_whole || collector->minor;
    return true;
}

/* Idle memory of one space gives way to what another takes. */
static enum ter_admission admitted(struct ter_collector *collector)
{
    size_t excess = ter_trim_excess(&collector->trim, &collector->arena.accounting);

    if (TER_UNLIKELY(excess != 0) && collector->trim.enabled)
        ter_spaces_trim(collector, excess);
    return TER_ADMITTED;
}

/* The last collection was of young objects alone: the old ones may have died. */
static bool collects_old(struct ter_collector *collector)
{
    if (!collector->minor || !is_allowed_now(collector))
        return false;
    collector->next_is_whole = true;
    return ter_collector_collect(collector, TER_REASON_ALLOCATION);
}

/* The heap is at its maximum. */
static enum ter_admission make_do_with_larger(struct ter_collector *collector, size_t bytes)
{
    if (collector->plan->loop == NULL)
        return TER_REFUSED;
    if (collects_old(collector))
        return TER_RETRY;
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
    return ter_young_is_due(collector) && is_allowed_now(collector) &&
           ter_collector_collect(collector, TER_REASON_ALLOCATION);
}

static bool grown(struct ter_collector *collector, size_t bytes, size_t with_reserve)
{
    struct ter_accounting *accounting = &collector->arena.accounting;
    size_t limit;

    if (ter_accounting_has_room(accounting, with_reserve))
        return true;
    if (!grow_limit(collector, bytes, with_reserve))
        return false;
    ter_balance_watch(&collector->balance);
    limit = accounting->limit_bytes;
    TER_PROBE2(heap__grow, collector, limit);
    ter_callbacks_resized(collector->callbacks, limit);
    return true;
}

/* ---- The soft limit of the process ---- */

static bool balance_admits(struct ter_collector *collector, size_t bytes)
{
    struct ter_balance *balance = &collector->balance;
    size_t idle;

    if (TER_LIKELY(ter_balance_admits(balance, bytes)))
        return true;
    idle = collector->trim.enabled ? ter_balance_idle_to_give(balance, bytes) : 0;
    return idle != 0 && ter_spaces_trim(collector, idle) != 0 && ter_balance_admits(balance, bytes);
}

/* What is kept free for copies is given out here too. */
static bool is_within(struct ter_collector *collector, size_t bytes, size_t with_reserve)
{
    return balance_admits(collector, with_reserve) ||
           (with_reserve != bytes && may_take_reserve(collector) &&
            balance_admits(collector, bytes));
}

/*
 * No collection is to come now, and the soft limit gives way: for little, or, if the collector has
 * had its half of the time, for as much as the heap's own rule says.
 */
static void exceed(struct ter_collector *collector, size_t bytes)
{
    const struct ter_trigger *trigger = &collector->trigger;
    size_t more = ter_balance_may_collect() ? ter_trigger_least(trigger)
                                            : ter_trigger_until_due(trigger, &collector->allocator);

    ter_balance_exceed(&collector->balance, bytes, more);
}

/* ---- The order of it ---- */

/* A collection, room, or none: the heap is at its maximum. `within`: the soft limit. */
static enum ter_admission collect_or_grow(struct ter_collector *collector, size_t bytes,
                                          size_t with_reserve, bool within)
{
    bool for_limit = false;

    /* No collection makes room for this. */
    if (collector->trigger.max_bytes != 0 && bytes > collector->trigger.max_bytes)
        return TER_REFUSED;
    if (is_due(collector, !within, &for_limit)) {
        if (collector->allocator.no_collect)
            return TER_REFUSED;
        if (collect_in_want(collector, bytes, TER_REASON_ALLOCATION)) {
            collector->balance.collections += for_limit;
            return TER_RETRY;
        }
    }
    if (!grown(collector, bytes, with_reserve))
        return make_do_with_larger(collector, bytes);
    if (!within)
        exceed(collector, bytes);
    return admitted(collector);
}

static enum ter_admission admit(void *context, size_t bytes)
{
    struct ter_collector *collector = context;
    size_t with_reserve = bytes + ter_spaces_reserve(collector);
    bool within;

    if (TER_UNLIKELY(collects_young(collector)))
        return TER_RETRY;
    ter_sizer_keep_to_share(collector);
    within = is_within(collector, bytes, with_reserve);
    if (within && ter_accounting_has_room(&collector->arena.accounting, with_reserve))
        return admitted(collector);
    return collect_or_grow(collector, bytes, with_reserve, within);
}

static void aged(void *context)
{
    (void)collects_young(context);
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
        atomic_fetch_and_explicit(&collector->allocator.pressed, ~(unsigned)TER_PRESSED_BY_MEMORY,
                                  memory_order_relaxed);
    else if (collector->trigger.disabled == 0 && !in_callback(collector))
        ter_collector_collect(collector, TER_REASON_PRESSURE);
}

void ter_gate_init(struct ter_collector *collector)
{
    collector->allocator.gate = (struct ter_gate){.admit = admit,
                                                  .refused = refused,
                                                  .aged = aged,
                                                  .stress = stress,
                                                  .pressed = pressed,
                                                  .context = collector};
}
