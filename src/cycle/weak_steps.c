/* SPDX-License-Identifier: MIT */
#include "cycle/weak_steps.h"

#include "cycle/drain.h"
#include "cycle/kind_finalizers.h"

/*
 * What was freed by hand is no object any more and so is not reached, whatever its mark says. Where
 * none ever lay the word is as good as any outside the heap.
 */
bool ter_collector_is_reached(const struct ter_collector *collector, uintptr_t object)
{
    const struct ter_space *space;
    ter_object base;

    object = ter_collector_now_at(collector, object);
    space = ter_collector_space(collector, object);
    base = ter_collector_find_interior(collector, object);
    if (ter_object_is_none(base))
        return !space->policy->is_gone(space, object);
    return ter_collector_is_marked(collector, base.bits);
}

static bool is_reached(void *context, uintptr_t object)
{
    return ter_collector_is_reached(context, object);
}

static uintptr_t reach_object(void *context, uintptr_t object)
{
    struct ter_collector *collector = context;

    collector->ephemerons.stale = true;
    return ter_collector_reach(collector, object);
}

static void drain(void *context)
{
    ter_collector_drain(context);
}

static uintptr_t now_at(void *context, uintptr_t address)
{
    return ter_collector_now_at(context, address);
}

/*
 * The object whose children are to be reached; 0: there is none. It must be whole while it is
 * scanned, so it does not move then, whatever leads back to it.
 */
static uintptr_t hold_parent(struct ter_collector *collector, uintptr_t object)
{
    object = ter_collector_now_at(collector, object);
    if (!ter_collector_is_object(collector, object))
        return 0;
    ter_collector_hold(collector, object);
    return object;
}

static void reach_children(void *context, uintptr_t object)
{
    struct ter_collector *collector = context;

    object = hold_parent(collector, object);
    if (object == 0)
        return;
    collector->ephemerons.stale = true;
    ter_tracer_contents(&collector->tracer, object, ter_collector_object_bytes(collector, object),
                        ter_collector_object_kind(collector, object));
    ter_collector_drain(collector);
}

/*
 * With its mark set meanwhile, references back to the object lead nowhere. All of the object is
 * read now, also a large one: only references that lie in it are ignored, not ones further on.
 */
static void reach_children_but_self(void *context, uintptr_t object)
{
    struct ter_collector *collector = context;
    unsigned kind;
    size_t bytes;

    object = hold_parent(collector, object);
    if (object == 0)
        return;
    collector->ephemerons.stale = true;
    kind = ter_collector_object_kind(collector, object);
    bytes = ter_collector_object_bytes(collector, object);
    ter_collector_set_mark(collector, object, true);
    if (collector->allocator.kinds[kind].scan == TER_SCAN_AMBIGUOUS)
        ter_tracer_data(&collector->tracer, object, object + bytes);
    else
        ter_tracer_contents(&collector->tracer, object, bytes, kind);
    ter_collector_set_mark(collector, object, false);
    ter_collector_drain(collector);
}

static uintptr_t base_of(void *context, uintptr_t address)
{
    return ter_collector_find_interior(context, ter_collector_now_at(context, address)).bits;
}

static void settle(void *context);

/*
 * In a collection of young objects. What was freed by hand meanwhile is not reached though it may
 * be old, and another may lie there soon: so then all is looked at.
 */
static bool only_recent(const struct ter_collector *collector)
{
    return collector->minor && ter_mutators_freed(&collector->allocator) == 0;
}

static struct ter_reach reach_of(struct ter_collector *collector)
{
    return (struct ter_reach){.is_reached = is_reached,
                              .reach = reach_object,
                              .recent = only_recent(collector),
                              .moves = collector->tracer.loop->moves,
                              .now_at = now_at,
                              .settle = settle,
                              .drain = drain,
                              .reach_children = reach_children,
                              .reach_children_but_self = reach_children_but_self,
                              .context = collector};
}

static void settle(void *context)
{
    struct ter_collector *collector = context;
    struct ter_reach way = reach_of(collector);

    ter_ephemerons_settle(&collector->ephemerons, &collector->tracer, &way);
}

/* ---- What the program does itself ---- */

struct ter_weak_step {
    struct ter_collector *collector;
};

bool ter_weak_is_reached(const struct ter_weak_step *step, const void *object)
{
    const struct ter_space *space = ter_collector_space(step->collector, (uintptr_t)object);

    if (TER_LIKELY(!space->policy->moves))
        return space->policy->is_marked(space, (uintptr_t)object);
    return ter_collector_is_marked(step->collector,
                                   space->policy->now_at(space, (uintptr_t)object));
}

/* As most policies say it, without asking them. */
static bool was_reached(const struct ter_weak_step *step, const void *object)
{
    const struct ter_space *space = ter_collector_space(step->collector, (uintptr_t)object);

    if (TER_LIKELY(space->policy->is_marked == ter_space_is_marked && !space->policy->moves))
        return ter_bits_test(ter_space_table(space, TER_SIDE_MARK), (uintptr_t)object);
    return ter_weak_is_reached(step, object);
}

uint64_t ter_weak_are_reached(const struct ter_weak_step *step, const void *const *objects,
                              size_t count)
{
    const struct ter_side_table *marks = &step->collector->arena.side.tables[TER_SIDE_MARK];
    uint64_t reached = 0;

    TER_REQUIRE(count <= TER_WEAK_MOST, "ter_weak_are_reached: %zu objects are too many", count);
    for (size_t i = 0; i < count; i++)
        __builtin_prefetch(ter_bits_word(marks, (uintptr_t)objects[i]));
    for (size_t i = 0; i < count; i++)
        reached |= (uint64_t)was_reached(step, objects[i]) << i;
    return reached;
}

void *ter_weak_reach(struct ter_weak_step *step, void *object)
{
    struct ter_tracer *tracer = &step->collector->tracer;

    step->collector->ephemerons.stale = true;
    return (void *)tracer->loop->object(tracer, ter_object_at((uintptr_t)object)).bits;
}

void ter_weak_settle(struct ter_weak_step *step)
{
    ter_collector_drain(step->collector);
    settle(step->collector);
}

static void call_program(struct ter_collector *collector)
{
    struct ter_weak_step step = {collector};

    if (collector->weak_function == NULL)
        return;
    collector->weak_function(collector->weak_context, &step);
    ter_weak_settle(&step);
}

void ter_weak_steps_reach(struct ter_collector *collector)
{
    struct ter_reach way = reach_of(collector);

    ter_finalizers_reach(&collector->finalizers, &way);
    ter_guardians_reach(&collector->guardians, &way);
}

/* From here on nothing is young. */
static void settle_tables(struct ter_collector *collector)
{
    ter_weak_table_settle(&collector->short_links.table);
    ter_weak_table_settle(&collector->long_links.table);
    ter_weak_table_settle(&collector->identities.table);
    ter_weak_table_settle(&collector->had_finalizer);
    ter_weak_table_settle(&collector->pins.table);
    if (collector->followed != NULL)
        ter_weak_table_settle(&collector->followed->table);
    ter_finalizers_settle(&collector->finalizers);
}

void ter_weak_steps_watch(struct ter_collector *collector)
{
    ter_weak_table_watch(&collector->short_links.table);
    ter_weak_table_watch(&collector->long_links.table);
    ter_weak_table_watch(&collector->identities.table);
    ter_weak_table_watch(&collector->had_finalizer);
    ter_weak_table_watch(&collector->pins.table);
    ter_weak_table_watch(&collector->finalizers.waiting);
}

static void renew_bounds(struct ter_collector *collector)
{
    struct ter_finalizers *finalizers = &collector->finalizers;
    struct ter_links *short_links = &collector->short_links, *long_links = &collector->long_links;

    ter_weak_bound_renew(&finalizers->bound, finalizers->waiting.count);
    ter_weak_bound_renew(&short_links->bound, short_links->table.count);
    ter_weak_bound_renew(&long_links->bound, long_links->table.count);
    ter_guardians_renew_bounds(&collector->guardians);
}

void ter_weak_steps_process(struct ter_collector *collector)
{
    struct ter_passage passage = {
        .phase = TER_PHASE_REACHED, .collector = collector, .collection = collector->collection};
    struct ter_reach way = reach_of(collector);

    settle(collector);
    call_program(collector);
    ter_ephemerons_clear_weak(&collector->ephemerons, &way);
    ter_links_clear_unreached(&collector->short_links, &way);
    ter_guardians_process(&collector->guardians, &way);
    ter_kind_finalizers_find(collector, &way);
    ter_finalizers_process(&collector->finalizers, &way);
    ter_links_clear_unreached(&collector->long_links, &way);
    ter_callbacks_passed(collector->callbacks, &passage);
    ter_links_forget_dead(&collector->short_links, &way, base_of);
    ter_links_forget_dead(&collector->long_links, &way, base_of);
    ter_identities_update(&collector->identities, &way);
    if (collector->followed != NULL)
        ter_followed_update(collector->followed, &way);
    ter_kind_finalizers_follow(collector, &way);
    ter_guardians_follow(&collector->guardians, &way);
    ter_ephemerons_finish(&collector->ephemerons, &way);
    ter_links_follow(&collector->short_links, &way);
    ter_links_follow(&collector->long_links, &way);
    settle_tables(collector);
    renew_bounds(collector);
}

/* ---- When objects move later ---- */

void ter_weak_steps_before_moving(struct ter_collector *collector)
{
    ter_links_note(&collector->short_links);
    ter_links_note(&collector->long_links);
}

void ter_weak_steps_after_moving(struct ter_collector *collector)
{
    struct ter_reach way = reach_of(collector);

    ter_finalizers_follow(&collector->finalizers, &way);
    ter_guardians_follow_all(&collector->guardians, &way);
    ter_identities_follow(&collector->identities, &way);
    if (collector->followed != NULL)
        ter_followed_follow(collector->followed, &way);
    ter_weak_table_rekey(&collector->had_finalizer, false, now_at, collector);
    ter_links_follow_noted(&collector->short_links, &way);
    ter_links_follow_noted(&collector->long_links, &way);
}
