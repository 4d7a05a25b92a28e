/* SPDX-License-Identifier: MIT */
/*
 * As immix, with young blocks: those that mutators took since the last collection. A collection of
 * young objects alone copies what it reaches in them to old blocks, into their holes first, and
 * leaves what must not move where it is: its block is old then. What else is looked at are the
 * roots and the stores that were logged. When the old ones have grown, all are collected as under
 * immix.
 *
 * After Blackburn and McKinley: "Immix", PLDI 2008, and Appel: "Simple Generational Garbage
 * Collection and Fast Allocation", 1989, whose young space is all that is free.
 */
#include "plan/copying.h"

static const struct ter_plan_space young_immix_spaces[] = {TER_COPYING_SPACES};

/* ---- The loop ---- */

TER_INLINE uintptr_t trace_young(struct ter_scanning *scanning,
                                 const struct copying_tracing *tracing, uintptr_t word,
                                 enum ter_word_form form, enum ter_marking marking)
{
    return ter_copy_trace_or_mark(scanning, &tracing->copies, word, form, marking);
}

TER_INLINE bool trace_young_immix(struct ter_scanning *scanning,
                                  const struct copying_tracing *tracing, const struct ter_sft *sft,
                                  uintptr_t *word, enum ter_word_form form,
                                  enum ter_marking marking)
{
    if (TER_UNLIKELY(sft->kind != TER_SPACE_COPY))
        return copying_trace_what_stays(scanning, tracing, sft, *word, form, marking);
    if (ter_range_covers(&ter_space_of(sft)->range, *word))
        *word = trace_young(scanning, tracing, *word, form, marking);
    return true;
}

#define TER_LOOP_PLAN young_immix
#define TER_LOOP_STATE struct copying_tracing
#define TER_LOOP_BEGIN copying_begin
#define TER_LOOP_TRACE_FIRST trace_young
#define TER_LOOP_TRACE trace_young_immix
#define TER_LOOP_MOVES 1
#define TER_LOOP_CALLS                                                                             \
    copying_trace_what_stays ter_copy_trace_ambiguous ter_copy_trace_staying ter_copy_trace_odd    \
        ter_copy_give_up ter_copy_is_given_up ter_copy_await ter_copy_is_place_by_map              \
            ter_copy_open_block ter_copy_piece_bytes ter_copy_mark_ambiguous
#include "trace/loop.h"

static struct ter_copy_space *young_space(const struct ter_collector *collector)
{
    return ter_copy_space_of(collector->spaces[0].space);
}

static void prepare_young_immix(struct ter_collector *collector)
{
    struct ter_copy_space *space = young_space(collector);
    size_t room = copying_room_without_growth(collector);

    ter_copy_choose(space, room);
    ter_spaces_prepare(collector);
    collector->tracer.context = space->copiers;
    ter_copy_begin(space, room);
}

static void prepare_young(struct ter_collector *collector)
{
    struct ter_copy_space *space = young_space(collector);

    ter_copy_prepare_young(space);
    collector->tracer.context = space->copiers;
    ter_copy_begin(space, copying_room(collector));
}

static void release_young(struct ter_collector *collector, struct ter_live *live)
{
    ter_copy_release_young(young_space(collector), live);
}

const struct ter_plan ter_plan_young_immix = {
    .spaces = young_immix_spaces,
    .space_count = TER_ARRAY_LENGTH(young_immix_spaces),
    .loop = &ter_young_immix_loop,
    .barrier = TER_BARRIER_LOGGED,
    .prepare = prepare_young_immix,
    .prepare_young = prepare_young,
    .release_young = release_young,
};
