/* SPDX-License-Identifier: MIT */
/*
 * The memory of the malloc space's objects: the C library's malloc, or functions of the program's
 * (terrier/memory.h).
 *
 * Invariant: a piece goes back to whoever gives memory then, with the bytes that were asked for it.
 * These follow from its object: they are the object's own, and a granule more if it has a lead.
 */
#pragma once

#include <terrier/memory.h>

#include "pages/pages.h"
#include "space/common.h"

struct ter_memory_source {
    struct ter_memory_functions functions; /* `allocate` NULL: the C library's malloc */
    size_t leads_up_to; /* the largest request that was found not aligned, or SIZE_MAX */
};

/* Memory for an object. */
struct ter_memory_piece {
    uintptr_t object;
    size_t extent; /* of its granules */
    struct ter_foreign_margin margin;
};

TER_INLINE bool ter_memory_is_of_program(const struct ter_memory_source *source)
{
    return source->functions.allocate != NULL;
}

/* What is asked for an object of the kind; a multiple of a granule where the heap reads words. */
size_t ter_memory_wanted(const struct ter_kind *how, size_t bytes);

/*
 * Takes a piece for an object of `bytes` bytes, more than 0, cleared if the kind wants that. Of the
 * program's functions under the heap lock, and then it is noted in `source` when a piece was not
 * aligned; of malloc without it.
 */
ter_status ter_memory_take(struct ter_memory_source *source, const struct ter_kind *how,
                           unsigned kind, size_t bytes, struct ter_memory_piece *piece);
/* Gives it back. */
void ter_memory_give(const struct ter_memory_source *source, unsigned kind,
                     const struct ter_memory_piece *piece);
/* May that object get another size by ter_memory_resize? */
bool ter_memory_can_resize(const struct ter_memory_source *source,
                           const struct ter_memory_piece *piece, size_t bytes);
/* False: the piece is as it was. What is new in it is cleared if the kind wants that. */
bool ter_memory_resize(const struct ter_memory_source *source, const struct ter_kind *how,
                       unsigned kind, size_t bytes, struct ter_memory_piece *piece);
