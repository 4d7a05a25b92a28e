/* SPDX-License-Identifier: MIT */
/* Small objects with pages of their own that a collection moves: questions, pins, the record. */
#include "space/protect_policy.h"

static uint8_t *flags_of(const struct ter_space *space, uintptr_t object)
{
    return &ter_protect_record_of(space->arena, ter_protect_run_of(space, object))->flags;
}

static bool is_protected(const struct ter_sft *sft, ter_object object)
{
    return !ter_object_is_none(sft->find_object(sft, object.bits));
}

static ter_object protect_forwarded(const struct ter_sft *sft, ter_object object)
{
    const struct ter_space *space = ter_space_of(sft);
    enum ter_guarded_state state;
    uintptr_t run = 0;

    if (ter_range_holds(&space->range, space->arena, object.bits))
        run = ter_guarded_runs_find(&space->range, space->arena, object.bits, &state);
    if (run == 0 || ter_protect_object_of(space->arena, run) != object.bits)
        return ter_object_none();
    return ter_object_at(ter_protect_new_place(space, run));
}

static bool is_protect_live(const struct ter_sft *sft, ter_object object)
{
    if (!is_protected(sft, object))
        return !ter_object_is_none(protect_forwarded(sft, object));
    return ter_space_is_marked(ter_space_of(sft), object.bits);
}

static bool is_protect_pinned(const struct ter_sft *sft, ter_object object)
{
    return is_protected(sft, object) &&
           (__atomic_load_n(flags_of(ter_space_of(sft), object.bits), __ATOMIC_RELAXED) &
            TER_PROTECT_PINNED) != 0;
}

static bool is_protect_movable(const struct ter_sft *sft, ter_object object)
{
    return is_protected(sft, object) && !is_protect_pinned(sft, object);
}

static bool protect_pin(const struct ter_sft *sft, ter_object object)
{
    return is_protected(sft, object) && (__atomic_fetch_or(flags_of(ter_space_of(sft), object.bits),
                                                           TER_PROTECT_PINNED, __ATOMIC_ACQ_REL) &
                                         TER_PROTECT_PINNED) == 0;
}

static bool protect_unpin(const struct ter_sft *sft, ter_object object)
{
    return is_protected(sft, object) &&
           (__atomic_fetch_and(flags_of(ter_space_of(sft), object.bits),
                               (uint8_t)~TER_PROTECT_PINNED, __ATOMIC_ACQ_REL) &
            TER_PROTECT_PINNED) != 0;
}

static ter_object protect_trace_object(const struct ter_sft *sft, struct ter_trace *trace,
                                       ter_object object)
{
    (void)sft;
    return trace->trace_object(trace, object);
}

/* Copies take one run more than was there, for as long as it takes. */
static size_t protect_reserve(const struct ter_space *space)
{
    return ter_min(ter_protect_used_bytes(space), ter_protect_admit_bytes(TER_SMALL_MAX_BYTES));
}

const struct ter_policy ter_policy_protect = {
    TER_PROTECT_POLICY,
    .help = "small objects, each in pages of its own, that a collection moves; what they left "
            "cannot be touched",
    .moves = true,
    .functions = {.kind = TER_SPACE_OTHER,
                  .name = "protect",
                  .find_object_from_interior = ter_protect_find,
                  .trace_object = protect_trace_object,
                  .is_live = is_protect_live,
                  .is_reachable = is_protect_live,
                  .is_sane = is_protect_live,
                  .forwarded_object = protect_forwarded,
                  .is_movable = is_protect_movable,
                  .pin = protect_pin,
                  .unpin = protect_unpin,
                  .is_pinned = is_protect_pinned},
    .reserve_bytes = protect_reserve,
    .now_at = ter_protect_now_at,
    .hold = ter_protect_hold,
};
