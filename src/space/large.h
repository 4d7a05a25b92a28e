/* SPDX-License-Identifier: MIT */
/*
 * Large object space: each object in a page run of its own.
 *
 * Invariant: a used run holds one object, which begins at its first byte; its record and its
 * valid-object bit say so. Uncollectable large objects live here too; they are roots, and old from
 * the beginning. Young ones are in a list, so that a collection of theirs looks at no others.
 */
#pragma once

#include "space/ageing.h"

struct ter_large_record {
    size_t bytes; /* what the object has, a multiple of a granule, at most the run */
    uint8_t kind;
    uint8_t scan;
    bool first_page_only : 1; /* words that point past the first page do not keep it */
    bool is_young : 1;        /* it is in the list of those */
    uint32_t next;            /* young: 1 + the page of the range where the next one begins, or 0 */
};

struct ter_large_space {
    struct ter_space space;
    struct ter_page_runs runs;
    bool ages;
    uint32_t young; /* as `next` */
};

TER_INLINE struct ter_large_record *ter_large_record_of(const struct ter_arena *arena,
                                                        uintptr_t object)
{
    return TER_SIDE_RECORD(arena->side, LARGE, object);
}
