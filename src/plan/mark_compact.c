/* SPDX-License-Identifier: MIT */
/*
 * What is reached is marked where it is; then small objects move together, those of each kind in
 * the order of their addresses. No room is kept for copies. What ambiguous words lead to, what is
 * pinned, objects of kinds that never move, and large objects stay.
 */
#include "plan/copying.h"

static const struct ter_plan_space mark_compact_spaces[] = {TER_COPYING_SPACES};

/* ---- The loop ---- */

TER_INLINE uintptr_t trace_sliding(struct ter_scanning *scanning,
                                   const struct copying_tracing *tracing, uintptr_t word,
                                   enum ter_word_form form, enum ter_marking marking)
{
    ter_slide_trace(scanning, &tracing->copies, word, form, marking);
    return word;
}

TER_INLINE bool trace_mark_compact(struct ter_scanning *scanning,
                                   const struct copying_tracing *tracing, const struct ter_sft *sft,
                                   const uintptr_t *word, enum ter_word_form form,
                                   enum ter_marking marking)
{
    if (TER_UNLIKELY(sft->kind != TER_SPACE_COPY))
        return copying_trace_what_stays(scanning, tracing, sft, *word, form, marking);
    if (ter_range_covers(&ter_space_of(sft)->range, *word))
        ter_slide_trace(scanning, &tracing->copies, *word, form, marking);
    return true;
}

#define TER_LOOP_PLAN mark_compact
#define TER_LOOP_STATE struct copying_tracing
#define TER_LOOP_BEGIN copying_begin
#define TER_LOOP_TRACE_FIRST trace_sliding
#define TER_LOOP_TRACE trace_mark_compact
#define TER_LOOP_MOVES 0
#define TER_LOOP_CALLS copying_trace_what_stays ter_slide_trace_ambiguous ter_copy_piece_bytes
#include "trace/loop.h"

/* ---- Steps ---- */

static void prepare_mark_compact(struct ter_collector *collector)
{
    copying_prepare(collector, 0);
    ter_slide_prepare(copying_space(collector));
}

static void lay_out_kinds(struct ter_collector *collector)
{
    ter_slide_lay_out(copying_space(collector));
}

static void slide(struct ter_collector *collector)
{
    ter_slide_move(copying_space(collector), &collector->tracer);
}

static void release_mark_compact(struct ter_collector *collector, struct ter_live *live)
{
    ter_slide_end(copying_space(collector));
    ter_spaces_release(collector, live);
}

static const struct ter_plan_moving sliding = {
    .lay_out = lay_out_kinds, .update = &ter_slide_loop, .move = slide};

const struct ter_plan ter_plan_mark_compact = {
    .spaces = mark_compact_spaces,
    .space_count = TER_ARRAY_LENGTH(mark_compact_spaces),
    .loop = &ter_mark_compact_loop,
    .barrier = TER_BARRIER_NONE,
    .prepare = prepare_mark_compact,
    .moving = &sliding,
    .release = release_mark_compact,
};
