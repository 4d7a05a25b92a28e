/* SPDX-License-Identifier: MIT */
/*
 * For plans whose small objects are in a space that copies: what lies beside that, and the parts of
 * the loop that do not depend on which blocks are left.
 *
 * The loop knows objects that move, where most references lead, blocks of cells, large objects, and
 * objects outside of the layout's range. With several workers, who clears an object's bit moves it.
 */
#pragma once

#include "plan/plan.h"

/* Where most references lead: first. */
#define TER_COPYING_SPACES                                                                         \
    {&ter_policy_copy, TER_SERVES_SMALL}, {&ter_policy_mark_sweep, TER_SERVES_FIXED},              \
        {&ter_policy_immortal, TER_SERVES_UNCOLLECTABLE}, {&ter_policy_large, TER_SERVES_LARGE},

struct copying_tracing {
    struct ter_copy_tracing copies;
    struct ter_block_tracing cells;
};

TER_INLINE void copying_begin(struct copying_tracing *tracing, const struct ter_tracer *tracer)
{
    ter_copy_tracing_begin(&tracing->copies, tracer);
    ter_block_tracing_begin(&tracing->cells, tracer);
}

/* What stays is less often asked for: it is out of the way of what moves. */
static TER_NOINLINE bool copying_trace_what_stays(struct ter_scanning *scanning,
                                                  const struct copying_tracing *tracing,
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

/* Room for copies: what the heap may have and has not, also beside the other heaps. */
TER_INLINE size_t copying_room(const struct ter_collector *collector)
{
    size_t used =
        atomic_load_explicit(&collector->arena.accounting.used_bytes, memory_order_relaxed);
    size_t most = collector->trigger.max_bytes;

    return ter_min(most == 0 ? SIZE_MAX : most - ter_min(most, used),
                   collector->pacing.copy_room_bytes);
}

/* The same, of what it may have now: copies are no reason to grow. */
TER_INLINE size_t copying_room_without_growth(const struct ter_collector *collector)
{
    const struct ter_accounting *accounting = &collector->arena.accounting;
    size_t used = atomic_load_explicit(&accounting->used_bytes, memory_order_relaxed);
    size_t limit = accounting->limit_bytes;

    return ter_min(copying_room(collector), limit - ter_min(limit, used));
}

/* A word in the space that copies. `in_place`, a constant: some of its blocks are not left. */
TER_INLINE uintptr_t copying_trace_small(struct ter_scanning *scanning,
                                         const struct copying_tracing *tracing, uintptr_t word,
                                         enum ter_word_form form, enum ter_marking marking,
                                         bool in_place)
{
    if (in_place)
        return ter_copy_trace_or_mark(scanning, &tracing->copies, word, form, marking);
    return ter_copy_trace(scanning, &tracing->copies, word, form, marking);
}

/* A word in any space of the plan's, or malloc's or the program's; false: it is in none. */
TER_INLINE bool copying_trace(struct ter_scanning *scanning, const struct copying_tracing *tracing,
                              const struct ter_sft *sft, uintptr_t *word, enum ter_word_form form,
                              enum ter_marking marking, bool in_place)
{
    if (TER_UNLIKELY(sft->kind != TER_SPACE_COPY))
        return copying_trace_what_stays(scanning, tracing, sft, *word, form, marking);
    if (ter_range_covers(&ter_space_of(sft)->range, *word))
        *word = copying_trace_small(scanning, tracing, *word, form, marking, in_place);
    return true;
}

TER_INLINE struct ter_copy_space *copying_space(const struct ter_collector *collector)
{
    return ter_copy_space_of(collector->spaces[0].space);
}

/* Copies may take so many bytes of blocks. */
TER_INLINE void copying_begin_copies(struct ter_collector *collector, size_t room)
{
    collector->tracer.context = copying_space(collector)->copiers;
    ter_copy_begin(copying_space(collector), room);
}

TER_INLINE void copying_prepare(struct ter_collector *collector, size_t room)
{
    ter_spaces_prepare(collector);
    copying_begin_copies(collector, room);
}

/* The same before a collection of young objects alone. */
TER_INLINE void copying_prepare_young(struct ter_collector *collector)
{
    ter_spaces_prepare_young(collector);
    copying_begin_copies(collector, copying_room(collector));
}
