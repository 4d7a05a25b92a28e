/* SPDX-License-Identifier: MIT */
/*
 * Who refers to an object is told where it goes, and is told once: exact roots, objects in the
 * spaces that move none, those that move as they do, and weak things. Ambiguous roots name what
 * stays.
 */
#include "cycle/move_steps.h"

#include "cycle/root_steps.h"
#include "cycle/weak_steps.h"

static void update_reached(void *context, uintptr_t object, size_t bytes,
                           const struct ter_kind *kind)
{
    struct ter_collector *collector = context;

    if ((kind->scan == TER_SCAN_LAYOUT || kind->scan == TER_SCAN_VISITOR) &&
        ter_collector_is_marked(collector, object))
        ter_tracer_contents(&collector->tracer, object, bytes,
                            (unsigned)(kind - collector->allocator.kinds));
}

static void update_what_stays(struct ter_collector *collector)
{
    ter_collector_visit_staying(collector, update_reached, collector);
}

void ter_move_steps(struct ter_collector *collector)
{
    const struct ter_plan_moving *moving = collector->plan->moving;
    struct ter_tracer *tracer = &collector->tracer;
    const struct ter_loop *loop = tracer->loop;

    tracer->loop = moving->update;
    ter_weak_steps_before_moving(collector);
    ter_root_steps_update(collector);
    update_what_stays(collector);
    moving->move(collector);
    ter_weak_steps_after_moving(collector);
    tracer->loop = loop;
}
