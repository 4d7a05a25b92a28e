/* SPDX-License-Identifier: MIT */
/*
 * Functions of the program's own that give the memory of objects, in the place of the C library's
 * malloc: for a runtime whose hosts bring their allocator, and for allocators that count or limit.
 *
 * The heap is one with the option objects=malloc. Its objects never move, and a collection is of
 * all of them, under every plan.
 */
#ifndef TERRIER_MEMORY_H
#define TERRIER_MEMORY_H

#include <stddef.h>

#include <terrier/api.h>
#include <terrier/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ter_heap;

/**
 * Each object is one block. `bytes` of a new one is what the program asked for, at least 1, where
 * the kind has no references or a visitor for them (TER_KIND_NO_SLOTS, visitor); for other kinds,
 * whose words the heap reads itself, rounded up to 16, and what comes from a window
 * (ter_allocate_fast) has the window's bytes. Every later call gets the same number for the block,
 * as `bytes` or `old_bytes`, and its kind.
 *
 * Blocks are aligned to 16; one that is not, but to 4, is given back at once, another is asked for
 * with 16 bytes more, and the object begins behind the first bytes of that. From then on that is
 * done at once for all objects, if the block had more than 16 bytes, else for those as small.
 * Blocks that are aligned to less are given back and refused, with a warning.
 *
 * Threads: they are called with the heap's lock, by the thread that allocates, resizes or frees;
 * `free` also by one that has collected, when the others run again, or that ends the heap. They may
 * take locks of the program's own, and must not call the heap (ter_external_adjust may be called),
 * leave by a jump or an exception, or wait for a thread that is bound to the heap. errno is kept.
 */
struct ter_memory_functions {
    /** NULL: there is none; as when malloc has none, the heap collects and asks once more, if it
     *  may collect there, and else the allocation fails. */
    void *(*allocate)(void *context, size_t bytes, unsigned kind);
    /**
     * Gives the block another size, there or elsewhere, with what is in it, as realloc does. NULL:
     * the block is as it was, and so the object: ter_reallocate fails. A block of more than 16
     * bytes is aligned to 16 if all that `allocate` gave were. The function itself may be NULL:
     * ter_reallocate allocates, copies and frees.
     */
    void *(*resize)(void *context, void *block, size_t old_bytes, size_t bytes, unsigned kind);
    /** The block goes back. */
    void (*free)(void *context, void *block, size_t bytes, unsigned kind);
    void *context;
};

/**
 * From now on memory of the heap's objects comes from these functions and goes to them: also of
 * objects that are there, so they must know what to do with blocks of the functions before, or of
 * malloc. NULL: the C library's malloc and free again. The struct is copied.
 *
 * Not of the program's functions are: what ter_allocate_as aligns to more than 16; what the heap
 * keeps about itself, which comes from the system. An object for which a block lies in a chunk of
 * 4 MiB that has a range of ter_vm_space_add is refused, with a warning.
 *
 * When the heap ends all blocks have been given back. TER_ERROR_INVALID: the heap's objects do not
 * come from malloc, or `allocate` or `free` is NULL; nothing changes.
 */
TER_API ter_status ter_heap_set_memory(struct ter_heap *heap,
                                       const struct ter_memory_functions *functions);

#ifdef __cplusplus
}
#endif
#endif
