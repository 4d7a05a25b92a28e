/* SPDX-License-Identifier: MIT */
/*
 * Mark-sweep of the whole heap: objects stay where they are; what a collection does not reach is
 * freed. Small objects lie in cells of blocks, uncollectable ones apart, large ones in pages.
 *
 * The loop knows blocks, where most references lead, large objects, and objects outside of the
 * layout's range. No reference is ever stored.
 */
#include "plan/sweeping.h"

static const struct ter_plan_space mark_sweep_spaces[] = {TER_SWEEPING_SPACES};

/* ---- The loop ---- */

static bool is_in_blocks(const struct ter_sft *sft)
{
    return sft->kind == TER_SPACE_MARK_SWEEP || sft->kind == TER_SPACE_IMMORTAL;
}

static bool is_foreign(const struct ter_sft *sft)
{
    return sft->kind == TER_SPACE_MALLOC || sft->kind == TER_SPACE_VM;
}

/* Large objects are few: their code stays out of the loop for small ones. */
static TER_NOINLINE uintptr_t trace_large(struct ter_scanning *scanning, uintptr_t word,
                                          enum ter_word_form form, enum ter_marking marking)
{
    return ter_large_trace(scanning, word, form, marking);
}

TER_INLINE bool trace_by_kind(struct ter_scanning *scanning, const struct ter_block_tracing *blocks,
                              const struct ter_sft *sft, const uintptr_t *word,
                              enum ter_word_form form, enum ter_marking marking)
{
    if (TER_LIKELY(is_in_blocks(sft))) {
        if (TER_LIKELY(ter_range_covers(&ter_space_of(sft)->range, *word)))
            ter_block_trace(scanning, blocks, *word, form, marking);
    } else if (sft->kind == TER_SPACE_LARGE) {
        if (ter_range_covers(&ter_space_of(sft)->range, *word))
            trace_large(scanning, *word, form, marking);
    } else if (is_foreign(sft)) {
        ter_foreign_space_trace(scanning, sft, *word, form);
    } else {
        return false;
    }
    return true;
}

#define TER_LOOP_PLAN mark_sweep
#define TER_LOOP_STATE struct ter_block_tracing
#define TER_LOOP_BEGIN ter_block_tracing_begin
#define TER_LOOP_TRACE_FIRST ter_block_trace
#define TER_LOOP_TRACE trace_by_kind
#define TER_LOOP_MOVES 0
#define TER_LOOP_CALLS trace_large ter_foreign_space_trace
#include "trace/loop.h"

const struct ter_plan ter_plan_mark_sweep = {
    .spaces = mark_sweep_spaces,
    .space_count = TER_ARRAY_LENGTH(mark_sweep_spaces),
    .loop = &ter_mark_sweep_loop,
    .barrier = TER_BARRIER_NONE,
};
