/* SPDX-License-Identifier: MIT */
/* Objects with pages of their own: the collector's part. */
#include "space/space.h"

#include <string.h>

static const struct ter_side_table *protect_marks(const struct ter_space *space)
{
    return ter_space_table(space, TER_SIDE_MARK);
}

/* ---- Before ---- */

static void prepare_run(const struct ter_space *space, uintptr_t run)
{
    struct ter_protect_record *record = ter_protect_record_of(space->arena, run);

    ter_bits_clear(protect_marks(space), ter_protect_object_of(space->arena, run));
    record->flags &= (uint8_t)~TER_PROTECT_STAYS;
    if ((record->flags & TER_PROTECT_PINNED) != 0)
        record->flags |= TER_PROTECT_STAYS;
}

void ter_protect_prepare(struct ter_space *common)
{
    struct ter_protect_space *space = ter_protect_space_of(common);
    enum ter_guarded_state state;
    uintptr_t run = ter_guarded_runs_next(&space->runs, 0, &state);

    space->collections++;
    space->collecting = true;
    space->most_used = SIZE_MAX;
    while (run != 0) {
        if (state == TER_GUARDED_USED)
            prepare_run(common, run);
        run = ter_guarded_runs_next(&space->runs, run + ter_guarded_run_bytes(common->arena, run),
                                    &state);
    }
}

void ter_protect_begin(struct ter_space *space, size_t most_used)
{
    ter_protect_space_of(space)->most_used = most_used;
}

/* ---- Where it is ---- */

uintptr_t ter_protect_new_place(const struct ter_space *common, uintptr_t run)
{
    const struct ter_protect_space *space = ter_protect_space_of(common);
    const struct ter_protect_record *record = ter_protect_record_of(common->arena, run);

    if (!space->collecting || record->collection != space->collections ||
        record->flags >> TER_PROTECT_LOG_LOSS != TER_LOSS_MOVED)
        return 0;
    return ter_protect_object_of(
        common->arena, common->range.start + ((uintptr_t)record->moved << TER_LOG_BYTES_IN_PAGE));
}

/* The run that the word is in, if the object that it has or had covers it; else 0. */
static uintptr_t run_covering(const struct ter_space *space, uintptr_t word,
                              enum ter_guarded_state *state)
{
    uintptr_t run;

    if (!ter_range_holds(&space->range, space->arena, word))
        return 0;
    run = ter_guarded_runs_find(&space->range, space->arena, word, state);
    return run != 0 && word >= ter_protect_object_of(space->arena, run) ? run : 0;
}

uintptr_t ter_protect_now_at(const struct ter_space *space, uintptr_t address)
{
    enum ter_guarded_state state;
    uintptr_t run = run_covering(space, address, &state);
    uintptr_t moved = run == 0 ? 0 : ter_protect_new_place(space, run);

    return moved == 0 ? address : moved + (address - ter_protect_object_of(space->arena, run));
}

static bool has_object(const struct ter_space *space, uintptr_t run, enum ter_guarded_state state)
{
    return state == TER_GUARDED_USED && ter_bits_test(ter_space_table(space, TER_SIDE_VALID_OBJECT),
                                                      ter_protect_object_of(space->arena, run));
}

static void stay_in_run(const struct ter_space *space, uintptr_t run)
{
    __atomic_fetch_or(&ter_protect_record_of(space->arena, run)->flags, TER_PROTECT_STAYS,
                      __ATOMIC_RELAXED);
}

uintptr_t ter_protect_hold(const struct ter_space *space, uintptr_t word)
{
    enum ter_guarded_state state;
    uintptr_t run = run_covering(space, word, &state);

    if (run == 0 || !has_object(space, run, state))
        return 0;
    stay_in_run(space, run);
    return ter_protect_object_of(space->arena, run);
}

/* ---- Reaching ---- */

static bool is_room_for_copy(const struct ter_protect_space *space, size_t bytes)
{
    const struct ter_accounting *accounting = &space->space.arena->accounting;
    size_t used = atomic_load_explicit(&accounting->used_bytes, memory_order_relaxed);

    return used <= space->most_used && bytes <= space->most_used - used;
}

/* What others left is closed together, as long as its memory is not wanted. */
static bool make_room_for_copy(struct ter_protect_space *space, size_t bytes)
{
    if (is_room_for_copy(space, bytes))
        return true;
    ter_guarded_runs_close(&space->runs);
    return is_room_for_copy(space, bytes);
}

/* To a run of its own, if there is room; 0: it stays. */
static uintptr_t move_out(struct ter_protect_space *space, uintptr_t run)
{
    const struct ter_space *common = &space->space;
    struct ter_protect_record *record = ter_protect_record_of(common->arena, run);
    size_t bytes = ter_protect_bytes_of(common->arena, run);
    uintptr_t new_run, object;

    if (!make_room_for_copy(space, ter_guarded_run_bytes(common->arena, run)) ||
        ter_guarded_runs_take(&space->runs, bytes, &new_run) != TER_OK)
        return 0;
    object = ter_protect_object_of(common->arena, run);
    memcpy((void *)(new_run + (object - run)), (const void *)object, bytes);
    object = ter_protect_make(
        space, new_run, bytes,
        (struct ter_protect_record){.kind = record->kind, .number = record->number});
    record->moved = (uint32_t)((new_run - common->range.start) >> TER_LOG_BYTES_IN_PAGE);
    ter_protect_lose(space, run, TER_LOSS_MOVED);
    return object;
}

static void enqueue_run(struct ter_scanning *scanning, const struct ter_space *space,
                        uintptr_t object, uintptr_t run)
{
    unsigned kind = ter_protect_record_of(space->arena, run)->kind;

    if (space->kinds[kind].scan != TER_SCAN_NONE)
        ter_scanning_enqueue(scanning, object, ter_protect_bytes_of(space->arena, run), kind);
}

static bool refers_to_run(const struct ter_scanning *scanning, const struct ter_space *space,
                          uintptr_t run, uintptr_t word, enum ter_word_form form)
{
    uintptr_t displacement = word - ter_protect_object_of(space->arena, run);
    bool first_page =
        (ter_protect_record_of(space->arena, run)->flags & TER_PROTECT_FIRST_PAGE) != 0;

    return ter_scanning_refers(scanning, displacement, form) &&
           !(first_page && displacement >= TER_BYTES_IN_PAGE);
}

/* A word that refers to the object of a used run. */
static uintptr_t reach_in_run(struct ter_scanning *scanning, const struct ter_space *space,
                              uintptr_t run, uintptr_t word, enum ter_word_form form)
{
    uintptr_t object = ter_protect_object_of(space->arena, run), moved = 0;

    if (space->policy->moves && form != TER_WORD_EXACT)
        stay_in_run(space, run);
    if (ter_bits_test(protect_marks(space), object))
        return word;
    if (space->policy->moves &&
        (ter_protect_record_of(space->arena, run)->flags & TER_PROTECT_STAYS) == 0)
        moved = move_out(ter_protect_space_of(space), run);
    if (moved != 0)
        enqueue_run(scanning, space, moved, run);
    else if (ter_scanning_mark(scanning, object, scanning->tracer->marking))
        enqueue_run(scanning, space, object, run);
    return moved != 0 ? moved : word;
}

static uintptr_t reach_protected(struct ter_scanning *scanning, const struct ter_space *space,
                                 uintptr_t word, enum ter_word_form form)
{
    enum ter_guarded_state state;
    uintptr_t run = run_covering(space, word, &state), moved;

    if (run == 0 || !refers_to_run(scanning, space, run, word, form))
        return word;
    if (has_object(space, run, state))
        return reach_in_run(scanning, space, run, word, form);
    moved = form == TER_WORD_EXACT ? ter_protect_new_place(space, run) : 0;
    return moved == 0 ? word : moved;
}

uintptr_t ter_protect_trace(struct ter_scanning *scanning, const struct ter_sft *sft,
                            uintptr_t word, enum ter_word_form form)
{
    struct ter_space *space = ter_space_of(sft);
    struct ter_mutex *reaching = &ter_protect_space_of(space)->reaching;
    bool alone = !space->policy->moves || scanning->tracer->marking == TER_MARKING_ALONE;
    uintptr_t now;

    if (alone)
        return reach_protected(scanning, space, word, form);
    ter_mutex_acquire(reaching);
    now = reach_protected(scanning, space, word, form);
    ter_mutex_release(reaching);
    return now;
}

/* ---- After ---- */

static void release_run(struct ter_protect_space *space, uintptr_t run, struct ter_live *live)
{
    const struct ter_space *common = &space->space;
    unsigned kind = ter_protect_record_of(common->arena, run)->kind;

    if (ter_bits_test(protect_marks(common), ter_protect_object_of(common->arena, run)))
        ter_live_count(live, common->kinds[kind].scan, 1,
                       ter_guarded_run_bytes(common->arena, run));
    else
        ter_protect_lose(space, run, TER_LOSS_COLLECTED);
}

/* What could not be closed before is tried again, with what goes now beside it. */
void ter_protect_release(struct ter_space *common, struct ter_live *live)
{
    struct ter_protect_space *space = ter_protect_space_of(common);
    enum ter_guarded_state state;
    uintptr_t run;

    ter_guarded_runs_close(&space->runs);
    run = ter_guarded_runs_next(&space->runs, 0, &state);
    while (run != 0) {
        uintptr_t end = run + ter_guarded_run_bytes(common->arena, run);

        if (state == TER_GUARDED_USED)
            release_run(space, run, live);
        else
            ter_guarded_runs_leave(&space->runs, run);
        run = ter_guarded_runs_next(&space->runs, end, &state);
    }
    ter_guarded_runs_close(&space->runs);
    space->collecting = false;
}
