/* SPDX-License-Identifier: MIT */
#include "cycle/root_steps.h"

#include "cycle/drain.h"
#include "cycle/pinning.h"
#include "cycle/young.h"

/* Who goes through the roots, and where it is. */
struct root_visit {
    struct ter_collector *collector;
    struct ter_tracer *tracer; /* is given the words */
    uintptr_t own_stack;
    struct ter_root_place *place; /* NULL: nobody wants to know */
};

typedef void root_step(const struct root_visit *visit);

static void say(const struct root_visit *visit, enum ter_reference_place form)
{
    ter_root_place_set(visit->place, form);
}

static void mark_stack(void *context, uintptr_t start, uintptr_t end)
{
    ter_tracer_stack(context, start, end);
}

static void mark_data(void *context, uintptr_t start, uintptr_t end)
{
    ter_tracer_data(context, start, end);
}

/* ---- Static roots ---- */

static void mark_static_range(void *context, uintptr_t start, uintptr_t end)
{
    const struct root_visit *visit = context;

    ter_roots_visit_range(&visit->collector->roots, start, end, mark_data, visit->tracer);
}

static void data_segments_and_ranges(const struct root_visit *visit)
{
    say(visit, TER_IN_STATIC);
    ter_roots_visit(&visit->collector->roots, mark_data, visit->tracer);
}

static void memory_of_spaces(const struct root_visit *visit)
{
    say(visit, TER_IN_RANGE);
    for (unsigned i = 0; i < visit->collector->space_count; i++) {
        const struct ter_space *space = visit->collector->spaces[i].space;

        if (space->policy->visit_roots != NULL)
            space->policy->visit_roots(space, mark_static_range, (void *)visit);
    }
}

static void mark_own_block(void *context, const struct ter_os_segment *segment)
{
    mark_static_range(context, ter_align_up(segment->start, sizeof(uintptr_t)),
                      ter_align_down(segment->end, sizeof(uintptr_t)));
}

static void thread_data(const struct root_visit *visit)
{
    struct ter_collector *collector = visit->collector;

    if (collector->roots.exact.no_stacks)
        return;
    say(visit, TER_IN_THREAD_DATA);
    ter_world_visit_thread_data(&collector->allocator, &collector->roots.modules, mark_data,
                                visit->tracer);
    /* The loader tells a thread at least of its own, also of libraries that came later. */
    if (!ter_os_knows_thread_data())
        ter_os_for_each_tls_block(mark_own_block, (void *)visit);
}

/* ---- Others ---- */

/* Before the stacks: it may say where those begin. */
static void what_callbacks_add(const struct root_visit *visit)
{
    struct ter_passage passage = {.phase = TER_PHASE_ROOTS,
                                  .collector = visit->collector,
                                  .collection = visit->collector->collection};

    ter_callbacks_passed(visit->collector->callbacks, &passage);
}

static void stacks(const struct root_visit *visit)
{
    if (visit->collector->roots.exact.no_stacks)
        return;
    say(visit, TER_IN_STACK);
    ter_world_visit_stacks(&visit->collector->allocator, visit->own_stack, mark_stack,
                           visit->tracer);
}

/* Words that pin and slots of the program's, in the pass that takes the one or the other. */
static void visit_reported(const struct root_visit *looking, enum ter_root_pass pass)
{
    const struct ter_collector *collector = looking->collector;
    const struct ter_exact_roots *exact = &collector->roots.exact;
    struct ter_root_visit visit = {looking->tracer, pass, exact->tags, looking->place};

    say(looking, TER_IN_FRAME);
    ter_world_visit_frames(&collector->allocator, &visit);
    say(looking, TER_IN_SLOTS);
    ter_slot_ranges_visit(&exact->slots, &visit);
    say(looking, TER_IN_VISITOR);
    ter_world_call_visitors(&collector->allocator, &visit);
    ter_roots_visitors_call(&exact->visitors, &visit);
}

static void reported_words_that_pin(const struct root_visit *visit)
{
    if (visit->tracer->loop->moves)
        visit_reported(visit, TER_PASS_PINNING);
}

static void reported_slots(const struct root_visit *visit)
{
    visit_reported(visit, visit->tracer->loop->moves ? TER_PASS_EXACT : TER_PASS_ALL);
}

static void trace_exact_slot(void *context, ter_slot slot)
{
    struct ter_tracer *worker = context;

    worker->loop->slot(worker, slot);
}

/* Behind all ambiguous roots: what those lead to must not move, which has to be known before. */
static void exact_slots(const struct root_visit *visit)
{
    say(visit, TER_IN_VISITOR);
    ter_exact_roots_visit(&visit->collector->roots.exact, trace_exact_slot, visit->tracer);
}

static void pinned_objects(const struct root_visit *visit)
{
    ter_pins_reach(&visit->collector->pins, visit->collector->minor, visit->tracer);
}

/*
 * Dead ones too, since a finalizer may bring them back. The last step before anything moves, if it
 * does while it is reached.
 */
static void objects_that_pin(const struct root_visit *visit)
{
    if (!visit->tracer->loop->moves)
        return;
    ter_collector_pin_from_objects(visit->collector);
    if (visit->collector->minor)
        ter_young_pin_from_logged(visit->collector);
}

/* They are old: of those in which something young may be, the stores were logged. */
static void uncollectable_objects(const struct root_visit *visit)
{
    if (visit->collector->minor)
        ter_young_reach_logged(visit->collector);
    else
        ter_collector_mark_uncollectable(visit->collector);
}

/* ---- Where nothing is to be marked ---- */

static void see_uncollectable(void *context, uintptr_t object, size_t bytes,
                              const struct ter_kind *kind)
{
    (void)bytes;
    if (kind->uncollectable)
        ter_tracer_word(context, object);
}

static void seen_uncollectable_objects(const struct root_visit *visit)
{
    say(visit, TER_IN_UNCOLLECTABLE);
    ter_collector_visit_objects(visit->collector, see_uncollectable, visit->tracer);
}

static void seen_pinned_objects(const struct root_visit *visit)
{
    say(visit, TER_IN_PIN);
    ter_pins_visit(&visit->collector->pins, visit->tracer);
}

static void seen_finalizers(const struct root_visit *visit)
{
    say(visit, TER_IN_FINALIZER);
    ter_finalizers_visit(&visit->collector->finalizers, visit->tracer);
}

static void seen_guardians(const struct root_visit *visit)
{
    say(visit, TER_IN_GUARDIAN);
    ter_guardians_visit(&visit->collector->guardians, visit->tracer);
}

/* ---- The lists ---- */

static root_step *const static_steps[] = {data_segments_and_ranges, memory_of_spaces, thread_data};
static root_step *const other_steps[] = {
    what_callbacks_add,    stacks,      pinned_objects, reported_words_that_pin, objects_that_pin,
    uncollectable_objects, exact_slots, reported_slots};

/* What moves when all is reached is not pinned any more; its slots are told where it is. */
static root_step *const updated_steps[] = {exact_slots, reported_slots};

/* Those that say most of a reference first. */
static root_step *const looked_at_steps[] = {
    reported_slots,  exact_slots,    seen_pinned_objects, seen_uncollectable_objects,
    seen_finalizers, seen_guardians, memory_of_spaces,    data_segments_and_ranges,
    thread_data,     stacks};

static void take_steps(root_step *const *steps, size_t count, const struct root_visit *visit)
{
    for (size_t i = 0; i < count; i++)
        steps[i](visit);
}

bool ter_root_steps_refresh(struct ter_collector *collector)
{
    if (ter_roots_refresh(&collector->roots) == TER_OK)
        return true;
    ter_log(TER_LOG_WARNING, "no memory for the list of data segments: no collection now");
    return false;
}

void ter_root_steps_static(struct ter_collector *collector)
{
    struct root_visit visit = {collector, &collector->tracer, 0, NULL};

    take_steps(static_steps, TER_ARRAY_LENGTH(static_steps), &visit);
}

void ter_root_steps_other(struct ter_collector *collector, uintptr_t own_stack)
{
    struct root_visit visit = {collector, &collector->tracer, own_stack, NULL};

    take_steps(other_steps, TER_ARRAY_LENGTH(other_steps), &visit);
}

void ter_root_steps_update(struct ter_collector *collector)
{
    struct root_visit visit = {collector, &collector->tracer, 0, NULL};

    take_steps(updated_steps, TER_ARRAY_LENGTH(updated_steps), &visit);
}

void ter_root_steps_look(struct ter_collector *collector, uintptr_t own_stack,
                         struct ter_tracer *tracer, struct ter_root_place *place)
{
    struct root_visit visit = {collector, tracer, own_stack, place};

    take_steps(looked_at_steps, TER_ARRAY_LENGTH(looked_at_steps), &visit);
}
