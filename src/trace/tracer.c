/* SPDX-License-Identifier: MIT */
#include "trace/trace.h"

/* What counts until somebody registers more. */
static const uint8_t first_byte_only[TER_MAX_DISPLACEMENT] = {1};

/* An object that a function of a space was asked for is reached like an exact reference. */
static ter_object trace_object(struct ter_trace *trace, ter_object object)
{
    struct ter_tracer *tracer = ter_tracer_of(trace);

    return tracer->loop->object(tracer, object);
}

ter_status ter_tracer_init(struct ter_tracer *tracer, const struct ter_arena *arena,
                           const struct ter_kind *kinds, const struct ter_loop *loop)
{
    *tracer = (struct ter_tracer){.trace = {trace_object},
                                  .loop = loop,
                                  .arena = arena,
                                  .kinds = kinds,
                                  .any_byte = true,
                                  .displacements = first_byte_only};
    return ter_mark_stack_init(&tracer->stack);
}

void ter_tracer_fini(struct ter_tracer *tracer)
{
    ter_mark_stack_fini(&tracer->stack);
}

void ter_tracer_add_range(struct ter_tracer *tracer, const struct ter_range *range)
{
    TER_CHECK(tracer->range_count < TER_TRACER_MAX_RANGES);
    tracer->ranges[tracer->range_count++] = range;
}

static size_t mapped_bytes(const struct ter_range *range)
{
    return atomic_load_explicit(&range->mapped_bytes, memory_order_acquire);
}

/* The hull of all mapped parts: what lies outside it refers to nothing. */
static void measure_hull(struct ter_tracer *tracer)
{
    const struct ter_foreign *foreign = &tracer->arena->foreign;
    uintptr_t low = UINTPTR_MAX, high = 0;

    for (size_t i = 0; i < tracer->range_count; i++) {
        const struct ter_range *range = tracer->ranges[i];
        size_t mapped = mapped_bytes(range);

        if (mapped == 0)
            continue;
        low = ter_min(low, range->start);
        high = ter_max(high, range->start + mapped);
    }
    if (foreign->high != 0) {
        low = ter_min(low, foreign->low);
        high = ter_max(high, foreign->high);
    }
    tracer->low = low;
    tracer->span = high > low ? high - low : 0;
}

void ter_tracer_begin(struct ter_tracer *tracer)
{
    bool has_first = tracer->range_count > 0 && !tracer->ranges[0]->shared;

    measure_hull(tracer);
    tracer->first = has_first ? tracer->ranges[0]->start : 0;
    tracer->first_span = has_first ? mapped_bytes(tracer->ranges[0]) : 0;
    tracer->marking = TER_MARKING_ALONE;
    tracer->marks = tracer->arena->side.tables[TER_SIDE_MARK].bias;
    tracer->others_marks = 0;
    TER_CHECK(tracer->stack.count == tracer->stack.bottom);
    tracer->stack.overflowed = false;
}

void ter_tracer_enqueue(struct ter_tracer *tracer, uintptr_t object, size_t bytes, unsigned kind)
{
    bytes = ter_align_up(bytes, TER_BYTES_IN_GRANULE);
    ter_mark_stack_push(&tracer->stack, object, bytes, kind);
}
