/* SPDX-License-Identifier: MIT */
#include "space/space.h"

#include <stdio.h>

static const struct ter_foreign *foreign_of(const struct ter_space *space)
{
    return &space->arena->foreign;
}

ter_status ter_foreign_space_init(struct ter_space *space)
{
    TER_CHECK(space->arena->foreign.table != NULL);
    ter_foreign_set_init(&ter_foreign_space_of(space)->set, &space->sft);
    return TER_OK;
}

/* What the object has of its granules. */
static size_t foreign_own_bytes(const struct ter_foreign *foreign, uintptr_t object)
{
    return ter_foreign_own_bytes(foreign, object, ter_foreign_bytes(foreign, object));
}

/* ---- The functions of the table ---- */

static uintptr_t find_foreign(const struct ter_sft *sft, uintptr_t word)
{
    return ter_foreign_space_find(ter_foreign_space_of(ter_space_of(sft)), word);
}

static bool is_foreign_object(const struct ter_sft *sft, ter_object object)
{
    return object.bits != 0 && find_foreign(sft, object.bits) == object.bits;
}

/* What is behind an object in its last granule may be somebody else's. */
ter_object ter_foreign_space_find_object(const struct ter_sft *sft, uintptr_t word)
{
    const struct ter_foreign *foreign = foreign_of(ter_space_of(sft));
    uintptr_t object = find_foreign(sft, word);

    if (foreign->exact && object != word && object != 0 &&
        word - object >= foreign_own_bytes(foreign, object))
        object = 0;
    return ter_object_at(object);
}

bool ter_foreign_space_is_object_marked(const struct ter_sft *sft, ter_object object)
{
    return is_foreign_object(sft, object) &&
           ter_foreign_is_marked(foreign_of(ter_space_of(sft)), object.bits);
}

void ter_foreign_space_init_object(const struct ter_sft *sft, ter_object object, size_t bytes)
{
    (void)sft, (void)object, (void)bytes;
}

void ter_foreign_space_print(const struct ter_sft *sft, ter_object object, char *text, size_t size)
{
    const struct ter_foreign *foreign = foreign_of(ter_space_of(sft));

    if (!is_foreign_object(sft, object)) {
        snprintf(text, size, "%#zx: space %s, no object", (size_t)object.bits, sft->name);
        return;
    }
    snprintf(text, size, "%#zx: space %s, object of kind %u, %zu bytes, %s", (size_t)object.bits,
             sft->name, ter_foreign_kind(foreign, object.bits),
             foreign_own_bytes(foreign, object.bits),
             ter_foreign_is_marked(foreign, object.bits) ? "marked" : "not marked");
}

/* ---- What the policies share ---- */

struct foreign_showing {
    const struct ter_space *space;
    ter_object_visitor *visit;
    void *context;
};

static void show_foreign(void *context, const struct ter_foreign_found *found)
{
    const struct foreign_showing *showing = context;
    size_t bytes = ter_foreign_own_bytes(foreign_of(showing->space), found->object, found->bytes);

    showing->visit(showing->context, found->object, bytes, &showing->space->kinds[found->kind]);
}

void ter_foreign_space_for_each(const struct ter_space *space, ter_object_visitor *visit,
                                void *context)
{
    struct foreign_showing showing = {space, visit, context};

    ter_foreign_for_each(foreign_of(space), &ter_foreign_space_of(space)->set, show_foreign,
                         &showing);
}

void ter_foreign_space_tell_parcels(const struct ter_space *space, uintptr_t chunk,
                                    const uint32_t *parts, ter_parcel_visitor *visit, void *context)
{
    for (size_t i = 0; i < TER_BLOCKS_IN_CHUNK; i++) {
        struct ter_parcel parcel = {.space = &space->sft,
                                    .start = chunk + (i << TER_LOG_BYTES_IN_BLOCK),
                                    .state = TER_PARCEL_FOREIGN,
                                    .object_bytes = parts[i]};

        if (parts[i] != 0)
            visit(context, &parcel);
    }
}

void ter_foreign_space_for_each_parcel(const struct ter_space *space, ter_parcel_visitor *visit,
                                       void *context)
{
    const struct ter_foreign *foreign = foreign_of(space);
    const struct ter_foreign_chunk *chunk = ter_foreign_space_of(space)->set.first;

    for (; chunk != NULL; chunk = chunk->next) {
        uint32_t parts[TER_BLOCKS_IN_CHUNK] = {0};
        /* One may come into the chunk from below. */
        uintptr_t object = ter_foreign_space_find(ter_foreign_space_of(space), chunk->start);

        if (object == 0)
            object = ter_foreign_next(chunk, chunk->start);
        while (object != 0) {
            uintptr_t last = object + (ter_foreign_bytes(foreign, object) - 1);
            uintptr_t next = last + 1;

            ter_parcels_add(parts, chunk->start, object, last);
            object = next - chunk->start < TER_BYTES_IN_CHUNK ? ter_foreign_next(chunk, next) : 0;
        }
        ter_foreign_space_tell_parcels(space, chunk->start, parts, visit, context);
    }
}

size_t ter_foreign_space_used(const struct ter_space *space)
{
    return ter_foreign_space_of(space)->set.bytes;
}

size_t ter_foreign_space_used_in_chunk(const struct ter_space *space, uintptr_t chunk)
{
    const struct ter_foreign_chunk *record = ter_foreign_chunk_of(foreign_of(space), chunk);

    return record == NULL ? 0 : record->bytes;
}

void ter_foreign_space_clear_marks(struct ter_space *space)
{
    ter_foreign_clear_marks(&ter_foreign_space_of(space)->set);
}

size_t ter_foreign_space_object_bytes(const struct ter_space *space, uintptr_t object)
{
    return foreign_own_bytes(foreign_of(space), object);
}

unsigned ter_foreign_space_object_kind(const struct ter_space *space, uintptr_t object)
{
    return ter_foreign_kind(foreign_of(space), object);
}

bool ter_foreign_space_is_marked(const struct ter_space *space, uintptr_t object)
{
    return ter_foreign_is_marked(foreign_of(space), object);
}

void ter_foreign_space_set_mark(const struct ter_space *space, uintptr_t object, bool marked)
{
    ter_foreign_mark(foreign_of(space), object, marked);
}

/* ---- Tracing ---- */

/* The object that the word refers to; 0: none. */
TER_INLINE uintptr_t refers_to(const struct ter_scanning *scanning, const struct ter_space *space,
                               uintptr_t word, enum ter_word_form form)
{
    const struct ter_foreign_space *foreign_space = ter_foreign_space_of(space);
    uintptr_t object;

    if (form == TER_WORD_EXACT)
        return ter_foreign_is_object(foreign_of(space), &foreign_space->set, word) ? word : 0;
    object = ter_foreign_space_find(foreign_space, word);
    return object != 0 && ter_scanning_refers(scanning, word - object, form) ? object : 0;
}

TER_INLINE bool mark_foreign(const struct ter_scanning *scanning, const struct ter_foreign *foreign,
                             uintptr_t object)
{
    return scanning->tracer->marking == TER_MARKING_ALONE ? ter_foreign_mark_alone(foreign, object)
                                                          : ter_foreign_mark(foreign, object, true);
}

uintptr_t ter_foreign_space_trace(struct ter_scanning *scanning, const struct ter_sft *sft,
                                  uintptr_t word, enum ter_word_form form)
{
    const struct ter_space *space = ter_space_of(sft);
    const struct ter_foreign *foreign = foreign_of(space);
    uintptr_t object = refers_to(scanning, space, word, form);
    unsigned kind;

    if (object == 0 || !mark_foreign(scanning, foreign, object))
        return word;
    kind = ter_foreign_kind(foreign, object);
    if (space->kinds[kind].scan != TER_SCAN_NONE)
        ter_scanning_enqueue(scanning, object, ter_foreign_bytes(foreign, object), kind);
    return word;
}
