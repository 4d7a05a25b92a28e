/* SPDX-License-Identifier: MIT */
#include "space/space.h"

#include <stdio.h>

static ter_object find_outside(const struct ter_sft *sft, uintptr_t word)
{
    return ter_object_at(ter_outside_space_find(ter_outside_space_of(sft), word));
}

static bool is_outside_object(const struct ter_sft *sft, ter_object object)
{
    return object.bits != 0 &&
           ter_outside_space_find(ter_outside_space_of(sft), object.bits) == object.bits;
}

static bool is_outside_marked(const struct ter_sft *sft, ter_object object)
{
    return is_outside_object(sft, object) &&
           ter_outside_is_marked(&ter_outside_space_of(sft)->ground->outside, object.bits);
}

static void print_outside(const struct ter_sft *sft, ter_object object, char *text, size_t size)
{
    const struct ter_outside *outside = &ter_outside_space_of(sft)->ground->outside;

    if (!is_outside_object(sft, object)) {
        snprintf(text, size, "%#zx: space %s, no object", (size_t)object.bits, sft->name);
        return;
    }
    snprintf(text, size, "%#zx: space %s, object of kind %u, %zu bytes, %s", (size_t)object.bits,
             sft->name, ter_outside_kind(outside, object.bits),
             ter_outside_bytes(outside, object.bits),
             ter_outside_is_marked(outside, object.bits) ? "marked" : "not marked");
}

struct ter_sft ter_outside_space_functions(enum ter_space_kind kind, const char *name)
{
    struct ter_sft functions = ter_space_non_moving_functions(kind, name);

    functions.find_object_from_interior = find_outside;
    functions.is_live = is_outside_marked;
    functions.is_reachable = is_outside_marked;
    functions.is_sane = is_outside_marked;
    /* Objects come into being with their size and kind, in one step. */
    functions.init_object_metadata = NULL;
    functions.print_object = print_outside;
    return functions;
}

ter_status ter_outside_space_new(struct ter_ground *ground, const struct ter_sft *functions,
                                 const struct ter_kind *kinds, struct ter_outside_space **space)
{
    struct ter_sft *record;
    ter_status status;

    TER_CHECK(ground->outside.table != NULL);
    status = ter_sft_map_add_space(&ground->map, functions, &record);
    if (status != TER_OK)
        return status;
    *space = (struct ter_outside_space *)(void *)record;
    (*space)->ground = ground;
    (*space)->kinds = kinds;
    ter_outside_set_init(&(*space)->set, record);
    return TER_OK;
}

void ter_outside_space_for_each(const struct ter_outside_space *space, ter_object_visitor *visit,
                                void *context)
{
    const struct ter_outside *outside = &space->ground->outside;
    const struct ter_outside_chunk *chunk = space->set.first;

    for (; chunk != NULL; chunk = chunk->next) {
        uintptr_t object = ter_outside_next(chunk, chunk->start);

        while (object != 0) {
            uintptr_t next = object + TER_BYTES_IN_GRANULE;

            visit(context, object, ter_outside_bytes(outside, object),
                  &space->kinds[ter_outside_kind(outside, object)]);
            object = ter_outside_next(chunk, next);
        }
    }
}

/* ---- Tracing ---- */

uintptr_t ter_outside_space_trace(struct ter_scanning *scanning, const struct ter_sft *sft,
                                  uintptr_t word, enum ter_word_form form)
{
    const struct ter_outside_space *space = ter_outside_space_of(sft);
    const struct ter_outside *outside = &space->ground->outside;
    uintptr_t object = ter_outside_space_find(space, word);
    unsigned kind;

    if (object == 0 || !ter_scanning_refers(scanning, word - object, form) ||
        !ter_outside_mark(outside, object, true))
        return word;
    kind = ter_outside_kind(outside, object);
    if (space->kinds[kind].scan != TER_SCAN_NONE)
        ter_scanning_enqueue(scanning, object, ter_outside_bytes(outside, object), kind);
    return word;
}
