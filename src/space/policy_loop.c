/* SPDX-License-Identifier: MIT */
/*
 * The loop of plans that compile none of their own: it asks the policies' records. Several times as
 * slow as a compiled one, right for any policy.
 */
#include "space/space.h"

struct no_state {
    char unused;
};

TER_INLINE void begin_without_state(struct no_state *state, const struct ter_tracer *tracer)
{
    (void)tracer;
    state->unused = 0;
}

/* By the mark bits of the side metadata, for policies that have no way of their own. */
static void trace_by_marks(struct ter_scanning *scanning, const struct ter_space *space,
                           uintptr_t word, enum ter_word_form form, enum ter_marking marking)
{
    const struct ter_sft *sft = &space->sft;
    uintptr_t object = form == TER_WORD_EXACT ? sft->find_object(sft, word).bits
                                              : sft->find_object_from_interior(sft, word).bits;
    unsigned kind;

    if (object == 0 || !ter_scanning_refers(scanning, word - object, form) ||
        !ter_scanning_mark(scanning, object, marking))
        return;
    kind = space->policy->object_kind(space, object);
    if (space->kinds[kind].scan != TER_SCAN_NONE)
        ter_scanning_enqueue(scanning, object, space->policy->object_bytes(space, object), kind);
}

static TER_NOINLINE uintptr_t trace_by_policy(struct ter_scanning *scanning,
                                              const struct ter_sft *sft, uintptr_t word,
                                              enum ter_word_form form, enum ter_marking marking)
{
    const struct ter_space *space = ter_space_of(sft);

    if (space->policy->trace != NULL)
        return space->policy->trace(scanning, sft, word, form);
    trace_by_marks(scanning, space, word, form, marking);
    return word;
}

TER_INLINE bool trace_in_any_space(struct ter_scanning *scanning, const struct no_state *state,
                                   const struct ter_sft *sft, uintptr_t *word,
                                   enum ter_word_form form, enum ter_marking marking)
{
    (void)state;
    if (!ter_sft_is_empty(sft))
        *word = trace_by_policy(scanning, sft, *word, form, marking);
    return true;
}

/* What lies in the first range is its space's, if anybody's. */
TER_INLINE uintptr_t trace_in_first_space(struct ter_scanning *scanning,
                                          const struct no_state *state, uintptr_t word,
                                          enum ter_word_form form, enum ter_marking marking)
{
    (void)trace_in_any_space(scanning, state, ter_sft_map_get(&scanning->map, word), &word, form,
                             marking);
    return word;
}

#define TER_LOOP_PLAN policy
#define TER_LOOP_STATE struct no_state
#define TER_LOOP_BEGIN begin_without_state
#define TER_LOOP_TRACE_FIRST trace_in_first_space
#define TER_LOOP_TRACE trace_in_any_space
#define TER_LOOP_MOVES 1
#define TER_LOOP_CALLS trace_by_policy
#include "trace/loop.h"
