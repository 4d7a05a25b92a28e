/* SPDX-License-Identifier: MIT */
/*
 * What is reached is marked where it is, but for blocks in which little lives: their objects move
 * to fresh blocks, as far as there is room. Between what was marked, mutators allocate.
 *
 * After Blackburn and McKinley: "Immix", PLDI 2008, with granules for lines: a hole is free to the
 * granule, so that small objects between dead ones cost nothing, and which blocks are left is
 * chosen by what lives in them.
 */
#include "plan/immix.h"

static const struct ter_plan_space immix_spaces[] = {TER_COPYING_SPACES};

/* ---- The loop ---- */

TER_INLINE uintptr_t trace_or_mark(struct ter_scanning *scanning,
                                   const struct copying_tracing *tracing, uintptr_t word,
                                   enum ter_word_form form, enum ter_marking marking)
{
    return copying_trace_small(scanning, tracing, word, form, marking, true);
}

TER_INLINE bool trace_immix(struct ter_scanning *scanning, const struct copying_tracing *tracing,
                            const struct ter_sft *sft, uintptr_t *word, enum ter_word_form form,
                            enum ter_marking marking)
{
    return copying_trace(scanning, tracing, sft, word, form, marking, true);
}

#define TER_LOOP_PLAN immix
#define TER_LOOP_STATE struct copying_tracing
#define TER_LOOP_BEGIN copying_begin
#define TER_LOOP_TRACE_FIRST trace_or_mark
#define TER_LOOP_TRACE trace_immix
#define TER_LOOP_MOVES 1
#define TER_LOOP_CALLS                                                                             \
    copying_trace_what_stays ter_copy_trace_ambiguous ter_copy_trace_staying ter_copy_trace_odd    \
        ter_copy_give_up ter_copy_is_given_up ter_copy_await ter_copy_is_place_by_map              \
            ter_copy_open_block ter_copy_piece_bytes ter_copy_mark_ambiguous
#include "trace/loop.h"

void ter_immix_prepare(struct ter_collector *collector)
{
    size_t room = copying_room_without_growth(collector);

    ter_copy_choose(copying_space(collector), room);
    copying_prepare(collector, room);
}

const struct ter_plan ter_plan_immix = {
    .spaces = immix_spaces,
    .space_count = TER_ARRAY_LENGTH(immix_spaces),
    .loop = &ter_immix_loop,
    .barrier = TER_BARRIER_NONE,
    .prepare = ter_immix_prepare,
};
