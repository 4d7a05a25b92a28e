/* SPDX-License-Identifier: MIT */
/*
 * Large object space: each object in a page run of its own.
 *
 * Invariant: a used run holds one object, which begins at its first byte; its record and its
 * valid-object bit say so. Uncollectable large objects live here too; they are roots.
 */
#pragma once

#include "space/common.h"

struct ter_large_record {
    size_t bytes; /* what the object has, a multiple of a granule, at most the run */
    uint8_t kind;
    uint8_t scan;
    bool first_page_only; /* words that point past the first page do not keep it */
};

struct ter_large_space {
    struct ter_space space;
    struct ter_page_runs runs;
};

TER_INLINE struct ter_large_record *ter_large_record_of(const struct ter_arena *arena,
                                                        uintptr_t object)
{
    return TER_SIDE_RECORD(arena->side, LARGE, object);
}
