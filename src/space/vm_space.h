/* SPDX-License-Identifier: MIT */
/*
 * VM space: memory that the program owns and declares.
 *
 * A range is scanned as roots, or traced: then the program says which objects lie in it, and those
 * are marked and scanned when they are reached, but never freed.
 *
 * Invariant: ranges do not overlap. Every chunk that one touches is the space's in the map, and no
 * other. Objects lie in traced ranges. Ranges change under the heap lock; questions take none: an
 * entry whose `last` is 0 holds no range, and `last` is stored after `start`.
 */
#pragma once

#include "space/foreign_space.h"

struct ter_vm_range {
    uintptr_t start;
    uintptr_t last; /* its last address; 0: no range */
    bool traced;
};

/*
 * A table of ranges. When it does not suffice, a larger one takes its place, and it stays
 * readable.
 */
struct ter_vm_ranges {
    struct ter_vm_ranges *older;
    size_t capacity;
    struct ter_vm_range entries[];
};

struct ter_vm_space {
    struct ter_foreign_space foreign;
    struct ter_vm_ranges *ranges;
    size_t count;
    size_t root_bytes; /* of ranges that are roots */
};

/* Who was in the way of a range. */
struct ter_vm_conflict {
    bool is_reserved;            /* the heap's own range; else, if `map.owner` is set, a space */
    struct ter_sft_conflict map; /* the space itself, where another range of it overlaps */
};

TER_INLINE struct ter_vm_space *ter_vm_space_of(const struct ter_space *space)
{
    return (struct ter_vm_space *)(uintptr_t)space;
}

/* ---- Under the heap lock ---- */

/* TER_ERROR_OWNED: what is there says *conflict. TER_ERROR_NO_MEMORY, TER_ERROR_OUT_OF_RANGE. */
ter_status ter_vm_space_add_range(struct ter_vm_space *space, uintptr_t start, size_t bytes,
                                  bool traced, struct ter_vm_conflict *conflict);
/*
 * Takes a range away, exactly as it was added, with its objects; `forget` is called before each of
 * them goes. TER_ERROR_INVALID: there is no such range.
 */
ter_status ter_vm_space_remove_range(struct ter_vm_space *space, uintptr_t start, size_t bytes,
                                     ter_object_visitor *forget, void *context);
/*
 * [object, object + bytes), of whole granules, becomes an object. TER_ERROR_OUT_OF_RANGE: it does
 * not lie in a traced range. TER_ERROR_OWNED: it overlaps another one.
 */
ter_status ter_vm_space_add_object(struct ter_vm_space *space, uintptr_t object, size_t bytes,
                                   unsigned kind);
