/* SPDX-License-Identifier: MIT */
#include "space/space.h"

#include <stdio.h>

static bool always(const struct ter_sft *space, ter_object object)
{
    (void)space, (void)object;
    return true;
}

static bool never(const struct ter_sft *space, ter_object object)
{
    (void)space, (void)object;
    return false;
}

static ter_object never_forwarded(const struct ter_sft *space, ter_object object)
{
    (void)space, (void)object;
    return ter_object_none();
}

static bool range_holds(const struct ter_sft *sft, uintptr_t word)
{
    const struct ter_space *space = ter_space_of(sft);

    return ter_range_holds(&space->range, space->arena, word) &&
           ter_mmapper_has_memory(&space->arena->mmapper, word);
}

static ter_object find_exact(const struct ter_sft *sft, uintptr_t word)
{
    ter_object object = sft->find_object_from_interior(sft, word);

    return object.bits == word ? object : ter_object_none();
}

bool ter_space_is_marked(const struct ter_space *space, uintptr_t object)
{
    return ter_bits_test(ter_space_table(space, TER_SIDE_MARK), object);
}

void ter_space_set_mark(const struct ter_space *space, uintptr_t object, bool marked)
{
    const struct ter_side_table *marks = ter_space_table(space, TER_SIDE_MARK);

    if (marked)
        ter_bits_set_shared(marks, object);
    else
        ter_bits_clear_shared(marks, object);
}

bool ter_space_is_gone(const struct ter_space *space, uintptr_t word)
{
    return space->sft.is_in_space(&space->sft, word);
}

/* Outside a collection every mark is set, so that whatever object there is counts as live. */
static bool is_marked_object(const struct ter_sft *sft, ter_object object)
{
    return !ter_object_is_none(sft->find_object(sft, object.bits)) &&
           ter_space_is_marked(ter_space_of(sft), object.bits);
}

static ter_object trace_through(const struct ter_sft *sft, struct ter_trace *trace,
                                ter_object object)
{
    TER_REQUIRE(!ter_object_is_none(sft->find_object(sft, object.bits)),
                "trace_object: %#zx is no object of space %s", (size_t)object.bits, sft->name);
    return trace->trace_object(trace, object);
}

ter_object ter_space_trace_object(const struct ter_sft *sft, struct ter_trace *trace,
                                  ter_object object)
{
    const struct ter_space *space = ter_space_of(sft);
    struct ter_tracer *tracer = ter_tracer_of(trace);
    struct ter_scanning scanning = {.marks = tracer->marks, .others_marks = tracer->others_marks};
    unsigned kind = space->policy->object_kind(space, object.bits);

    if (ter_scanning_mark(&scanning, object.bits, tracer->marking) &&
        space->kinds[kind].scan != TER_SCAN_NONE)
        ter_tracer_enqueue(tracer, object.bits, space->policy->object_bytes(space, object.bits),
                           kind);
    return object;
}

static void set_valid(const struct ter_sft *sft, ter_object object, size_t bytes)
{
    (void)bytes;
    ter_bits_set_shared(ter_space_table(ter_space_of(sft), TER_SIDE_VALID_OBJECT), object.bits);
}

static void print_state(const struct ter_sft *sft, ter_object object, char *text, size_t size)
{
    bool found = !ter_object_is_none(sft->find_object(sft, object.bits));
    const char *mark =
        found && ter_space_is_marked(ter_space_of(sft), object.bits) ? "marked" : "not marked";

    snprintf(text, size, "%#zx: space %s, %s%s%s", (size_t)object.bits, sft->name,
             found ? "object" : "no object", found ? ", " : "", found ? mark : "");
}

/* ---- EMPTY ---- */

static bool is_never_gone(const struct ter_space *space, uintptr_t word)
{
    (void)space, (void)word;
    return false;
}

const struct ter_policy ter_policy_empty = {
    .help = "what nobody owns; it is outside of the heap",
    .record_bytes = sizeof(struct ter_space),
    .owned_by_program = true,
    .is_gone = is_never_gone,
};

/* ---- Life ---- */

static const struct ter_sft non_moving = {
    .find_object = find_exact,
    .is_live = is_marked_object,
    .is_reachable = is_marked_object,
    .is_in_space = range_holds,
    .trace_object = trace_through,
    .forwarded_object = never_forwarded,
    .is_movable = never,
    .pin = never,
    .unpin = never,
    .is_pinned = always,
    .is_sane = is_marked_object,
    .init_object_metadata = set_valid,
    .print_object = print_state,
};

/* The policy's own functions, and the shared ones where it has none. */
static struct ter_sft functions_of(const struct ter_policy *policy)
{
    struct ter_sft functions = policy->functions;

#define COMPLETE(function)                                                                         \
    if (functions.function == NULL)                                                                \
        functions.function = non_moving.function;
    COMPLETE(find_object)
    COMPLETE(is_live)
    COMPLETE(is_reachable)
    COMPLETE(is_in_space)
    COMPLETE(trace_object)
    COMPLETE(forwarded_object)
    COMPLETE(is_movable)
    COMPLETE(pin)
    COMPLETE(unpin)
    COMPLETE(is_pinned)
    COMPLETE(is_sane)
    COMPLETE(init_object_metadata)
    COMPLETE(print_object)
#undef COMPLETE
    return functions;
}

ter_status ter_space_new(struct ter_arena *arena, const struct ter_policy *policy, unsigned slot,
                         const struct ter_kind *kinds, struct ter_space **space)
{
    struct ter_sft functions = functions_of(policy), *record;
    ter_status status = ter_sft_map_add_space(&arena->map, &functions, &record);
    struct ter_space *made;

    if (status != TER_OK)
        return status;
    /* So that whoever looked up any word has a policy without asking whose it is. */
    ter_space_of(ter_sft_map_empty(&arena->map))->policy = &ter_policy_empty;
    made = ter_space_of(record);
    made->arena = arena;
    made->policy = policy;
    made->kinds = kinds;
    if (policy->in_layout)
        ter_range_init(&made->range, arena, slot, policy->side | arena->side_of_all, record);
    if (policy->init != NULL)
        status = policy->init(made);
    *space = made;
    return status;
}

void ter_space_fini(struct ter_space *space)
{
    if (space->policy->fini != NULL)
        space->policy->fini(space);
}
