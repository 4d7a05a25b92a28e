/* SPDX-License-Identifier: MIT */
/*
 * Objects that a collection reaches move to fresh blocks, one behind the other, and the blocks that
 * they left are free. What is pinned, what ambiguous words lead to, objects of kinds that never
 * move, and large objects stay.
 *
 * The loop knows objects that move, where most references lead, blocks of cells, large objects, and
 * objects outside of the layout's range. With several workers, who clears an object's bit moves it.
 */
#include "plan/plan.h"

static const struct ter_plan_space semispace_spaces[] = {
    {&ter_policy_copy, TER_SERVES_SMALL}, /* where most references lead: first */
    {&ter_policy_mark_sweep, TER_SERVES_FIXED},
    {&ter_policy_immortal, TER_SERVES_UNCOLLECTABLE},
    {&ter_policy_large, TER_SERVES_LARGE},
};

/* ---- The loop ---- */

struct semispace_tracing {
    struct ter_copy_tracing copies;
    struct ter_block_tracing cells;
};

TER_INLINE void begin_semispace(struct semispace_tracing *tracing, const struct ter_tracer *tracer)
{
    ter_copy_tracing_begin(&tracing->copies, tracer);
    ter_block_tracing_begin(&tracing->cells, tracer);
}

TER_INLINE uintptr_t trace_copy(struct ter_scanning *scanning,
                                const struct semispace_tracing *tracing, uintptr_t word,
                                enum ter_word_form form, enum ter_marking marking)
{
    return ter_copy_trace(scanning, &tracing->copies, word, form, marking);
}

/* What stays is less often asked for: it is out of the way of what moves. */
static TER_NOINLINE bool trace_what_stays(struct ter_scanning *scanning,
                                          const struct semispace_tracing *tracing,
                                          const struct ter_sft *sft, uintptr_t word,
                                          enum ter_word_form form, enum ter_marking marking)
{
    bool covers = ter_range_covers(&ter_space_of(sft)->range, word);

    if (sft->kind == TER_SPACE_MARK_SWEEP || sft->kind == TER_SPACE_IMMORTAL) {
        if (covers)
            ter_block_trace(scanning, &tracing->cells, word, form, marking);
    } else if (sft->kind == TER_SPACE_LARGE) {
        if (covers)
            ter_large_trace(scanning, word, form, marking);
    } else if (sft->kind == TER_SPACE_MALLOC || sft->kind == TER_SPACE_VM) {
        ter_foreign_space_trace(scanning, sft, word, form);
    } else {
        return false;
    }
    return true;
}

TER_INLINE bool trace_semispace(struct ter_scanning *scanning,
                                const struct semispace_tracing *tracing, const struct ter_sft *sft,
                                uintptr_t *word, enum ter_word_form form, enum ter_marking marking)
{
    if (TER_UNLIKELY(sft->kind != TER_SPACE_COPY))
        return trace_what_stays(scanning, tracing, sft, *word, form, marking);
    if (ter_range_covers(&ter_space_of(sft)->range, *word))
        *word = trace_copy(scanning, tracing, *word, form, marking);
    return true;
}

#define TER_LOOP_PLAN semispace
#define TER_LOOP_STATE struct semispace_tracing
#define TER_LOOP_BEGIN begin_semispace
#define TER_LOOP_TRACE_FIRST trace_copy
#define TER_LOOP_TRACE trace_semispace
#define TER_LOOP_MOVES 1
#define TER_LOOP_CALLS                                                                             \
    trace_what_stays ter_copy_trace_ambiguous ter_copy_trace_staying ter_copy_trace_odd            \
        ter_copy_give_up ter_copy_is_given_up ter_copy_await ter_copy_is_place_by_map              \
            ter_copy_open_block ter_copy_piece_bytes
#include "trace/loop.h"

/* Copies stay below the maximum of the heap; what finds no room does not move. */
static void prepare_semispace(struct ter_collector *collector)
{
    struct ter_copy_space *space = ter_copy_space_of(collector->spaces[0].space);
    size_t used =
        atomic_load_explicit(&collector->arena.accounting.used_bytes, memory_order_relaxed);
    size_t most = collector->trigger.max_bytes;

    ter_spaces_prepare(collector);
    collector->tracer.context = space->copiers;
    ter_copy_begin(space, most == 0 ? SIZE_MAX : most - ter_min(most, used));
}

const struct ter_plan ter_plan_semispace = {
    .spaces = semispace_spaces,
    .space_count = TER_ARRAY_LENGTH(semispace_spaces),
    .loop = &ter_semispace_loop,
    .barrier = TER_BARRIER_NONE,
    .prepare = prepare_semispace,
};
