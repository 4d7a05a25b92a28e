/* SPDX-License-Identifier: MIT */
#include "cycle/drain.h"

/* What is larger waits for the drain, which scans so much at once (trace/loop.h). */
#define SCANNED_AT_ONCE TER_KIB(64)

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

void ter_collector_scan(struct ter_collector *collector, uintptr_t object, size_t bytes,
                        const struct ter_kind *kind)
{
    unsigned number = kind_number(collector, kind);

    if (bytes > SCANNED_AT_ONCE)
        ter_tracer_enqueue(&collector->tracer, object, bytes, number);
    else
        ter_tracer_contents(&collector->tracer, object, bytes, number);
}

static void scan_at_once(struct ter_collector *collector, uintptr_t first, uintptr_t end)
{
    for (; first < end; first += sizeof(uintptr_t))
        collector->tracer.loop->slot(&collector->tracer, ter_slot_at(first));
}

/* From the one that `first` lies in on: an entry may say of a large object only its rest. */
static void scan_elements_later(struct ter_collector *collector, uintptr_t object, uintptr_t first,
                                uintptr_t end, const struct ter_kind *kind)
{
    size_t element = kind->layout->element_bytes;
    uintptr_t elements = object + kind->layout->header_bytes, start, granule;

    scan_at_once(collector, first, ter_min(end, elements));
    if (end <= elements)
        return;
    start = first <= elements ? elements : first - (first - elements) % element;
    end = ter_min(end + element, object + ter_collector_object_bytes(collector, object));
    granule = ter_align_down(start, TER_BYTES_IN_GRANULE);
    ter_tracer_enqueue(&collector->tracer, start | TER_ENTRY_ELEMENTS,
                       ter_align_up(end, TER_BYTES_IN_GRANULE) - granule,
                       kind_number(collector, kind));
}

void ter_collector_scan_slots(struct ter_collector *collector, uintptr_t first, uintptr_t end)
{
    uintptr_t object;
    const struct ter_kind *kind;

    if (end - first <= SCANNED_AT_ONCE) {
        scan_at_once(collector, first, end);
        return;
    }
    object = ter_collector_find_interior(collector, first).bits;
    kind = &collector->allocator.kinds[ter_collector_object_kind(collector, object)];
    if (kind->scan == TER_SCAN_LAYOUT && kind->layout->element_bytes != 0)
        scan_elements_later(collector, object, first, end, kind);
    else
        scan_at_once(collector, first, end);
}

static void mark_uncollectable(void *context, uintptr_t object, size_t bytes,
                               const struct ter_kind *kind)
{
    struct ter_collector *collector = context;

    if (!kind->uncollectable)
        return;
    ter_collector_set_mark(collector, object, true);
    ter_collector_scan(collector, object, bytes, kind);
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
