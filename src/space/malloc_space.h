/* SPDX-License-Identifier: MIT */
/*
 * Malloc space: mark-sweep over objects that lie in malloc's memory, anywhere, beside other memory
 * of malloc's.
 *
 * Invariant: every chunk that an object touches is the space's in the map, from before the object's
 * bits are set until after they are cleared; a chunk that none touches is not. Memory with its bits
 * cleared, and only that, is in the list of the dead or malloc's again.
 *
 * What is dead is found while threads are stopped. Then malloc must not be called, since one of
 * them may hold its lock; so the dead are linked through their own memory, and freed when threads
 * run.
 */
#pragma once

#include "space/foreign_space.h"

struct ter_malloc_space {
    struct ter_foreign_space foreign;
    uintptr_t dead;       /* found by a sweep, linked through their first words; 0 for none */
    size_t uncollectable; /* objects of such kinds */
};

/* What is first in memory of the dead. */
struct ter_malloc_dead {
    uintptr_t next;
    size_t bytes;
};

TER_INLINE struct ter_malloc_space *ter_malloc_space_of(const struct ter_space *space)
{
    return (struct ter_malloc_space *)(uintptr_t)space;
}

/* ---- Under the heap lock, with threads running ---- */

/*
 * Memory of malloc's, `bytes` long (a multiple of a granule), becomes an object. TER_ERROR_OWNED:
 * it lies in a chunk of another space. TER_ERROR_NO_MEMORY: no memory to describe it.
 */
ter_status ter_malloc_space_adopt(struct ter_malloc_space *space, uintptr_t object, size_t bytes,
                                  unsigned kind);
