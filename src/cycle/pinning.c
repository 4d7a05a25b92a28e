/* SPDX-License-Identifier: MIT */
#include "cycle/pinning.h"

/* ---- The functions that a visitor calls, in a tracer that pins and reaches nothing ---- */

static void hold_word(struct ter_tracer *tracer, uintptr_t word)
{
    const struct ter_space *space;

    if (word - tracer->low >= tracer->span)
        return;
    space = ter_space_of(ter_sft_map_get(&tracer->arena->map, word));
    if (space->policy->moves && ter_range_covers(&space->range, word))
        space->policy->hold(space, word);
}

static void hold_words(struct ter_tracer *tracer, uintptr_t start, uintptr_t end, bool any_byte)
{
    (void)any_byte;
    start = ter_align_up(start, sizeof(uintptr_t));
    for (; start + sizeof(uintptr_t) <= end; start += sizeof(uintptr_t))
        hold_word(tracer, *(const uintptr_t *)start);
}

static void pass_slot(struct ter_tracer *tracer, ter_slot slot)
{
    (void)tracer, (void)slot;
}

static ter_object pass_object(struct ter_tracer *tracer, ter_object object)
{
    (void)tracer;
    return object;
}

static void hold_contents(struct ter_tracer *tracer, uintptr_t object, size_t bytes, unsigned kind)
{
    const struct ter_kind *how = &tracer->kinds[kind];

    if (how->scan == TER_SCAN_VISITOR)
        how->visitor(how->context, &tracer->trace, object, bytes);
    else
        hold_words(tracer, object, object + bytes, true);
}

static const struct ter_loop pinning_loop = {
    .moves = true,
    .word = hold_word,
    .words = hold_words,
    .slot = pass_slot,
    .object = pass_object,
    .contents = hold_contents,
};

/* ---- All of them ---- */

static void hold_from_object(void *context, uintptr_t object, size_t bytes,
                             const struct ter_kind *kind)
{
    struct ter_tracer *tracer = context;

    if (ter_kind_pins(kind))
        tracer->loop->contents(tracer, object, bytes, (unsigned)(kind - tracer->kinds));
}

static bool may_move_any(const struct ter_collector *collector)
{
    for (unsigned i = 0; i < collector->space_count; i++) {
        const struct ter_space *space = collector->spaces[i].space;

        if (space->policy->moves && space->policy->used_bytes(space) != 0)
            return true;
    }
    return false;
}

void ter_collector_pin_from_object(struct ter_collector *collector, uintptr_t object)
{
    struct ter_tracer *tracer = &collector->tracer;
    const struct ter_loop *loop = tracer->loop;

    tracer->loop = &pinning_loop;
    hold_from_object(tracer, object, ter_collector_object_bytes(collector, object),
                     &tracer->kinds[ter_collector_object_kind(collector, object)]);
    tracer->loop = loop;
}

static bool has_pinning_kinds(const struct ter_collector *collector)
{
    const struct ter_allocator *allocator = &collector->allocator;

    for (unsigned kind = 0; kind < allocator->kind_count; kind++)
        if (ter_kind_pins(&allocator->kinds[kind]))
            return true;
    return false;
}

void ter_collector_pin_from_objects(struct ter_collector *collector)
{
    struct ter_tracer *tracer = &collector->tracer;
    const struct ter_loop *loop = tracer->loop;

    if (!has_pinning_kinds(collector) || !may_move_any(collector))
        return;
    tracer->loop = &pinning_loop;
    ter_collector_visit_staying(collector, hold_from_object, tracer);
    tracer->loop = loop;
}
