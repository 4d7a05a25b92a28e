/* SPDX-License-Identifier: MIT */
#include "cycle/drain.h"

static unsigned kind_number(const struct ter_collector *collector, const struct ter_kind *kind)
{
    return (unsigned)(kind - collector->allocator.kinds);
}

static void scan_marked(void *context, uintptr_t object, size_t bytes, const struct ter_kind *kind)
{
    struct ter_collector *collector = context;

    if (!ter_collector_is_marked(collector, object))
        return;
    ter_tracer_contents(&collector->tracer, object, bytes, kind_number(collector, kind));
    ter_tracer_drain(&collector->tracer);
}

/*
 * When the stack lost entries for want of memory, every marked object is scanned again, until a
 * whole pass loses none: each pass marks at least one more, so this ends.
 */
void ter_collector_drain(struct ter_collector *collector)
{
    ter_workers_drain(&collector->workers, &collector->tracer);
    while (collector->tracer.stack.overflowed) {
        collector->tracer.stack.overflowed = false;
        ter_collector_visit_objects(collector, scan_marked, collector);
    }
}

uintptr_t ter_collector_reach(struct ter_collector *collector, uintptr_t word)
{
    struct ter_tracer *tracer = &collector->tracer;
    uintptr_t object;

    word = ter_collector_now_at(collector, word);
    object = ter_collector_find_interior(collector, word).bits;
    if (object == 0 || !ter_plan_moves(collector->plan))
        ter_tracer_word(tracer, word);
    else
        word += tracer->loop->object(tracer, ter_object_at(object)).bits - object;
    ter_collector_drain(collector);
    return word;
}

static void mark_uncollectable(void *context, uintptr_t object, size_t bytes,
                               const struct ter_kind *kind)
{
    struct ter_collector *collector = context;

    if (!kind->uncollectable)
        return;
    ter_collector_set_mark(collector, object, true);
    ter_tracer_contents(&collector->tracer, object, bytes, kind_number(collector, kind));
}

/* Where only collectable kinds are served nobody need look. */
static bool may_hold_uncollectable(const struct ter_collector_space *entry)
{
    const unsigned elsewhere = TER_SERVES_SMALL | TER_SERVES_FIXED;
    const struct ter_space *space = entry->space;

    return (entry->serves == 0 || (entry->serves & ~elsewhere) != 0) &&
           (space->policy->has_uncollectable == NULL || space->policy->has_uncollectable(space));
}

void ter_collector_mark_uncollectable(struct ter_collector *collector)
{
    for (unsigned i = 0; i < collector->space_count; i++) {
        const struct ter_collector_space *entry = &collector->spaces[i];

        if (may_hold_uncollectable(entry))
            entry->space->policy->for_each(entry->space, mark_uncollectable, collector);
    }
}
