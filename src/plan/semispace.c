/* SPDX-License-Identifier: MIT */
/*
 * Objects that a collection reaches move to fresh blocks, one behind the other, and the blocks that
 * they left are free. What is pinned, what ambiguous words lead to, objects of kinds that never
 * move, and large objects stay.
 */
#include "plan/semispace.h"

static const struct ter_plan_space semispace_spaces[] = {TER_COPYING_SPACES};

/* ---- The loop ---- */

TER_INLINE uintptr_t trace_copy(struct ter_scanning *scanning,
                                const struct copying_tracing *tracing, uintptr_t word,
                                enum ter_word_form form, enum ter_marking marking)
{
    return copying_trace_small(scanning, tracing, word, form, marking, false);
}

TER_INLINE bool trace_semispace(struct ter_scanning *scanning,
                                const struct copying_tracing *tracing, const struct ter_sft *sft,
                                uintptr_t *word, enum ter_word_form form, enum ter_marking marking)
{
    return copying_trace(scanning, tracing, sft, word, form, marking, false);
}

#define TER_LOOP_PLAN semispace
#define TER_LOOP_STATE struct copying_tracing
#define TER_LOOP_BEGIN copying_begin
#define TER_LOOP_TRACE_FIRST trace_copy
#define TER_LOOP_TRACE trace_semispace
#define TER_LOOP_MOVES 1
#define TER_LOOP_CALLS                                                                             \
    copying_trace_what_stays ter_copy_trace_ambiguous ter_copy_trace_staying ter_copy_trace_odd    \
        ter_copy_give_up ter_copy_is_given_up ter_copy_await ter_copy_is_place_by_map              \
            ter_copy_open_block ter_copy_piece_bytes
#include "trace/loop.h"

/* Copies stay below the maximum of the heap; what finds no room does not move. */
void ter_semispace_prepare(struct ter_collector *collector)
{
    copying_prepare(collector, copying_room(collector));
}

const struct ter_plan ter_plan_semispace = {
    .spaces = semispace_spaces,
    .space_count = TER_ARRAY_LENGTH(semispace_spaces),
    .loop = &ter_semispace_loop,
    .barrier = TER_BARRIER_NONE,
    .prepare = ter_semispace_prepare,
};
