/* SPDX-License-Identifier: MIT */
/*
 * Malloc space: mark-sweep over objects that lie in malloc's memory, or that of functions of the
 * program's, anywhere, beside other memory.
 *
 * Invariant: every chunk that an object touches is the space's in the map, from before the object's
 * bits are set until after they are cleared; a chunk that none touches is not. Memory with its bits
 * cleared, and only that, is buried (pages/foreign.h) or malloc's again.
 *
 * What is dead is found while threads are stopped. Then malloc must not be called, since one of
 * them may hold its lock; so the dead are buried, and freed when threads run. Nothing is written to
 * their memory.
 */
#pragma once

#include "space/foreign_space.h"
#include "space/malloc_memory.h"

struct ter_malloc_space {
    struct ter_foreign_space foreign;
    struct ter_memory_source source;
    size_t uncollectable; /* objects of such kinds */
    size_t admitted;      /* bytes that the program may be asked for before the gate is */
};

TER_INLINE struct ter_malloc_space *ter_malloc_space_of(const struct ter_space *space)
{
    return (struct ter_malloc_space *)(uintptr_t)space;
}

/* ---- Under the heap lock, with threads running ---- */

/*
 * A piece of memory becomes an object. TER_ERROR_OWNED: it lies in a chunk of another space.
 * TER_ERROR_NO_MEMORY: no memory to describe it.
 */
ter_status ter_malloc_space_adopt(struct ter_malloc_space *space,
                                  const struct ter_memory_piece *piece, unsigned kind);
/*
 * The object gets another size, where it is or elsewhere; *object is where. By the program's
 * function, while its memory is nobody's object. False: it is as it was.
 */
bool ter_malloc_space_resize(struct ter_malloc_space *space, uintptr_t *object, size_t bytes);
/* May that be tried? */
bool ter_malloc_space_can_resize(const struct ter_malloc_space *space, uintptr_t object,
                                 size_t bytes);

/* From now on memory comes from and goes to these functions; NULL: malloc and free. */
void ter_malloc_space_set_memory(struct ter_malloc_space *space,
                                 const struct ter_memory_functions *functions);
