/* SPDX-License-Identifier: MIT */
/* What a space answers where it does not say: as one whose objects never move. */
#include "sft/answers.h"
#include "sft/map_state.h"

static ter_object default_find(const struct ter_sft *space, uintptr_t word)
{
    ter_object object = space->find_object_from_interior(space, word);

    return object.bits == word ? object : ter_object_none();
}

static bool default_is_live(const struct ter_sft *space, ter_object object)
{
    return !ter_object_is_none(space->find_object(space, object.bits));
}

static bool default_is_reachable(const struct ter_sft *space, ter_object object)
{
    return space->is_live(space, object);
}

static bool default_is_sane(const struct ter_sft *space, ter_object object)
{
    return space->is_live(space, object);
}

static bool default_is_in_space(const struct ter_sft *space, uintptr_t word)
{
    (void)space, (void)word;
    return true;
}

static ter_object default_trace(const struct ter_sft *space, struct ter_trace *trace,
                                ter_object object)
{
    (void)trace;
    ter_fatal("trace_object: space %s cannot trace %#zx", space->name, (size_t)object.bits);
}

static bool default_is_pinned(const struct ter_sft *space, ter_object object)
{
    return !space->is_movable(space, object);
}

static void default_init(const struct ter_sft *space, ter_object object, size_t bytes)
{
    (void)space, (void)object, (void)bytes;
}

static void default_print(const struct ter_sft *space, ter_object object, char *text, size_t size)
{
    bool found = !ter_object_is_none(space->find_object(space, object.bits));
    struct ter_text out;

    ter_text_init(&out, text, size);
    ter_text_print(&out, "%#zx: space ", (size_t)object.bits);
    ter_text_add_name(&out, space->name);
    ter_text_print(&out, ", %s", found ? "object" : "no object");
}

#define DEFAULT(field, function)                                                                   \
    if (space->field == NULL)                                                                      \
    space->field = (function)

void ter_sft_fill_defaults(struct ter_sft *space)
{
    DEFAULT(find_object_from_interior, ter_sft_find_none);
    DEFAULT(trace_object, default_trace);
    DEFAULT(is_live, default_is_live);
    DEFAULT(forwarded_object, ter_sft_forwarded_none);
    DEFAULT(find_object, default_find);
    DEFAULT(is_in_space, default_is_in_space);
    DEFAULT(is_reachable, default_is_reachable);
    DEFAULT(is_movable, ter_sft_answer_no);
    DEFAULT(pin, ter_sft_answer_no);
    DEFAULT(unpin, ter_sft_answer_no);
    DEFAULT(is_pinned, default_is_pinned);
    DEFAULT(is_sane, default_is_sane);
    DEFAULT(init_object_metadata, default_init);
    DEFAULT(print_object, default_print);
}
