/* SPDX-License-Identifier: MIT */
/*
 * What spaces of foreign memory have in common: objects described by bits in records of
 * chunks (pages/foreign.h), which never move.
 */
#pragma once

#include "space/common.h"

struct ter_foreign_space {
    struct ter_space space;
    struct ter_foreign_set set; /* the chunks */
};

/* Of a space whose policy is not `in_layout`. */
TER_INLINE struct ter_foreign_space *ter_foreign_space_of(const struct ter_space *space)
{
    TER_ASSERT(!space->policy->in_layout);
    return (struct ter_foreign_space *)(uintptr_t)space;
}

/* The object that covers the word; 0 if none does. */
TER_INLINE uintptr_t ter_foreign_space_find(const struct ter_foreign_space *space, uintptr_t word)
{
    return ter_foreign_find(&space->space.arena->foreign, &space->set, word);
}

/* Tracing for loops: a word that the map says is such a space's. How marks are set is asked: they
 * lie in the records of chunks, of which there is one for all workers. */
uintptr_t ter_foreign_space_trace(struct ter_scanning *scanning, const struct ter_sft *sft,
                                  uintptr_t word, enum ter_word_form form);

/* What these policies have in their records; see space/policy.h. */
ter_status ter_foreign_space_init(struct ter_space *space);
/* `visit` may remove the object that it gets. */
void ter_foreign_space_for_each(const struct ter_space *space, ter_object_visitor *visit,
                                void *context);
/* A chunk's parcels of which it has something; what, is in `parts`. */
void ter_foreign_space_tell_parcels(const struct ter_space *space, uintptr_t chunk,
                                    const uint32_t *parts, ter_parcel_visitor *visit,
                                    void *context);
void ter_foreign_space_for_each_parcel(const struct ter_space *space, ter_parcel_visitor *visit,
                                       void *context);
size_t ter_foreign_space_used(const struct ter_space *space);
size_t ter_foreign_space_used_in_chunk(const struct ter_space *space, uintptr_t chunk);
void ter_foreign_space_clear_marks(struct ter_space *space);
size_t ter_foreign_space_object_bytes(const struct ter_space *space, uintptr_t object);
unsigned ter_foreign_space_object_kind(const struct ter_space *space, uintptr_t object);
bool ter_foreign_space_is_marked(const struct ter_space *space, uintptr_t object);
void ter_foreign_space_set_mark(const struct ter_space *space, uintptr_t object, bool marked);
ter_object ter_foreign_space_find_object(const struct ter_sft *sft, uintptr_t word);
bool ter_foreign_space_is_object_marked(const struct ter_sft *sft, ter_object object);
/* Objects come into being with their size and kind, in one step: it does nothing. */
void ter_foreign_space_init_object(const struct ter_sft *sft, ter_object object, size_t bytes);
void ter_foreign_space_print(const struct ter_sft *sft, ter_object object, char *text, size_t size);

#define TER_FOREIGN_SPACE_POLICY                                                                   \
    .init = ter_foreign_space_init, .for_each = ter_foreign_space_for_each,                        \
    .prepare = ter_foreign_space_clear_marks, .trace = ter_foreign_space_trace,                    \
    .used_bytes = ter_foreign_space_used, .used_in_chunk = ter_foreign_space_used_in_chunk,        \
    .object_bytes = ter_foreign_space_object_bytes, .object_kind = ter_foreign_space_object_kind,  \
    .is_marked = ter_foreign_space_is_marked, .set_mark = ter_foreign_space_set_mark
